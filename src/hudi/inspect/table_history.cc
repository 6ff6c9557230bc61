#include "hudi/inspect/table_history.h"

#include <algorithm>
#include <map>
#include <optional>
#include <ranges>

#include "hudi/format/file_name.h"
#include "hudi/format/restore_plans.h"
#include "hudi/format/service_plans.h"
#include "hudi/timeline/instant_files.h"
#include "hudi/timeline/timeline.h"

namespace tapelake::hudi {
namespace {

constexpr std::string_view kArchivePrefix = ".commits_.archive.";
constexpr const char* kArchiveFolder = ".hoodie/archived";

constexpr InstantAction kActions[] = {InstantAction::kCommit,        InstantAction::kDeltaCommit,
                                      InstantAction::kReplaceCommit, InstantAction::kCompaction,
                                      InstantAction::kLogCompaction, InstantAction::kClean,
                                      InstantAction::kRollback,      InstantAction::kSavepoint,
                                      InstantAction::kRestore,       InstantAction::kIndexing};

void DescribeCommit(const CommitMetadata& commit, HistoryEntry* entry) {
  entry->operation = commit.operation_type;
  for (const auto& [partition, stats] : commit.write_stats) {
    for (const WriteStat& stat : stats) {
      ++entry->files;
      entry->rows += stat.writes;
      entry->inserts += stat.inserts;
      entry->updates += stat.update_writes;
      entry->deletes += stat.deletes;
      entry->bytes += stat.file_size_bytes;
    }
  }
  for (const auto& [partition, file_ids] : commit.replaced_file_ids)
    entry->replaced_groups += std::ssize(file_ids);
}

Status DescribeRollback(const std::string& plan_bytes, HistoryEntry* entry) {
  TAPELAKE_ASSIGN_OR_RAISE(const RollbackPlan plan, ParseRollbackPlan(plan_bytes));
  for (const RollbackRequest& request : plan.requests)
    entry->files += std::ssize(request.files_to_delete);
  entry->note = "of " + plan.action + " " + plan.instant;
  return Status::OK();
}

Status DescribeRestore(const std::string& plan_bytes, HistoryEntry* entry) {
  TAPELAKE_ASSIGN_OR_RAISE(const RestorePlan plan, ParseRestorePlan(plan_bytes));
  entry->note =
      "to " + plan.to_instant + ", took back " + std::to_string(plan.instants.size()) + " instants";
  return Status::OK();
}

Status Describe(io::FileSystem& files, const std::string& base_path, HistoryEntry* entry) {
  const Instant& instant = entry->instant;
  const bool completed = instant.state == InstantState::kCompleted;
  if (IsWriteAction(instant.action)) {
    if (!completed) return Status::OK();
    TAPELAKE_ASSIGN_OR_RAISE(const auto commit, ReadCommitMetadata(files, base_path, instant));
    DescribeCommit(commit, entry);
    return Status::OK();
  }
  if (instant.action == InstantAction::kSavepoint) {
    if (!completed) return Status::OK();
    TAPELAKE_ASSIGN_OR_RAISE(const std::string bytes,
                             files.ReadFile(InstantPath(base_path, instant)));
    TAPELAKE_ASSIGN_OR_RAISE(const SavepointMetadata savepoint, ParseSavepointMetadata(bytes));
    for (const auto& [partition, names] : savepoint.files_by_partition)
      entry->files += std::ssize(names);
    entry->note = savepoint.comments;
    return Status::OK();
  }
  TAPELAKE_ASSIGN_OR_RAISE(const std::string plan, ReadRequested(files, base_path, instant));
  if (plan.empty()) return Status::OK();
  switch (instant.action) {
    case InstantAction::kClean: {
      TAPELAKE_ASSIGN_OR_RAISE(const CleanerPlan clean, ParseCleanerPlan(plan));
      for (const auto& [partition, paths] : clean.files_by_partition)
        entry->files += std::ssize(paths);
      if (!clean.earliest_instant_to_retain.empty()) {
        entry->note = "kept commits from " + clean.earliest_instant_to_retain + " on";
      }
      return Status::OK();
    }
    case InstantAction::kRollback:
      return DescribeRollback(plan, entry);
    case InstantAction::kRestore:
      return DescribeRestore(plan, entry);
    default:
      return Status::OK();
  }
}

std::optional<InstantAction> ActionOf(std::string_view name) {
  const auto found = std::ranges::find(kActions, name, InstantActionName);
  return found == std::end(kActions) ? std::nullopt : std::optional(*found);
}

/// The archived instants in their highest state, by time and action.
Result<std::map<std::pair<std::string, InstantAction>, InstantState>> ReadArchive(
    io::FileSystem& files, const std::string& base_path) {
  std::map<std::pair<std::string, InstantAction>, InstantState> archived;
  const std::string folder = io::JoinPath(base_path, kArchiveFolder);
  TAPELAKE_ASSIGN_OR_RAISE(const bool present, files.Exists(folder));
  if (!present) return archived;
  TAPELAKE_ASSIGN_OR_RAISE(const auto names, files.ListNames(folder));
  for (const std::string& name : names) {
    if (!name.starts_with(kArchivePrefix)) continue;
    TAPELAKE_ASSIGN_OR_RAISE(const std::string bytes, files.ReadFile(io::JoinPath(folder, name)));
    const auto entries = ParseArchiveFile(bytes);
    if (!entries.ok()) return WithContext(entries.status(), "'" + io::JoinPath(folder, name) + "'");
    for (const ArchivedEntry& entry : *entries) {
      const auto action = ActionOf(entry.action);
      if (!action) continue;
      InstantState& state = archived[{entry.timestamp, *action}];
      const InstantState said = entry.state == "COMPLETED"  ? InstantState::kCompleted
                                : entry.state == "INFLIGHT" ? InstantState::kInflight
                                                            : InstantState::kRequested;
      state = std::max(state, said);
    }
  }
  return archived;
}

}  // namespace

Result<std::vector<HistoryEntry>> ReadHistory(io::FileSystem& files, const std::string& base_path,
                                              const HistoryOptions& options) {
  TAPELAKE_ASSIGN_OR_RAISE(const Timeline timeline, Timeline::Load(files, base_path));
  const auto limit = static_cast<size_t>(std::max<int64_t>(options.entries_max, 0));
  std::vector<HistoryEntry> history;
  for (const Instant& instant : timeline.instants() | std::views::reverse) {
    if (limit > 0 && history.size() == limit) return history;
    HistoryEntry& entry = history.emplace_back();
    entry.instant = instant;
    const Status described = Describe(files, base_path, &entry);
    if (described.ok()) continue;
    if (KindOf(described) == ErrorKind::kUnavailable) return described;
    entry.note = described.message();
  }
  if (!options.archive) return history;
  TAPELAKE_ASSIGN_OR_RAISE(const auto archived, ReadArchive(files, base_path));
  for (const auto& [id, state] : archived | std::views::reverse) {
    if (limit > 0 && history.size() == limit) break;
    const bool active = std::ranges::any_of(timeline.instants(), [&](const Instant& instant) {
      return instant.timestamp == id.first && instant.action == id.second;
    });
    // A compaction's plan and commit have one time, and the commit says it all.
    const bool is_plan = IsWriteAction(id.second) && state != InstantState::kCompleted;
    if (active || is_plan) continue;
    history.push_back({.instant = {id.first, id.second, state}, .archived = true});
  }
  return history;
}

}  // namespace tapelake::hudi
