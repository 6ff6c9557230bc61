#include "hudi/format/avro_type.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/json.h"

namespace tapelake::hudi {
namespace {

using base::JsonValue;
using Kind = AvroType::Kind;
using TypePointer = std::shared_ptr<const AvroType>;

constexpr int kLevelsMax = 64;

Status Bad(ErrorKind kind, const std::string& place, const std::string& why) {
  return MakeError(kind,
                   "Avro schema" + (place.empty() ? "" : ", field '" + place + "'") + ": " + why);
}

std::string TextOf(const JsonValue& object, std::string_view key) {
  const JsonValue* value = object.Find(key);
  return value != nullptr && value->is_string() ? value->text() : std::string();
}

const std::map<std::string, Kind>& Primitives() {
  static const std::map<std::string, Kind> kPrimitives = {
      {"null", Kind::kNull},   {"boolean", Kind::kBoolean}, {"int", Kind::kInt},
      {"long", Kind::kLong},   {"float", Kind::kFloat},     {"double", Kind::kDouble},
      {"bytes", Kind::kBytes}, {"string", Kind::kString}};
  return kPrimitives;
}

/// Where a type stands in the document.
struct Place {
  std::string field;
  std::string name_space;
  int depth = 0;
  bool in_union = false;
};

class TypeParser {
 public:
  Result<TypePointer> Type(const JsonValue& json, const Place& place) {
    TAPELAKE_ASSIGN_OR_RAISE(auto type, AnyType(json, place));
    if (type->levels > kLevelsMax) return TooDeep(place);
    return type;
  }

 private:
  static Status TooDeep(const Place& place) {
    return Bad(ErrorKind::kInvalid, place.field, "nested too deeply");
  }

  Result<TypePointer> AnyType(const JsonValue& json, const Place& place) {
    if (place.depth > kLevelsMax) return TooDeep(place);
    if (json.is_string()) return Named(json.text(), place);
    if (json.is_array()) return Union(json, place);
    const JsonValue* inner = json.Find("type");
    if (inner == nullptr) return Bad(ErrorKind::kCorrupt, place.field, "no type");
    if (!inner->is_string()) return Type(*inner, Below(place));
    const std::string& kind = inner->text();
    if (kind == "record" || kind == "error") return Definition(json, Kind::kRecord, place);
    if (kind == "enum") return Definition(json, Kind::kEnum, place);
    if (kind == "fixed") return Definition(json, Kind::kFixed, place);
    if (kind == "array") return Container(json, Kind::kArray, "items", place);
    if (kind == "map") return Container(json, Kind::kMap, "values", place);
    return Named(kind, place);
  }

  static void Nest(const AvroType& inner, AvroType* outer) {
    outer->levels = std::max(outer->levels, inner.levels + 1);
  }

  static Place Below(const Place& place) {
    return {place.field, place.name_space, place.depth + 1};
  }

  Result<TypePointer> Named(const std::string& name, const Place& place) {
    const auto primitive = Primitives().find(name);
    if (primitive != Primitives().end()) {
      if (primitive->second == Kind::kNull && !place.in_union) {
        return Bad(ErrorKind::kInvalid, place.field, "null outside of a union");
      }
      auto type = std::make_shared<AvroType>();
      type->kind = primitive->second;
      return type;
    }
    const bool qualified = name.find('.') != std::string::npos || place.name_space.empty();
    const std::string full_name = qualified ? name : place.name_space + "." + name;
    if (open_.contains(full_name)) {
      return Bad(ErrorKind::kInvalid, place.field, "type '" + full_name + "' contains itself");
    }
    const auto found = named_.find(full_name);
    if (found != named_.end()) return found->second;
    return Bad(ErrorKind::kCorrupt, place.field, "unknown type '" + name + "'");
  }

  Result<TypePointer> Union(const JsonValue& json, const Place& place) {
    auto type = std::make_shared<AvroType>();
    type->kind = Kind::kUnion;
    Place inside = Below(place);
    inside.in_union = true;
    for (const JsonValue& branch : json.items()) {
      TAPELAKE_ASSIGN_OR_RAISE(auto parsed, Type(branch, inside));
      Nest(*parsed, type.get());
      type->inner.push_back(std::move(parsed));
    }
    if (type->inner.empty()) return Bad(ErrorKind::kCorrupt, place.field, "a union of nothing");
    return type;
  }

  Result<TypePointer> Container(const JsonValue& json, Kind kind, std::string_view key,
                                const Place& place) {
    const JsonValue* items = json.Find(key);
    if (items == nullptr) return Bad(ErrorKind::kCorrupt, place.field, "no type of items");
    auto type = std::make_shared<AvroType>();
    type->kind = kind;
    TAPELAKE_ASSIGN_OR_RAISE(auto parsed, Type(*items, Below(place)));
    Nest(*parsed, type.get());
    type->inner.push_back(std::move(parsed));
    return type;
  }

