#pragma once

/// Changes -> Arrow columns of one table, by the schema rules of architecture decision 7.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "base/status.h"
#include "record/change.h"
#include "record/table_definition.h"

namespace tapelake::transform {

/// Most columns a table gets from undeclared attributes.
inline constexpr size_t kDiscoveredColumnsMax = 512;

/// Collects rows of one table until Finish(). One thread.
///
/// Columns, in this order: the declared ones, those discovered so far (in order of discovery),
/// `event_date`, `_rescued`, `_change_time`, `_change_sequence`, `_change_seq`. All nullable.
/// Undeclared attributes become new columns: S string, N decimal(38,18), BOOL boolean, B binary,
/// SS NS BS M L canonical JSON text, NULL none until a typed value comes. A name that is no legal
/// or free column name goes to `_rescued`. A value that does not fit its column is null there and
/// kept in `_rescued`: a JSON object, sorted by attribute name, attribute -> DynamoDB JSON of the
/// value.
///
/// A discovered string column takes strings as they are and nested values as JSON text, so that a
/// row never depends on which of the two came first. Attributes beyond kDiscoveredColumnsMax
/// columns go to
/// `_rescued`.
class RowBuilder {
 public:
  /// `table` must be valid (record::ValidateTable). `stored_schema` is the table's present schema,
  /// or nullptr: its extra columns count as discovered already. Errors: kConflict if the stored
  /// type of a declared column is another (names both).
  static Result<std::unique_ptr<RowBuilder>> Make(
      const record::TableDefinition& table, const std::shared_ptr<arrow::Schema>& stored_schema);
  ~RowBuilder();

  /// The record key of a change; empty if it cannot be had (see ParseError::kNoKey). Unescaped
  /// text, valid while the change is. The key is read from the image, else from Keys.
  std::string_view KeyOf(const record::Change& change) const;

  /// The partition value (`2026-11-22`) an image belongs to, from the time attribute; empty if it
  /// cannot be had. Cached per day: cheap. Valid until Finish().
  std::string_view PartitionOf(std::span<const record::Attribute> image) const;

  /// Append the row of `change.image()`; return its row number (0-based since the last Finish).
  /// `change_seq` fills `_change_seq`. The partition must exist (PartitionOf not empty).
  Result<int64_t> Append(const record::Change& change, int64_t change_seq);

  int64_t row_count() const;
  /// Estimate of the memory held, for pacing.
  int64_t memory_bytes() const;
  /// Values that went to `_rescued` since construction.
  int64_t rescued_values() const;
  /// The schema that Finish() would have now.
  std::shared_ptr<arrow::Schema> schema() const;

  /// Return all rows and start anew with the same columns. On failure the rows are lost: abort the
  /// commit.
  Result<std::shared_ptr<arrow::RecordBatch>> Finish();

 private:
  RowBuilder();
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tapelake::transform
