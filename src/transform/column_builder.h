#pragma once

/// One column of a RowBuilder: attribute values -> an Arrow array.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <arrow/array/builder_base.h>
#include <arrow/type.h>

#include "base/status.h"
#include "record/change.h"
#include "record/table_definition.h"

namespace tapelake::transform {

/// A moment read from an attribute.
struct AttributeTime {
  int64_t micros = 0;
  bool exact = true;  ///< False: what is finer than a microsecond was cut.
};

/// Read `attribute` as a timestamp of `kind`; nullopt if it is none (or outside the years 1 to
/// 9999).
std::optional<AttributeTime> ReadTime(record::ColumnKind kind, const record::Attribute& attribute);

/// The column definition an undeclared column of a stored `type` is written by; nullopt if this
/// program never writes such a column.
std::optional<record::ColumnDefinition> DefinitionOfType(const arrow::DataType& type);

/// Collects the values of one column until Finish(). One thread.
class ColumnBuilder {
 public:
  /// A column that attributes are converted to. `any_text`: a discovered string column, which takes
  /// strings as they are and nested values as canonical JSON.
  ColumnBuilder(const record::ColumnDefinition& definition, bool any_text);
  /// A column of a type that no attribute is converted to: AppendNull only.
  ColumnBuilder(std::string name, std::shared_ptr<arrow::DataType> type);

  const std::shared_ptr<arrow::Field>& field() const { return field_; }
  int64_t rows() const { return builder_->length(); }
  int64_t bytes() const { return bytes_; }

  /// Append the value and return true; return false, with nothing appended, if it does not fit the
  /// column. A NULL attribute fits every column. Errors: kThrottled (2 GiB of text in one column).
  Result<bool> Append(const record::Attribute& attribute);

  Status AppendText(std::string_view text);  ///< String columns only.
  Status AppendInteger(int64_t value);       ///< Bigint and timestamp columns only.
  Status AppendNull();
  /// Append nulls until there are `rows` rows.
  Status FillTo(int64_t rows);

  /// Return the array and start anew.
  Result<std::shared_ptr<arrow::Array>> Finish();

 private:
  Result<bool> AppendDecimal(const record::Attribute& attribute);
  Result<bool> AppendBigint(const record::Attribute& attribute);
  Result<bool> AppendDouble(const record::Attribute& attribute);
  Result<bool> AppendBool(const record::Attribute& attribute);
  Result<bool> AppendBinary(const record::Attribute& attribute);
  Result<bool> AppendTime(const record::Attribute& attribute);
  Result<bool> AppendDate(const record::Attribute& attribute);
  Result<bool> AppendString(const record::Attribute& attribute);
  Result<bool> AppendJson(const record::Attribute& attribute);

  record::ColumnDefinition definition_;
  bool converts_ = true;
  bool any_text_ = false;
  std::shared_ptr<arrow::Field> field_;
  std::unique_ptr<arrow::ArrayBuilder> builder_;
  int64_t bytes_ = 0;
  std::string scratch_;
};

}  // namespace tapelake::transform
