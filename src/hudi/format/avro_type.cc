#include "hudi/format/avro_type.h"

#include <map>
#include <set>

#include "base/json.h"

namespace tapelake::hudi {
namespace {

using base::JsonValue;
using Kind = AvroType::Kind;
using TypePointer = std::shared_ptr<const AvroType>;

constexpr int kDepthMax = 64;

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
};

class TypeParser {
 public:
  Result<TypePointer> Type(const JsonValue& json, const Place& place) {
    if (place.depth > kDepthMax) return Bad(ErrorKind::kInvalid, place.field, "nested too deeply");
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

 private:
  static Place Below(const Place& place) {
    return {place.field, place.name_space, place.depth + 1};
  }

  Result<TypePointer> Named(const std::string& name, const Place& place) {
    const auto primitive = Primitives().find(name);
    if (primitive != Primitives().end()) {
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
    for (const JsonValue& branch : json.items()) {
      TAPELAKE_ASSIGN_OR_RAISE(auto parsed, Type(branch, Below(place)));
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
      type->fields.push_back({name, std::move(parsed)});
    }
    return Status::OK();
  }

  std::map<std::string, TypePointer> named_;  // by full name
  std::set<std::string> open_;                // definitions not yet closed
};

}  // namespace

Result<TypePointer> ParseAvroType(std::string_view json) {
  const Result<JsonValue> document = base::ParseJson(json);
  if (!document.ok()) return Bad(ErrorKind::kCorrupt, "", document.status().message());
  return TypeParser().Type(*document, {});
}

}  // namespace tapelake::hudi
