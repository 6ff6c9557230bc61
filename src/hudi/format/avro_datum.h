#pragma once

/// Rows as Avro binary datums and back (docs/internals/hudi-v6.md, sections 10 and 11.3). Pure.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "base/status.h"

namespace tapelake::hudi {

/// Encodes rows of record batches as datums of one Avro record schema, that which
/// FormatAvroSchema(schema) describes. One thread; reuse it.
class AvroRowEncoder {
 public:
  /// Errors: kInvalid, naming the column, if a type has no Avro form.
  static Result<AvroRowEncoder> Make(const std::shared_ptr<arrow::Schema>& schema);
  ~AvroRowEncoder();
  AvroRowEncoder(AvroRowEncoder&&) noexcept;

  /// Append, for every row in `rows` of `batch` in that order, its length as big-endian int32 and
  /// its datum: the form of a log data block (version 3). `batch` has exactly the schema's columns;
  /// dictionary columns of strings are fine.
  /// Errors: kInvalid (other columns; a null in a column without nulls; a decimal with more digits
  /// than its type; a row over 2 GiB). `out` then has no part of the row that failed.
  Status Append(const arrow::RecordBatch& batch, std::span<const int64_t> rows, std::string* out);

  /// The same, but stop after the row with which the bytes appended reach `bytes_max`. Returns how
  /// many rows of `rows` were taken: at least one, if there is one.
  Result<size_t> AppendUpTo(size_t bytes_max, const arrow::RecordBatch& batch,
                            std::span<const int64_t> rows, std::string* out);

 private:
  class Impl;
  explicit AvroRowEncoder(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// Decodes datums of one Avro record schema (the writer's) to Arrow rows of the schema that
/// ParseAvroSchema gives for it. One thread.
class AvroRowDecoder {
 public:
  /// Errors: those of ParseAvroSchema; kInvalid (a record without fields, a fixed over 64 KiB, more
  /// than 100,000 fields with those of nested types).
  static Result<AvroRowDecoder> Make(std::string_view writer_schema_json);

  /// The same for some columns only; the others are passed over, which is cheaper. Names that the
  /// schema lacks are no error. The columns come in the schema's order.
  static Result<AvroRowDecoder> Make(std::string_view writer_schema_json,
                                     const std::vector<std::string>& columns);
  ~AvroRowDecoder();
  AvroRowDecoder(AvroRowDecoder&&) noexcept;
  AvroRowDecoder& operator=(AvroRowDecoder&&) noexcept;

  const std::shared_ptr<arrow::Schema>& schema() const;

  /// Decode one datum and append it as a row. All bytes must be used.
  /// Errors: kCorrupt, naming the field and the offset; the decoder is then unusable.
  Status Append(std::string_view datum);

  int64_t row_count() const;

  /// Return the rows appended since the last Finish().
  Result<std::shared_ptr<arrow::RecordBatch>> Finish();

 private:
  class Impl;
  explicit AvroRowDecoder(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tapelake::hudi
