#pragma once

/// Records and deletes of one slice's logs, merged by key.

#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <absl/container/flat_hash_map.h>
#include <arrow/record_batch.h>
#include <arrow/util/decimal.h>

#include "base/status.h"
#include "hudi/format/log_block.h"
#include "hudi/format/table_config.h"
#include "hudi/log/log_overlay.h"

namespace tapelake::hudi {

/// A record in which this column is true is a delete.
inline constexpr std::string_view kDeletedFlagColumn = "_hoodie_is_deleted";

/// Bytes that the buffers of a batch take.
int64_t BufferBytes(const arrow::RecordBatch& batch);

/// Merges as OverwriteWithLatestAvroPayload does: within the logs the greater ordering value wins,
/// ties go to the later one; a record replaces a delete whatever their values, and a delete of
/// natural order (Int 0), or of another type than the record's value, replaces a record. Under
/// kEventTime a record must not be less than the delete it replaces, either.
///
/// One thread. After a failure it is good for nothing. Memory: all records added.
class LogMerge {
 public:
  /// `precombine_field`: the ordering column; empty: the later one wins.
  LogMerge(std::string precombine_field, MergeRule rule)
      : precombine_field_(std::move(precombine_field)), rule_(rule) {}

  /// Apply records; the batch must have `_hoodie_record_key`.
  /// Errors: kCorrupt (no key; names the row).
  Status Add(std::shared_ptr<arrow::RecordBatch> batch);

  /// Apply deletes.
  Status Delete(std::vector<DeleteRecord> deletes);

  /// Return whether Yield() could drop anything.
  bool CompetesWithBase() const;

  /// Drop what loses against these rows of the base file: records of less ordering value, under
  /// kEventTime also deletes but those of natural order. After all Add() and Delete().
  /// Errors: kInvalid (the rows have no text column `_hoodie_record_key`).
  Status Yield(const arrow::RecordBatch& base_rows);

  /// Fill rows (of `schema`), keys and the orderings of `overlay`.
  /// Errors: kInvalid, naming the column, if a stored type does not widen to the schema's.
  Status Finish(const std::shared_ptr<arrow::Schema>& schema, LogOverlay* overlay);

 private:
  struct Natural {};  ///< Of a delete: it wins over all before it.
  struct Null {};     ///< Of a record: less than every value.
  /// An ordering value; text lies in a batch or a delete that is kept. monostate: there is none.
  using Ordering = std::variant<std::monostate, Natural, Null, int64_t, double, arrow::Decimal128,
                                std::string_view>;

  struct Entry {
    int32_t batch = -1;    // -1: a delete
    bool flagged = false;  // a record that says it is a delete
    int64_t row = 0;
    Ordering ordering;
  };

  static bool IsGreater(const Ordering& left, const Ordering& right);
  static Ordering OrderingAt(const arrow::Array& column, int64_t row);
  Ordering DeleteOrdering(const OrderingValue& value) const;
  void NoteOrdering(const Ordering& ordering, bool is_int64);
  /// Row numbers of the surviving rows, by batch, ascending.
  std::vector<std::vector<int64_t>> Survivors() const;
  Result<std::shared_ptr<arrow::RecordBatch>> TakeRows(
      const std::shared_ptr<arrow::Schema>& schema,
      const std::vector<std::vector<int64_t>>& survivors) const;
  void FillKeys(LogOverlay* overlay) const;

  std::string precombine_field_;
  MergeRule rule_;
  int32_t decimal_scale_ = -1;  // of the ordering column; -1: it is no decimal
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches_;
  std::deque<std::vector<DeleteRecord>> deletes_;
  absl::flat_hash_map<std::string_view, Entry> entries_;  // views into batches_ and deletes_
  bool int64_orderings_ = true;
  int64_t least_ordering_ = std::numeric_limits<int64_t>::max();
  int64_t greatest_ordering_ = std::numeric_limits<int64_t>::min();
};

}  // namespace tapelake::hudi
