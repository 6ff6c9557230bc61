#pragma once

/// The changes of a table of trades that gets as many new rows every day.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <absl/container/flat_hash_set.h>
#include <arrow/record_batch.h>

#include "base/status.h"
#include "hudi/writer/upsert.h"
#include "io/random.h"

namespace tapelake::bench {

/// What changes beside the new rows: trades settle and are corrected soon after they were made.
struct DayMix {
  int64_t first_day_micros = 0;  ///< Midnight, UTC.
  int64_t rows_a_day = 1'000'000;
  double updated_share = 0.15;  ///< Updates of earlier rows for each new row.
  double deleted_share = 0.005;
  double update_age_days = 1.0 / 24;  ///< Mean age, of exponential distribution, of what changes.
};

/// The changes of one commit. Keys are views into `rows` and `deleted_keys`.
struct DayCommit {
  std::shared_ptr<arrow::RecordBatch> rows;  ///< Columns: LiveSchema().
  std::vector<hudi::RecordChange> changes;
  std::vector<std::string> partition_values;
  std::vector<std::string> deleted_keys;
  int64_t bytes = 0;  ///< Of rows and deleted keys, as they lie in memory.
};

/// Makes them in order. New rows come one by one, evenly over the days; a row's day is that of its
/// time and its partition. One thread. Same mix, same changes.
class DayChanges {
 public:
  static Result<DayChanges> Make(const DayMix& mix);

  /// The next `new_rows` rows, the updates and deletes of earlier ones that come meanwhile, and
  /// updates of `corrected_rows` of the day before the last new row's.
  Result<DayCommit> Next(int64_t new_rows, int64_t corrected_rows);

  int64_t present_rows() const { return made_ - std::ssize(deleted_); }
  /// How many rows of a day (0: the first) are there now.
  int64_t present_rows_of(int64_t day) const;

 private:
  DayChanges(const DayMix& mix, std::shared_ptr<arrow::RecordBatch> values)
      : mix_(mix), values_(std::move(values)) {}

  int64_t MicrosOf(int64_t number) const;
  int64_t RecentBefore(int64_t number);
  void AddUpdates(double wanted, int64_t before, std::vector<int64_t>* numbers);
  void AddCorrections(int64_t wanted, int64_t before, std::vector<int64_t>* numbers);
  std::vector<int64_t> Deletes(double wanted, int64_t before);
  Result<std::shared_ptr<arrow::RecordBatch>> RowsOf(const std::vector<int64_t>& numbers);

  DayMix mix_;
  std::shared_ptr<arrow::RecordBatch> values_;  // rows are put together from these
  io::SeededRandom random_{7};
  int64_t made_ = 0;      // rows so far; they are numbered
  int64_t sequence_ = 0;  // of changes
  double updates_due_ = 0;
  double deletes_due_ = 0;
  absl::flat_hash_set<int64_t> deleted_;
  absl::flat_hash_set<int64_t> in_commit_;  // each row changes once in a commit
};

}  // namespace tapelake::bench
