#pragma once

/// Avro schemas as trees: what decides how bytes are read and written, where the Arrow schema of
/// ParseAvroSchema does not say it (order of union branches, symbols of enums). Pure; immutable.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace tapelake::hudi {

struct AvroField;

/// One Avro type. Named types that are used twice are one object; no type contains itself.
struct AvroType {
  enum class Kind : uint8_t {
    kNull,
    kBoolean,
    kInt,
    kLong,
    kFloat,
    kDouble,
    kBytes,
    kString,
    kRecord,
    kEnum,
    kArray,
    kMap,
    kUnion,
    kFixed,
  };

  Kind kind = Kind::kNull;
  std::string name;                                    ///< Full, of records, enums and fixed.
  std::vector<AvroField> fields;                       ///< Of a record.
  std::vector<std::shared_ptr<const AvroType>> inner;  ///< Branches; or the one item type.
  std::vector<std::string> symbols;                    ///< Of an enum.
  int64_t size_bytes = 0;                              ///< Of a fixed.
  int levels = 1;                                      ///< Of nesting, itself included.
};

struct AvroField {
  std::string name;
  std::shared_ptr<const AvroType> type;
};

/// Parse an Avro schema. Defaults, aliases, order and logical types are passed over.
/// Errors: kCorrupt (no JSON, or no Avro schema; names the place), kInvalid (a type contains
/// itself, nests deeper than 64 levels, is a record without fields, or null outside of a union).
/// So every value takes at least one byte.
Result<std::shared_ptr<const AvroType>> ParseAvroType(std::string_view json);

/// Format a schema as JSON; null is the default of what may be null first. The same type gives the
/// same text.
std::string FormatAvroType(const AvroType& type);

}  // namespace tapelake::hudi
