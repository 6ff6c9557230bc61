#include "hudi/cleaning/cleaning_job.h"

#include <algorithm>
#include <ranges>

#include "hudi/timeline/instant_files.h"
#include "hudi/writer/data_files.h"

namespace tapelake::hudi {
namespace {

constexpr int64_t kMicrosPerMilli = 1000;

Result<std::map<FileGroupId, std::string>> ReplacedAt(io::FileSystem& files,
                                                      const std::string& base_path,
                                                      const Timeline& timeline) {
  std::map<FileGroupId, std::string> replaced;
  for (const Instant& instant : timeline.CompletedCommits()) {
    if (instant.action != InstantAction::kReplaceCommit) continue;
    TAPELAKE_ASSIGN_OR_RAISE(const auto metadata, ReadCommitMetadata(files, base_path, instant));
    for (const auto& [partition, file_ids] : metadata.replaced_file_ids) {
      for (const std::string& file_id : file_ids)
        replaced.emplace(FileGroupId(partition, file_id), instant.timestamp);
    }
  }
  return replaced;
}

std::string_view PolicyName(CleaningKind kind) {
  switch (kind) {
    case CleaningKind::kLatestByHours:
      return kKeepLatestByHours;
    case CleaningKind::kLatestFileVersions:
      return kKeepLatestFileVersions;
    default:
      return kKeepLatestCommits;
  }
}

}  // namespace

Result<std::string> CleanedBefore(io::FileSystem& files, const std::string& base_path,
                                  const Timeline& timeline) {
  for (const Instant& instant : timeline.instants() | std::views::reverse) {
    if (instant.action != InstantAction::kClean) continue;
    const auto bytes = ReadRequested(files, base_path, instant);
    if (!bytes.ok() && KindOf(bytes.status()) == ErrorKind::kNotFound) return std::string();
    TAPELAKE_RETURN_NOT_OK(bytes.status());
    // A writer that died while it wrote the plan: nothing was deleted by it.
    if (bytes->empty() && instant.state != InstantState::kCompleted) continue;
    const auto plan = ParseCleanerPlan(*bytes);
    if (!plan.ok()) return WithContext(plan.status(), PlanPlace(base_path, instant));
    return plan->earliest_instant_to_retain;
  }
  return std::string();
}

Result<int64_t> CleaningJob::FinishPending(const Timeline& timeline) {
  int64_t deleted = 0;
  for (const Instant& instant : timeline.PendingInstants()) {
    if (instant.action != InstantAction::kClean) continue;
    TAPELAKE_ASSIGN_OR_RAISE(const int64_t count, Finish(instant.timestamp));
    deleted += count;
  }
  return deleted;
}

Result<CleanerPlan> CleaningJob::Plan(const Timeline& timeline, const CleaningPolicy& policy) {
  const std::string earliest = EarliestRetained(timeline, policy, clock_.WallMicros());
  const bool by_versions = policy.kind == CleaningKind::kLatestFileVersions;
  const bool everywhere = policy.everywhere || by_versions;
  if (earliest.empty() || (!everywhere && earliest <= cleaned_before_)) return CleanerPlan();
  std::vector<PartitionFiles> partitions;
  if (everywhere) {
    TAPELAKE_ASSIGN_OR_RAISE(partitions, ListTableFiles(files_, base_path_));
  } else {
    TAPELAKE_ASSIGN_OR_RAISE(partitions, ListCandidates(timeline, earliest));
  }
  CleaningInput input{.timeline = timeline, .base_path = base_path_, .earliest_retained = earliest};
  TAPELAKE_ASSIGN_OR_RAISE(input.replaced_at, ReplacedAt(files_, base_path_, timeline));
  if (by_versions) input.file_versions = std::max<int64_t>(policy.file_versions_retained, 1);
  CleanerPlan plan = PlanCleaning(partitions, input);
  plan.policy = PolicyName(policy.kind);
  if (!plan.files_by_partition.empty()) {
    // Readers trust the newest clean, also if one by another policy went further.
    TAPELAKE_ASSIGN_OR_RAISE(const auto before, CleanedBefore(files_, base_path_, timeline));
    plan.earliest_instant_to_retain = std::max(plan.earliest_instant_to_retain, before);
  }
  if (plan.files_by_partition.empty() && !by_versions) cleaned_before_ = earliest;
  return plan;
}

Result<std::vector<PartitionFiles>> CleaningJob::ListCandidates(const Timeline& timeline,
                                                                const std::string& before) {
  if (cleaned_before_.empty()) {
    TAPELAKE_ASSIGN_OR_RAISE(cleaned_before_, CleanedBefore(files_, base_path_, timeline));
  }
  // Unless all commits since then are on the timeline, nobody knows where they wrote.
  const std::vector<Instant> commits = timeline.CompletedCommits();
  if (cleaned_before_.empty() || commits.front().timestamp > cleaned_before_) {
    return ListTableFiles(files_, base_path_);
  }
  TAPELAKE_ASSIGN_OR_RAISE(const auto paths, SupersededIn(timeline, before));
  std::vector<PartitionFiles> partitions;
  for (const std::string& path : paths) {
    TAPELAKE_ASSIGN_OR_RAISE(auto listed, ListPartitionFiles(files_, base_path_, path));
    partitions.push_back(std::move(listed));
  }
  return partitions;
}

/// Partitions in which a commit from cleaned_before_ on, but before `before`, wrote base files or
/// replaced groups. What only adds logs supersedes nothing. A replacecommit from before that is
/// active has something left that a savepoint kept, perhaps.
Result<std::set<std::string>> CleaningJob::SupersededIn(const Timeline& timeline,
                                                        const std::string& before) {
  std::set<std::string> partitions;
  for (const Instant& instant : timeline.CompletedCommits()) {
    const bool replaces = instant.action == InstantAction::kReplaceCommit;
    if (instant.timestamp < cleaned_before_ && !replaces) continue;
    if (instant.timestamp >= before) continue;
    TAPELAKE_ASSIGN_OR_RAISE(const auto metadata, ReadCommitMetadata(files_, base_path_, instant));
    for (const auto& [partition, stats] : metadata.write_stats) {
      const auto is_base_file = [](const WriteStat& stat) { return !stat.log; };
      if (std::ranges::any_of(stats, is_base_file)) partitions.insert(partition);
    }
    for (const auto& [partition, file_ids] : metadata.replaced_file_ids)
      partitions.insert(partition);
  }
  return partitions;
}

Result<int64_t> CleaningJob::Run(const std::string& instant, const CleanerPlan& plan) {
  TAPELAKE_RETURN_NOT_OK(
      TimelineWriter(files_, base_path_)
          .CreateRequested(instant, InstantAction::kClean, FormatCleanerPlan(plan)));
  TAPELAKE_ASSIGN_OR_RAISE(const int64_t deleted, Finish(instant));
  cleaned_before_ = plan.earliest_instant_to_retain;
  return deleted;
}

Result<int64_t> CleaningJob::Finish(const std::string& instant) {
  const int64_t start_micros = clock_.SteadyMicros();
  const Instant clean{instant, InstantAction::kClean, InstantState::kRequested};
  TAPELAKE_ASSIGN_OR_RAISE(const std::string bytes, ReadRequested(files_, base_path_, clean));
  TimelineWriter timeline(files_, base_path_);
  // A writer that died while it wrote the plan: nothing was deleted by it.
  if (bytes.empty()) {
    TAPELAKE_RETURN_NOT_OK(timeline.DeletePending(instant, InstantAction::kClean));
    return 0;
  }
  const auto plan = ParseCleanerPlan(bytes);
  if (!plan.ok()) return WithContext(plan.status(), PlanPlace(base_path_, clean));
  TAPELAKE_RETURN_NOT_OK(EnsureInflight(files_, base_path_, clean, bytes));
  CleanMetadata metadata;
  metadata.start_time = instant;
  metadata.policy = plan->policy;
  metadata.earliest_instant_to_retain = plan->earliest_instant_to_retain;
  metadata.last_completed_commit = plan->last_completed_commit;
  std::vector<std::string> relative_paths;
  for (const auto& [partition, paths] : plan->files_by_partition) {
    std::vector<std::string>& names = metadata.deleted_by_partition[partition];
    for (const std::string& path : paths) {
      names.push_back(io::FileName(path));  // the path may be a URI; the name says enough
      relative_paths.push_back(io::JoinPath(partition, names.back()));
    }
  }
  TAPELAKE_RETURN_NOT_OK(DeleteDataFiles(files_, base_path_, relative_paths));
  metadata.taken_ms = (clock_.SteadyMicros() - start_micros) / kMicrosPerMilli;
  TAPELAKE_RETURN_NOT_OK(
      timeline.Complete(instant, InstantAction::kClean, FormatCleanMetadata(metadata)));
  return std::ssize(relative_paths);
}

}  // namespace tapelake::hudi
