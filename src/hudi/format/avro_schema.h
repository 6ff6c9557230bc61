#pragma once

/// Arrow schemas as Avro record schemas and back (docs/internals/hudi-v6.md, section 10). Pure.

#include <arrow/type.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"

namespace tapelake::hudi {

/// The five columns Hudi puts before the data columns, in this order; all nullable strings.
inline constexpr std::array<std::string_view, 5> kMetaColumns = {
    "_hoodie_commit_time", "_hoodie_commit_seqno", "_hoodie_record_key", "_hoodie_partition_path",
    "_hoodie_file_name"};

/// Column names starting so belong to Hudi.
inline constexpr std::string_view kReservedColumnPrefix = "_hoodie_";

/// Return whether `name` is one of kMetaColumns.
bool IsMetaColumn(std::string_view name);

/// Return `schema` with the meta columns in front; those it already has are moved there.
std::shared_ptr<arrow::Schema> WithMetaColumns(const std::shared_ptr<arrow::Schema>& schema);

/// Return `schema` without the meta columns.
std::shared_ptr<arrow::Schema> WithoutMetaColumns(const std::shared_ptr<arrow::Schema>& schema);

/// Full name of the record: `hoodie.<table>` and `<table>_record`, as Spark names it. Characters
/// that Avro names cannot hold become `_`.
struct AvroRecordName {
  std::string name;
  std::string name_space;

  static AvroRecordName OfTable(std::string_view table_name);
};

/// Smallest number of bytes whose two's complement holds every decimal of `precision` (1..38)
/// digits.
int DecimalFixedSize(int precision);

/// Format `schema` as an Avro record schema; meta columns carry `"doc":""`.
///
/// boolean, int8..int32, int64, float, double, string, binary, date32, timestamp[us] with a zone,
/// decimal128, list, map (string keys), struct. Nullable fields are `["null",T]` with default null.
/// Errors: kInvalid, naming the field (no Avro form, illegal name, scale above precision or
/// negative, two names that differ only in case).
Result<std::string> FormatAvroSchema(const arrow::Schema& schema, const AvroRecordName& name);

/// Parse an Avro record schema.
///
/// All that FormatAvroSchema writes, and bytes decimals, timestamp-millis, local-timestamp-*,
/// time-*, uuid, enum (read as string), fixed, references to named types. Unions must be `null`
/// with at most one other type, in either order. Errors: kCorrupt (no JSON, no record), kInvalid,
/// naming the field (other unions, recursion, decimals above 38 digits).
Result<std::shared_ptr<arrow::Schema>> ParseAvroSchema(std::string_view json);

}  // namespace tapelake::hudi
