#include <algorithm>
#include <set>
#include <utility>

#include "hudi/cleaning/cleaning.h"
#include "hudi/format/file_name.h"

namespace tapelake::hudi {
namespace {

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

/// The slices of one file group that go.
std::vector<std::string> SlicesToDelete(const FileGroupId& group, const SliceFiles& slices,
                                        const CleaningInput& input) {
  const std::string& earliest = input.earliest_retained;
  std::set<std::string> kept = SavepointedSlices(slices, input.timeline);
  const auto compacting = input.compacting.find(group);
  if (compacting != input.compacting.end()) kept.insert(compacting->second);
  const auto replaced = input.replaced_at.find(group);
  const bool is_replaced = replaced != input.replaced_at.end() && replaced->second < earliest;
  const std::string* visible = NewestBefore(slices, input.timeline, earliest, false);
  std::vector<std::string> instants;
  for (const auto& [instant, names] : slices) {
    if (instant >= earliest && !is_replaced) break;
    if (!input.timeline.IsCommitted(instant) || kept.contains(instant)) continue;
    if (!is_replaced && visible != nullptr && instant == *visible) continue;
    instants.push_back(instant);
  }
  return instants;
}

}  // namespace

std::string EarliestRetained(const Timeline& timeline, const CleaningPolicy& policy) {
  const std::vector<Instant> commits = timeline.CompletedCommits();
  const auto retained = static_cast<size_t>(std::max<int64_t>(policy.commits_retained, 1));
  if (commits.size() <= retained) return "";
  size_t at = commits.size() - retained;
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
