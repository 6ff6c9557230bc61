#include <algorithm>
#include <tuple>
#include <utility>

#include "hudi/compaction/compaction.h"
#include "hudi/format/instant.h"

namespace tapelake::hudi {
namespace {

constexpr double kBytesPerMegabyte = 1024.0 * 1024.0;
constexpr double kSmallLogWeight = 0.1;

int64_t LogBytes(const FileSlice& slice) {
  int64_t bytes = 0;
  for (const SliceLogFile& log : slice.log_files)
    bytes += log.size_bytes;
  return bytes;
}

/// When the oldest log was written. The base instant, which is older, where nobody knows:
/// compacting too early is harmless.
int64_t OldestLogMicros(const FileSlice& slice, int64_t now_micros) {
  int64_t oldest = 0;
  for (const SliceLogFile& log : slice.log_files) {
    if (log.modified_micros == 0) {
      return ParseInstantTime(slice.base_instant).value_or(now_micros);
    }
    oldest = oldest == 0 ? log.modified_micros : std::min(oldest, log.modified_micros);
  }
  return oldest;
}

double Ratio(double value, double limit) {
  return limit > 0 ? value / limit : 0;
}

/// The slice's log files, as many as they count for.
double CountedLogFiles(const FileSlice& slice, const CompactionPolicy& policy) {
  const auto count = static_cast<double>(slice.log_files.size());
  const double small = policy.small_log_share * static_cast<double>(slice.size_bytes);
  const bool beside_big_base =
      slice.has_base_file() && slice.size_bytes >= policy.log_share_bytes_min;
  const bool are_small = beside_big_base && static_cast<double>(LogBytes(slice)) < small;
  return are_small ? count * kSmallLogWeight : count;
}

/// How far the slice is beyond the limit it exceeds most; 1 and more is due.
double NeedOf(const FileSlice& slice, const CompactionPolicy& policy, int64_t now_micros) {
  const auto bytes = static_cast<double>(LogBytes(slice));
  const auto age_micros = static_cast<double>(now_micros - OldestLogMicros(slice, now_micros));
  double need =
      std::max({Ratio(CountedLogFiles(slice, policy), static_cast<double>(policy.log_files_max)),
                Ratio(bytes, static_cast<double>(policy.log_bytes_max)),
                Ratio(age_micros, static_cast<double>(policy.age_micros_max))});
  if (slice.has_base_file() && LogBytes(slice) >= policy.log_share_bytes_min) {
    const auto limit = policy.log_share_max * static_cast<double>(slice.size_bytes);
    need = std::max(need, Ratio(bytes, limit));
  }
  return need;
}

CompactionOperation OperationOf(const FileSlice& slice) {
  CompactionOperation operation;
  operation.base_instant = slice.base_instant;
  operation.base_file = slice.base_file_name;
  operation.file_id = slice.file_id;
  operation.partition_path = slice.partition_path;
  for (const SliceLogFile& log : slice.log_files)
    operation.log_files.push_back(log.name);
  const auto log_bytes = static_cast<double>(LogBytes(slice));
  const auto base_bytes = static_cast<double>(slice.size_bytes);
  const double read_mb = (base_bytes + log_bytes) / kBytesPerMegabyte;
  const double write_mb = (slice.has_base_file() ? base_bytes : log_bytes) / kBytesPerMegabyte;
  operation.metrics = {{"TOTAL_LOG_FILES", static_cast<double>(slice.log_files.size())},
                       {"TOTAL_LOG_FILES_SIZE", log_bytes},
                       {"TOTAL_IO_READ_MB", read_mb},
                       {"TOTAL_IO_WRITE_MB", write_mb},
                       {"TOTAL_IO_MB", read_mb + write_mb}};
  return operation;
}

}  // namespace

CompactionPlan PlanCompaction(const std::vector<FileSlice>& slices, const CompactionPolicy& policy,
                              int64_t now_micros) {
  std::vector<std::pair<double, const FileSlice*>> due;
  for (const FileSlice& slice : slices) {
    if (slice.log_files.empty() || !slice.pending_compaction.empty()) continue;
    const double need = NeedOf(slice, policy, now_micros);
    if (need >= 1.0) due.emplace_back(need, &slice);
  }
  std::ranges::stable_sort(
      due, [](const auto& left, const auto& right) { return left.first > right.first; });
  if (policy.slices_max >= 0 && due.size() > static_cast<size_t>(policy.slices_max)) {
    due.resize(static_cast<size_t>(policy.slices_max));
  }
  std::ranges::sort(due, [](const auto& left, const auto& right) {
    return std::tie(left.second->partition_path, left.second->file_id) <
           std::tie(right.second->partition_path, right.second->file_id);
  });
  CompactionPlan plan;
  for (const auto& [need, slice] : due)
    plan.operations.push_back(OperationOf(*slice));
  return plan;
}

}  // namespace tapelake::hudi
