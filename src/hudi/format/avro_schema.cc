#include "hudi/format/avro_schema.h"

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "base/json.h"

namespace tapelake::hudi {
namespace {

using base::JsonValue;
using base::JsonWriter;

constexpr int kDecimalPrecisionMax = 38;
constexpr char kUtc[] = "UTC";

Status InvalidField(const std::string& field, const std::string& why) {
  return MakeError(ErrorKind::kInvalid, "field '" + field + "': " + why);
}

bool IsAvroName(std::string_view name) {
  if (name.empty() || (name.front() >= '0' && name.front() <= '9')) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

std::string AsciiLower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

// ---------------------------------------------------------------- Arrow -> Avro

/// Where a type stands: named types below it take their names from here, so that they differ.
struct AvroPlace {
  std::string field;  // dotted path, for messages
  std::string name;
  std::string name_space;

  std::string Inner() const { return name_space + "." + name; }
};

class AvroFormatter {
 public:
  explicit AvroFormatter(std::string* out) : json_(out) {}

  Status Record(const arrow::FieldVector& fields, const AvroPlace& place) {
    json_.BeginObject().Key("type").String("record").Key("name").String(place.name);
    json_.Key("namespace").String(place.name_space).Key("fields").BeginArray();
    std::set<std::string> seen;
    for (const auto& field : fields) {
      const std::string path =
          place.field.empty() ? field->name() : place.field + "." + field->name();
      if (!IsAvroName(field->name())) {
        return InvalidField(path, "the name is not of the form [A-Za-z_][A-Za-z0-9_]*");
      }
      if (!seen.insert(AsciiLower(field->name())).second) {
        return InvalidField(path, "another field has this name, letter case aside");
      }
      json_.BeginObject().Key("name").String(field->name()).Key("type");
      TAPELAKE_RETURN_NOT_OK(Nullable(*field, {path, field->name(), place.Inner()}));
      if (IsMetaColumn(field->name())) json_.Key("doc").String("");
      if (field->nullable()) json_.Key("default").Null();
      json_.EndObject();
    }
    json_.EndArray().EndObject();
    return Status::OK();
  }

 private:
  Status Nullable(const arrow::Field& field, const AvroPlace& place) {
    if (!field.nullable()) return Type(*field.type(), place);
    json_.BeginArray().String("null");
    TAPELAKE_RETURN_NOT_OK(Type(*field.type(), place));
    json_.EndArray();
    return Status::OK();
  }

  Status Type(const arrow::DataType& type, const AvroPlace& place) {
    switch (type.id()) {
      case arrow::Type::BOOL:
        return Primitive("boolean");
      case arrow::Type::INT8:
      case arrow::Type::INT16:
      case arrow::Type::INT32:
        return Primitive("int");
      case arrow::Type::INT64:
        return Primitive("long");
      case arrow::Type::FLOAT:
        return Primitive("float");
      case arrow::Type::DOUBLE:
        return Primitive("double");
      case arrow::Type::STRING:
      case arrow::Type::LARGE_STRING:
        return Primitive("string");
      case arrow::Type::BINARY:
      case arrow::Type::LARGE_BINARY:
        return Primitive("bytes");
      case arrow::Type::DATE32:
        return Logical("int", "date");
      case arrow::Type::TIMESTAMP: {
        const auto& timestamp = static_cast<const arrow::TimestampType&>(type);
        if (timestamp.unit() != arrow::TimeUnit::MICRO || timestamp.timezone().empty()) break;
        return Logical("long", "timestamp-micros");
      }
      case arrow::Type::DECIMAL128:
        return Decimal(static_cast<const arrow::Decimal128Type&>(type), place);
      case arrow::Type::LIST:
        return List(static_cast<const arrow::ListType&>(type), place);
      case arrow::Type::MAP:
        return Map(static_cast<const arrow::MapType&>(type), place);
      case arrow::Type::STRUCT:
        return Record(type.fields(), place);
      default:
        break;
    }
    return InvalidField(place.field, "Arrow type " + type.ToString() + " has no form in Hudi");
  }

  Status Primitive(std::string_view name) {
    json_.String(name);
    return Status::OK();
  }

  Status Logical(std::string_view type, std::string_view logical) {
    json_.BeginObject().Key("type").String(type).Key("logicalType").String(logical).EndObject();
    return Status::OK();
  }

  Status Decimal(const arrow::Decimal128Type& type, const AvroPlace& place) {
    if (type.scale() < 0 || type.scale() > type.precision()) {
      return InvalidField(place.field, type.ToString() + ": the scale must be 0 to the precision");
    }
    json_.BeginObject().Key("type").String("fixed").Key("name").String("fixed");
    json_.Key("namespace").String(place.Inner());
    json_.Key("size").Int(DecimalFixedSize(type.precision()));
    json_.Key("logicalType").String("decimal").Key("precision").Int(type.precision());
    json_.Key("scale").Int(type.scale()).EndObject();
    return Status::OK();
  }

  Status List(const arrow::ListType& type, const AvroPlace& place) {
    json_.BeginObject().Key("type").String("array").Key("items");
    TAPELAKE_RETURN_NOT_OK(Nullable(*type.value_field(), {place.field, place.name, place.Inner()}));
    json_.EndObject();
    return Status::OK();
  }

  Status Map(const arrow::MapType& type, const AvroPlace& place) {
    if (type.key_type()->id() != arrow::Type::STRING) {
      return InvalidField(place.field, "a map's keys must be strings");
    }
    json_.BeginObject().Key("type").String("map").Key("values");
    TAPELAKE_RETURN_NOT_OK(Nullable(*type.item_field(), {place.field, place.name, place.Inner()}));
    json_.EndObject();
    return Status::OK();
  }

  JsonWriter json_;
};

// ---------------------------------------------------------------- Avro -> Arrow

/// One Avro type with its nullability.
struct ParsedType {
  std::shared_ptr<arrow::DataType> type;
  bool nullable = false;
};

const std::string& TextMember(const JsonValue& object, std::string_view key) {
  static const std::string kNone;
  const JsonValue* value = object.Find(key);
  return value != nullptr && value->is_string() ? value->text() : kNone;
}

class AvroParser {
 public:
  Result<arrow::FieldVector> Record(const JsonValue& record, const std::string& place,
                                    const std::string& name_space) {
    const JsonValue* fields = record.Find("fields");
    if (fields == nullptr || !fields->is_array()) {
      return MakeError(ErrorKind::kCorrupt,
                       "Avro schema: record '" + TextMember(record, "name") + "' has no fields");
    }
    TAPELAKE_ASSIGN_OR_RAISE(const Scope scope, Enter(record, place, name_space));
    arrow::FieldVector parsed;
    std::set<std::string> seen;
    for (const JsonValue& field : fields->items()) {
      const std::string& name = TextMember(field, "name");
      const std::string path = place.empty() ? name : place + "." + name;
      const JsonValue* type = field.Find("type");
      if (name.empty() || type == nullptr) {
        return MakeError(ErrorKind::kCorrupt, "Avro schema: field " +
                                                  std::to_string(parsed.size()) + " of record '" +
                                                  scope.full_name + "' lacks name or type");
      }
      if (!seen.insert(name).second) return InvalidField(path, "the record has it twice");
      TAPELAKE_ASSIGN_OR_RAISE(auto arrow_type, Type(*type, path, scope.name_space));
      parsed.push_back(arrow::field(name, arrow_type.type, arrow_type.nullable));
    }
    open_.erase(scope.full_name);
    named_[scope.full_name] = arrow::struct_(parsed);
    return parsed;
  }

 private:
  struct Scope {
    std::string full_name;
    std::string name_space;
  };

  /// Resolve the name of a named type and note that its definition has begun.
  Result<Scope> Enter(const JsonValue& definition, const std::string& place,
                      const std::string& outer) {
    const std::string& name = TextMember(definition, "name");
    if (name.empty()) return InvalidField(place, "a named Avro type has no name");
    Scope scope;
    const size_t dot = name.rfind('.');
    const JsonValue* own = definition.Find("namespace");
    if (dot != std::string::npos) {
      scope.name_space = name.substr(0, dot);
      scope.full_name = name;
    } else {
      scope.name_space = own != nullptr && own->is_string() ? own->text() : outer;
      scope.full_name = FullName(name, scope.name_space);
    }
    open_.insert(scope.full_name);
    return scope;
  }

  static std::string FullName(const std::string& name, const std::string& name_space) {
    if (name.find('.') != std::string::npos || name_space.empty()) return name;
    return name_space + "." + name;
  }

  Result<ParsedType> Type(const JsonValue& type, const std::string& place,
                          const std::string& name_space) {
    if (type.is_array()) return Union(type, place, name_space);
    if (type.is_string()) {
      TAPELAKE_ASSIGN_OR_RAISE(auto named, Named(type.text(), place, name_space));
      return ParsedType{std::move(named), false};
    }
    if (!type.is_object()) return InvalidField(place, "its Avro type is neither name nor object");
    TAPELAKE_ASSIGN_OR_RAISE(auto complex, Complex(type, place, name_space));
    return ParsedType{std::move(complex), false};
  }

  Result<ParsedType> Union(const JsonValue& type, const std::string& place,
                           const std::string& name_space) {
    ParsedType parsed;
    for (const JsonValue& branch : type.items()) {
      if (branch.is_string() && branch.text() == "null") {
        parsed.nullable = true;
      } else if (parsed.type != nullptr) {
        return InvalidField(place, "a union of several types has no column type");
      } else {
        TAPELAKE_ASSIGN_OR_RAISE(auto inner, Type(branch, place, name_space));
        parsed.type = std::move(inner.type);
      }
    }
    if (parsed.type == nullptr) return InvalidField(place, "a union without a type but null");
    return parsed;
  }

  Result<std::shared_ptr<arrow::DataType>> Named(const std::string& name, const std::string& place,
                                                 const std::string& name_space) {
    static const std::map<std::string, std::shared_ptr<arrow::DataType>> kPrimitives = {
        {"boolean", arrow::boolean()}, {"int", arrow::int32()},      {"long", arrow::int64()},
        {"float", arrow::float32()},   {"double", arrow::float64()}, {"string", arrow::utf8()},
        {"bytes", arrow::binary()}};
    const auto primitive = kPrimitives.find(name);
    if (primitive != kPrimitives.end()) return primitive->second;
    const std::string full_name = FullName(name, name_space);
    if (open_.contains(full_name)) {
      return InvalidField(place, "type '" + full_name + "' contains itself");
    }
    const auto found = named_.find(full_name);
    if (found != named_.end()) return found->second;
    return InvalidField(place, "unknown Avro type '" + name + "'");
  }

  Result<std::shared_ptr<arrow::DataType>> Complex(const JsonValue& type, const std::string& place,
                                                   const std::string& name_space) {
    const JsonValue* inner = type.Find("type");
    if (inner == nullptr) return InvalidField(place, "its Avro type object has no \"type\"");
    if (!inner->is_string()) {
      TAPELAKE_ASSIGN_OR_RAISE(auto nested, Type(*inner, place, name_space));
      return nested.type;
    }
    const std::string& kind = inner->text();
    if (kind == "record") {
      TAPELAKE_ASSIGN_OR_RAISE(auto fields, Record(type, place, name_space));
      return arrow::struct_(std::move(fields));
    }
    if (kind == "array" || kind == "map") return Container(type, kind, place, name_space);
    if (kind == "fixed" || kind == "enum") return FixedOrEnum(type, kind, place, name_space);
    const std::string& logical = TextMember(type, "logicalType");
    if (kind == "bytes" && logical == "decimal") return Decimal(type, place);
    if (auto known = LogicalType(kind, logical)) return known;
    return Named(kind, place, name_space);  // unknown logical types read as what they annotate
  }

  Result<std::shared_ptr<arrow::DataType>> Container(const JsonValue& type, const std::string& kind,
                                                     const std::string& place,
                                                     const std::string& name_space) {
    const JsonValue* inner = type.Find(kind == "array" ? "items" : "values");
    if (inner == nullptr) return InvalidField(place, "an Avro " + kind + " without inner type");
    TAPELAKE_ASSIGN_OR_RAISE(auto parsed, Type(*inner, place, name_space));
    if (kind == "map") {
      return arrow::map(arrow::utf8(), arrow::field("value", parsed.type, parsed.nullable));
    }
    return arrow::list(arrow::field("element", parsed.type, parsed.nullable));
  }

  Result<std::shared_ptr<arrow::DataType>> FixedOrEnum(const JsonValue& type,
                                                       const std::string& kind,
                                                       const std::string& place,
                                                       const std::string& name_space) {
    TAPELAKE_ASSIGN_OR_RAISE(const Scope scope, Enter(type, place, name_space));
    std::shared_ptr<arrow::DataType> parsed = arrow::utf8();
    if (kind == "fixed") {
      const JsonValue* size = type.Find("size");
      const int64_t bytes = size == nullptr ? 0 : size->AsInt(0);
      if (bytes < 1 || bytes > INT32_MAX) return InvalidField(place, "a fixed without legal size");
      parsed = arrow::fixed_size_binary(static_cast<int32_t>(bytes));
      if (TextMember(type, "logicalType") == "decimal") {
        TAPELAKE_ASSIGN_OR_RAISE(parsed, Decimal(type, place));
      }
    }
    open_.erase(scope.full_name);
    named_[scope.full_name] = parsed;
    return parsed;
  }

  static Result<std::shared_ptr<arrow::DataType>> Decimal(const JsonValue& type,
                                                          const std::string& place) {
    const JsonValue* precision = type.Find("precision");
    const JsonValue* scale = type.Find("scale");
    const int64_t digits = precision == nullptr ? 0 : precision->AsInt(0);
    const int64_t decimals = scale == nullptr ? 0 : scale->AsInt(-1);
    if (digits < 1 || digits > kDecimalPrecisionMax || decimals < 0 || decimals > digits) {
      return InvalidField(place, "decimal(" + std::to_string(digits) + "," +
                                     std::to_string(decimals) + ") is outside decimal(38)");
    }
    return arrow::decimal128(static_cast<int32_t>(digits), static_cast<int32_t>(decimals));
  }

  /// nullptr: `kind` carries no logical type we know.
  static std::shared_ptr<arrow::DataType> LogicalType(const std::string& kind,
                                                      const std::string& logical) {
    if (kind == "int" && logical == "date") return arrow::date32();
    if (kind == "int" && logical == "time-millis") return arrow::time32(arrow::TimeUnit::MILLI);
    if (kind != "long") return nullptr;
    if (logical == "timestamp-micros") return arrow::timestamp(arrow::TimeUnit::MICRO, kUtc);
    if (logical == "timestamp-millis") return arrow::timestamp(arrow::TimeUnit::MILLI, kUtc);
    if (logical == "local-timestamp-micros") return arrow::timestamp(arrow::TimeUnit::MICRO);
    if (logical == "local-timestamp-millis") return arrow::timestamp(arrow::TimeUnit::MILLI);
    if (logical == "time-micros") return arrow::time64(arrow::TimeUnit::MICRO);
    return nullptr;
  }

  std::map<std::string, std::shared_ptr<arrow::DataType>> named_;  // by full name
  std::set<std::string> open_;                                     // definitions not yet closed
};

}  // namespace

bool IsMetaColumn(std::string_view name) {
  return std::find(kMetaColumns.begin(), kMetaColumns.end(), name) != kMetaColumns.end();
}

std::shared_ptr<arrow::Schema> WithMetaColumns(const std::shared_ptr<arrow::Schema>& schema) {
  arrow::FieldVector fields;
  for (const std::string_view name : kMetaColumns) {
    fields.push_back(arrow::field(std::string(name), arrow::utf8()));
  }
  for (const auto& field : schema->fields()) {
    if (!IsMetaColumn(field->name())) fields.push_back(field);
  }
  return arrow::schema(std::move(fields), schema->metadata());
}

std::shared_ptr<arrow::Schema> WithoutMetaColumns(const std::shared_ptr<arrow::Schema>& schema) {
  arrow::FieldVector fields;
  for (const auto& field : schema->fields()) {
    if (!IsMetaColumn(field->name())) fields.push_back(field);
  }
  return arrow::schema(std::move(fields), schema->metadata());
}

AvroRecordName AvroRecordName::OfTable(std::string_view table_name) {
  std::string legal(table_name);
  for (char& c : legal) {
    if (!IsAvroName(std::string{'_', c})) c = '_';
  }
  if (!IsAvroName(legal)) legal.insert(legal.begin(), '_');  // empty, or begins with a digit
  return {legal + "_record", "hoodie." + legal};
}

int DecimalFixedSize(int precision) {
  return arrow::DecimalType::DecimalSize(precision);
}

Result<std::string> FormatAvroSchema(const arrow::Schema& schema, const AvroRecordName& name) {
  std::string out;
  AvroFormatter formatter(&out);
  TAPELAKE_RETURN_NOT_OK(formatter.Record(schema.fields(), {"", name.name, name.name_space}));
  return out;
}

Result<std::shared_ptr<arrow::Schema>> ParseAvroSchema(std::string_view json) {
  const Result<JsonValue> document = base::ParseJson(json);
  if (!document.ok()) {
    return MakeError(ErrorKind::kCorrupt, "Avro schema: " + document.status().message());
  }
  if (TextMember(*document, "type") != "record") {
    return MakeError(ErrorKind::kCorrupt, "Avro schema: the outermost type is no record");
  }
  AvroParser parser;
  TAPELAKE_ASSIGN_OR_RAISE(auto fields, parser.Record(*document, "", ""));
  return arrow::schema(std::move(fields));
}

}  // namespace tapelake::hudi