  /// A named type: record, enum or fixed.
  Result<TypePointer> Definition(const JsonValue& json, Kind kind, const Place& place) {
    auto type = std::make_shared<AvroType>();
    type->kind = kind;
    Place inside = Below(place);
    std::string name = TextOf(json, "name");
    if (name.empty()) return Bad(ErrorKind::kCorrupt, place.field, "a named type without name");
    const size_t dot = name.rfind('.');
    if (dot != std::string::npos) {
      inside.name_space = name.substr(0, dot);
    } else {
      const JsonValue* own = json.Find("namespace");
      if (own != nullptr && own->is_string()) inside.name_space = own->text();
      if (!inside.name_space.empty()) name = inside.name_space + "." + name;
    }
    type->name = name;
    open_.insert(name);
    TAPELAKE_RETURN_NOT_OK(ReadDefinition(json, inside, type.get()));
    open_.erase(name);
    named_[name] = type;
    return type;
  }

  Status ReadDefinition(const JsonValue& json, const Place& place, AvroType* type) {
    if (type->kind == Kind::kFixed) {
      const JsonValue* size = json.Find("size");
      type->size_bytes = size == nullptr ? 0 : size->AsInt(0);
      if (type->size_bytes >= 1) return Status::OK();
      return Bad(ErrorKind::kCorrupt, place.field, "a fixed without size");
    }
    if (type->kind == Kind::kEnum) {
      const JsonValue* symbols = json.Find("symbols");
      if (symbols == nullptr) return Bad(ErrorKind::kCorrupt, place.field, "an enum of nothing");
      for (const JsonValue& symbol : symbols->items())
        type->symbols.push_back(symbol.text());
      return Status::OK();
    }
    const JsonValue* fields = json.Find("fields");
    if (fields == nullptr || fields->items().empty()) {
      // No bytes hold any number of such records: a few bytes could ask for all memory.
      return Bad(ErrorKind::kInvalid, place.field, "a record without fields");
    }
    for (const JsonValue& field : fields->items()) {
      const std::string name = TextOf(field, "name");
      const JsonValue* field_type = field.Find("type");
      Place inside = place;
      inside.field += (inside.field.empty() ? "" : ".") + name;
      if (field_type == nullptr) return Bad(ErrorKind::kCorrupt, inside.field, "no type");
      TAPELAKE_ASSIGN_OR_RAISE(auto parsed, Type(*field_type, inside));
      Nest(*parsed, type);
      type->fields.push_back({name, std::move(parsed)});
    }
    return Status::OK();
  }

  std::map<std::string, TypePointer> named_;  // by full name
  std::set<std::string> open_;                // definitions not yet closed
};

/// Writes a schema; a named type that was written before is referred to by its full name.
class TypeFormatter {
 public:
  explicit TypeFormatter(std::string* out) : json_(out) {}

  void Type(const AvroType& type) {
    switch (type.kind) {
      case Kind::kUnion:
        json_.BeginArray();
        for (const TypePointer& branch : type.inner)
          Type(*branch);
        json_.EndArray();
        return;
      case Kind::kArray:
      case Kind::kMap:
        json_.BeginObject().Key("type").String(type.kind == Kind::kMap ? "map" : "array");
        json_.Key(type.kind == Kind::kMap ? "values" : "items");
        Type(*type.inner.front());
        json_.EndObject();
        return;
      case Kind::kRecord:
      case Kind::kEnum:
      case Kind::kFixed:
        Definition(type);
        return;
      default:
        for (const auto& [name, kind] : Primitives()) {
          if (kind == type.kind) json_.String(name);
        }
    }
  }

 private:
  void Definition(const AvroType& type) {
    if (!written_.insert(type.name).second) {
      json_.String(type.name);
      return;
    }
    json_.BeginObject().Key("type");
    json_.String(type.kind == Kind::kRecord ? "record"
                 : type.kind == Kind::kEnum ? "enum"
                                            : "fixed");
    const size_t dot = type.name.rfind('.');
    json_.Key("name").String(dot == std::string::npos ? type.name : type.name.substr(dot + 1));
    if (dot != std::string::npos) json_.Key("namespace").String(type.name.substr(0, dot));
    if (type.kind == Kind::kFixed) json_.Key("size").Int(type.size_bytes);
    if (type.kind == Kind::kEnum) {
      json_.Key("symbols").BeginArray();
      for (const std::string& symbol : type.symbols)
        json_.String(symbol);
      json_.EndArray();
    }
    if (type.kind == Kind::kRecord) Fields(type);
    json_.EndObject();
  }

  void Fields(const AvroType& type) {
    json_.Key("fields").BeginArray();
    for (const AvroField& field : type.fields) {
      json_.BeginObject().Key("name").String(field.name).Key("type");
      Type(*field.type);
      const bool null_first =
          field.type->kind == Kind::kUnion && field.type->inner.front()->kind == Kind::kNull;
      if (null_first) json_.Key("default").Null();
      json_.EndObject();
    }
    json_.EndArray();
  }

  base::JsonWriter json_;
  std::set<std::string> written_;
};

}  // namespace

Result<TypePointer> ParseAvroType(std::string_view json) {
  const Result<JsonValue> document = base::ParseJson(json);
  if (!document.ok()) return Bad(ErrorKind::kCorrupt, "", document.status().message());
  return TypeParser().Type(*document, {});
}

std::string FormatAvroType(const AvroType& type) {
  std::string json;
  TypeFormatter(&json).Type(type);
  return json;
}

}  // namespace tapelake::hudi
