#include <algorithm>
#include <set>
#include <utility>

#include "hudi/cleaning/cleaning.h"
#include "hudi/format/file_name.h"
#include "hudi/format/instant.h"

namespace tapelake::hudi {
namespace {

constexpr int64_t kMicrosPerHour = 3'600'000'000;
constexpr int64_t kHoursMax = 10 * 366 * 24;  // so that the time stays one of the calendar

/// File names of one file group by the instant of their slice.
using SliceFiles = std::map<std::string, std::vector<std::string>>;

std::map<std::string, SliceFiles> GroupFiles(const PartitionFiles& partition) {
  std::map<std::string, SliceFiles> groups;
  for (const FileSlice& file : partition.base_files) {
    groups[file.file_id][file.base_instant].push_back(file.base_file_name);
  }
  for (const PartitionLogFile& log : partition.log_files) {
    groups[log.file_id][log.base_instant].push_back(log.file.name);
  }
  for (const std::string& name : partition.cdc_files) {
    const auto log = ParseLogFileName(name);
    if (log) groups[log->file_id][log->base_instant].push_back(name);
  }
  return groups;
}

/// The last instant of `slices` that is committed and before `limit` (at it too if `inclusive`).
const std::string* NewestBefore(const SliceFiles& slices, const Timeline& timeline,
                                const std::string& limit, bool inclusive) {
  auto at = inclusive ? slices.upper_bound(limit) : slices.lower_bound(limit);
  while (at != slices.begin()) {
    --at;
    if (timeline.IsCommitted(at->first)) return &at->first;
  }
  return nullptr;
}

std::set<std::string> SavepointedSlices(const SliceFiles& slices, const Timeline& timeline) {
  std::set<std::string> kept;
  for (const Instant& instant : timeline.instants()) {
    if (instant.action != InstantAction::kSavepoint) continue;
    const std::string* slice = NewestBefore(slices, timeline, instant.timestamp, true);
    if (slice != nullptr) kept.insert(*slice);
  }
  return kept;
}

void KeepNewest(const SliceFiles& slices, const CleaningInput& input, std::set<std::string>* kept) {
  int64_t left = input.file_versions;
  for (auto slice = slices.rbegin(); slice != slices.rend() && left > 0; ++slice) {
    if (!input.timeline.IsCommitted(slice->first)) continue;
    kept->insert(slice->first);
    --left;
  }
}

/// The slices of one file group that go.
std::vector<std::string> SlicesToDelete(const FileGroupId& group, const SliceFiles& slices,
                                        const CleaningInput& input) {
  const std::string& earliest = input.earliest_retained;
  std::set<std::string> kept = SavepointedSlices(slices, input.timeline);
  const auto compacting = input.compacting.find(group);
  if (compacting != input.compacting.end()) kept.insert(compacting->second);
  const auto replaced = input.replaced_at.find(group);
  const bool is_replaced = replaced != input.replaced_at.end() && replaced->second < earliest;
  // By commits Hudi keeps the slice before the earliest one also where that has its own.
  const bool by_versions = input.file_versions > 0;
  const std::string* visible = NewestBefore(slices, input.timeline, earliest, by_versions);
  if (!is_replaced) KeepNewest(slices, input, &kept);
  std::vector<std::string> instants;
  for (const auto& [instant, names] : slices) {
    if (instant >= earliest && !is_replaced) break;
    if (!input.timeline.IsCommitted(instant) || kept.contains(instant)) continue;
    if (!is_replaced && visible != nullptr && instant == *visible) continue;
    instants.push_back(instant);
  }
  return instants;
}

/// Number of the first commit that the policy itself keeps; 0: it keeps them all.
size_t FirstWanted(const std::vector<Instant>& commits, const CleaningPolicy& policy,
                   int64_t now_micros) {
  if (commits.empty()) return 0;
  const size_t newest = commits.size() - 1;
  switch (policy.kind) {
    case CleaningKind::kLatestCommits: {
      const auto retained = static_cast<size_t>(std::max<int64_t>(policy.commits_retained, 1));
      return commits.size() <= retained ? 0 : commits.size() - retained;
    }
    case CleaningKind::kLatestByHours: {
      const int64_t hours = std::clamp<int64_t>(policy.hours_retained, 1, kHoursMax);
      const std::string first = FormatInstantTime(now_micros - hours * kMicrosPerHour);
      const auto found = std::ranges::lower_bound(commits, first, {}, &Instant::timestamp);
      return std::min(static_cast<size_t>(found - commits.begin()), newest);
    }
    case CleaningKind::kLatestFileVersions:
      return newest;
  }
  return 0;
}

}  // namespace

std::string EarliestRetained(const Timeline& timeline, const CleaningPolicy& policy,
                             int64_t now_micros) {
  const std::vector<Instant> commits = timeline.CompletedCommits();
  size_t at = FirstWanted(commits, policy, now_micros);
  if (at == 0) return "";
  if (policy.reader_micros > 0) {
    const std::string begun = FormatInstantTime(now_micros - policy.reader_micros);
    while (at > 0 && commits[at].timestamp > begun)
      --at;
    // Those readers began with a commit that is archived: nobody knows what they need.
    if (commits[at].timestamp > begun) return "";
  }
  for (const Instant& pending : timeline.PendingInstants()) {
    if (!IsWriteAction(pending.action)) continue;
    while (at > 0 && commits[at].timestamp > pending.timestamp)
      --at;
    // Nothing completed before it: then nothing is surely unneeded.
    return commits[at].timestamp > pending.timestamp ? "" : commits[at].timestamp;
  }
  return commits[at].timestamp;
}

CleanerPlan PlanCleaning(const std::vector<PartitionFiles>& partitions,
                         const CleaningInput& input) {
  CleanerPlan plan;
  for (const PartitionFiles& partition : partitions) {
    std::vector<std::string> paths;
    for (const auto& [file_id, slices] : GroupFiles(partition)) {
      const FileGroupId group{partition.partition_path, file_id};
      for (const std::string& instant : SlicesToDelete(group, slices, input)) {
        for (const std::string& name : slices.at(instant)) {
          paths.push_back(
              io::JoinPath(io::JoinPath(input.base_path, partition.partition_path), name));
        }
      }
    }
    if (!paths.empty()) plan.files_by_partition[partition.partition_path] = std::move(paths);
  }
  if (plan.files_by_partition.empty()) return plan;
  plan.earliest_instant_to_retain = input.earliest_retained;
  for (const Instant& commit : input.timeline.CompletedCommits()) {
    if (commit.timestamp == input.earliest_retained) {
      plan.earliest_instant_action = InstantActionName(commit.action);
    }
    plan.last_completed_commit = commit.timestamp;
  }
  return plan;
}

}  // namespace tapelake::hudi
