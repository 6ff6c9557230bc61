#include "bench/day_changes.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/compute/api_vector.h>
#include <arrow/datum.h>
#include <arrow/util/byte_size.h>
#include <arrow/util/checked_cast.h>

#include "base/time.h"
#include "bench/made_rows.h"

namespace tapelake::bench {
namespace {

constexpr int64_t kDistinctRows = 65'536;

}  // namespace

Result<DayChanges> DayChanges::Make(const DayMix& mix) {
  io::SeededRandom random(1);
  TAPELAKE_ASSIGN_OR_RAISE(auto values, RandomRows(0, kDistinctRows, random));
  return DayChanges(mix, std::move(values));
}

int64_t DayChanges::MicrosOf(int64_t number) const {
  const int64_t day = number / mix_.rows_a_day;
  const int64_t within = number % mix_.rows_a_day;
  return mix_.first_day_micros + day * base::kMicrosPerDay +
         within * (base::kMicrosPerDay / mix_.rows_a_day);
}

int64_t DayChanges::present_rows_of(int64_t day) const {
  const int64_t first = day * mix_.rows_a_day;
  const int64_t end = std::min(first + mix_.rows_a_day, made_);
  return std::max<int64_t>(end - first, 0) - std::ranges::count_if(deleted_, [&](int64_t number) {
           return number >= first && number < end;
         });
}

/// A row before `number`, mostly a recent one; negative: none was drawn.
int64_t DayChanges::RecentBefore(int64_t number) {
  const double mean = mix_.update_age_days * static_cast<double>(mix_.rows_a_day);
  const double age = -std::log(1 - random_.NextDouble()) * mean;
  return number - 1 - static_cast<int64_t>(std::min(age, static_cast<double>(number)));
}

void DayChanges::AddUpdates(double wanted, int64_t before, std::vector<int64_t>* numbers) {
  for (updates_due_ += wanted; updates_due_ >= 1; --updates_due_) {
    const int64_t number = RecentBefore(before);
    if (number < 0 || deleted_.contains(number)) continue;
    if (in_commit_.insert(number).second) numbers->push_back(number);
  }
}

void DayChanges::AddCorrections(int64_t wanted, int64_t before, std::vector<int64_t>* numbers) {
  const int64_t day = before / mix_.rows_a_day - 1;
  if (day < 0) return;
  for (int64_t i = 0; i < wanted; ++i) {
    const auto within = static_cast<int64_t>(random_.Below(static_cast<uint64_t>(mix_.rows_a_day)));
    const int64_t number = day * mix_.rows_a_day + within;
    if (deleted_.contains(number)) continue;
    if (in_commit_.insert(number).second) numbers->push_back(number);
  }
}

std::vector<int64_t> DayChanges::Deletes(double wanted, int64_t before) {
  std::vector<int64_t> numbers;
  for (deletes_due_ += wanted; deletes_due_ >= 1; --deletes_due_) {
    const int64_t number = RecentBefore(before);
    if (number < 0 || !in_commit_.insert(number).second) continue;
    if (deleted_.insert(number).second) numbers.push_back(number);
  }
  return numbers;
}

Result<std::shared_ptr<arrow::RecordBatch>> DayChanges::RowsOf(
    const std::vector<int64_t>& numbers) {
  arrow::StringBuilder keys, days;
  const auto time = arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
  arrow::TimestampBuilder times(time, arrow::default_memory_pool());
  arrow::Int64Builder sequences, places;
  for (const int64_t number : numbers) {
    const int64_t micros = MicrosOf(number);
    TAPELAKE_RETURN_NOT_OK(keys.Append(NumberedRows::KeyOf(number)));
    TAPELAKE_RETURN_NOT_OK(days.Append(base::FormatDate(micros)));
    TAPELAKE_RETURN_NOT_OK(times.Append(micros));
    TAPELAKE_RETURN_NOT_OK(sequences.Append(++sequence_));
    TAPELAKE_RETURN_NOT_OK(places.Append(static_cast<int64_t>(random_.Below(kDistinctRows))));
  }
  std::shared_ptr<arrow::Array> key, day, moment, sequence;
  TAPELAKE_ASSIGN_OR_RAISE(const auto indices, places.Finish());
  TAPELAKE_RETURN_NOT_OK(keys.Finish(&key));
  TAPELAKE_RETURN_NOT_OK(days.Finish(&day));
  TAPELAKE_RETURN_NOT_OK(times.Finish(&moment));
  TAPELAKE_RETURN_NOT_OK(sequences.Finish(&sequence));
  TAPELAKE_ASSIGN_OR_RAISE(const auto taken,
                           arrow::compute::Take(arrow::Datum(values_), arrow::Datum(indices)));
  const auto schema = LiveSchema();
  arrow::ArrayVector columns = taken.record_batch()->columns();
  const auto put = [&](const char* name, const std::shared_ptr<arrow::Array>& column) {
    columns[static_cast<size_t>(schema->GetFieldIndex(name))] = column;
  };
  put("transaction_id", key);
  put("event_date", day);
  put("timestamp", moment);
  put("_change_time", moment);
  put("_change_seq", sequence);
  return arrow::RecordBatch::Make(schema, std::ssize(numbers), std::move(columns));
}

Result<DayCommit> DayChanges::Next(int64_t new_rows, int64_t corrected_rows) {
  const int64_t before = made_;
  const auto share = static_cast<double>(new_rows);
  std::vector<int64_t> numbers;
  for (int64_t i = 0; i < new_rows; ++i)
    numbers.push_back(before + i);
  made_ += new_rows;
  in_commit_.clear();
  const std::vector<int64_t> deletes = Deletes(share * mix_.deleted_share, before);
  AddUpdates(share * mix_.updated_share, before, &numbers);
  AddCorrections(corrected_rows, made_ - 1, &numbers);

  DayCommit commit;
  TAPELAKE_ASSIGN_OR_RAISE(commit.rows, RowsOf(numbers));
  const int64_t first_day = *std::ranges::min_element(numbers) / mix_.rows_a_day;
  const int64_t first_deleted =
      deletes.empty() ? first_day : *std::ranges::min_element(deletes) / mix_.rows_a_day;
  const int64_t oldest = std::min(first_day, first_deleted);
  for (int64_t day = oldest; day <= (made_ - 1) / mix_.rows_a_day; ++day)
    commit.partition_values.push_back(base::FormatDate(MicrosOf(day * mix_.rows_a_day)));
  const auto partition_of = [&](int64_t number) {
    return static_cast<uint32_t>(number / mix_.rows_a_day - oldest);
  };
  const auto& keys = arrow::internal::checked_cast<const arrow::StringArray&>(
      *commit.rows->GetColumnByName("transaction_id"));
  for (int64_t row = 0; row < keys.length(); ++row) {
    const int64_t number = numbers[static_cast<size_t>(row)];
    commit.changes.push_back(
        {.record_key = keys.GetView(row), .partition = partition_of(number), .row = row});
  }
  commit.bytes = arrow::util::TotalBufferSize(*commit.rows);
  commit.deleted_keys.reserve(deletes.size());  // the changes point to them
  for (const int64_t number : deletes) {
    commit.deleted_keys.push_back(NumberedRows::KeyOf(number));
    commit.changes.push_back({.record_key = commit.deleted_keys.back(),
                              .partition = partition_of(number),
                              .delete_ordering = ++sequence_});
    commit.bytes += std::ssize(commit.deleted_keys.back());
  }
  return commit;
}

}  // namespace tapelake::bench
