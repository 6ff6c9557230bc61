#pragma once

/// Small Avro values of any schema, and object container files that hold them: for the timeline,
/// not for rows. Pure.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/json.h"
#include "base/status.h"
#include "hudi/format/avro_type.h"

namespace tapelake::hudi {

/// An Avro value; unions are their branch's value. Records and maps are both Members.
struct AvroValue {
  using List = std::vector<AvroValue>;
  using Members = std::vector<std::pair<std::string, AvroValue>>;
  /// monostate is null; text is also bytes, fixed and enum.
  std::variant<std::monostate, bool, int64_t, double, std::string, List, Members> value;

  bool is_null() const { return std::holds_alternative<std::monostate>(value); }
  /// The member of this name; nullptr if there is none or this is neither record nor map.
  const AvroValue* Find(std::string_view name) const;

  static AvroValue Text(std::string_view text) { return {std::string(text)}; }
  /// Null for an empty text.
  static AvroValue TextOrNull(std::string_view text);
  static AvroValue Long(int64_t number) { return {number}; }
  static AvroValue TextList(const std::vector<std::string>& texts);
};

/// Append the datum of `value`. Fields of a record that it lacks are null or, where that is not
/// allowed, zero or empty; members that the record lacks are dropped.
/// Errors: kCorrupt, naming the place, if a value is of another type than the schema's.
Status EncodeAvroValue(const AvroType& type, const AvroValue& value, std::string* out);

/// Read a whole datum. Errors: kCorrupt, naming place and offset.
Result<AvroValue> DecodeAvroValue(const AvroType& type, std::string_view datum);

/// JSON as an Avro value: objects become Members, numbers int64 where they are integers.
AvroValue AvroValueOfJson(const base::JsonValue& json);

/// An object container file that holds one record; null codec; sealed.
/// Errors: those of EncodeAvroValue.
Result<std::string> FormatAvroContainer(const AvroType& type, const AvroValue& record);

/// The first record of an object container file. Errors: kCorrupt (no such file, no record, a wrong
/// seal), kInvalid (compressed; schemas that ParseAvroType refuses).
Result<AvroValue> ParseAvroContainer(std::string_view file);

}  // namespace tapelake::hudi
