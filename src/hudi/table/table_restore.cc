// How Table pins commits and takes them back: savepoint, rollback of a commit, restore.

#include <algorithm>
#include <ranges>
#include <utility>

#include "hudi/cleaning/cleaning_job.h"
#include "hudi/format/restore_plans.h"
#include "hudi/table/table.h"
#include "hudi/table/table_rules.h"
#include "hudi/table/table_state.h"
#include "hudi/timeline/instant_files.h"
#include "hudi/writer/rollback_job.h"

namespace tapelake::hudi {
namespace {

constexpr int64_t kMicrosPerMilli = 1000;

bool IsCompletedCommitAt(const Instant& instant, const std::string& timestamp) {
  return instant.timestamp == timestamp && instant.state == InstantState::kCompleted &&
         IsWriteAction(instant.action);
}

bool HasSavepoint(const Timeline& timeline, const std::string& timestamp) {
  return std::ranges::any_of(timeline.instants(), [&](const Instant& instant) {
    return instant.action == InstantAction::kSavepoint && instant.timestamp == timestamp;
  });
}

std::string InTable(const TableConfig& config) {
  return "table '" + config.name + "': ";
}

/// Errors: kNotFound.
Result<Instant> FindCommit(const TableConfig& config, const Timeline& timeline,
                           const std::string& timestamp) {
  for (const Instant& instant : timeline.instants()) {
    if (IsCompletedCommitAt(instant, timestamp)) return instant;
  }
  return MakeError(ErrorKind::kNotFound,
                   InTable(config) + "no completed commit '" + timestamp +
                       "' on its active timeline\nhint: 'tapelake table history' lists them");
}

/// The newest completed commit before an instant; empty: none that is active.
std::string CommitBefore(const Timeline& timeline, const std::string& timestamp) {
  std::string before;
  for (const Instant& commit : timeline.CompletedCommits()) {
    if (commit.timestamp < timestamp) before = commit.timestamp;
  }
  return before;
}

/// Return whether readers still know what was committed once the active commit `timestamp` is gone:
/// without any active commit, archived ones count no more.
Status CheckNotLast(io::FileSystem& files, const std::string& base_path, const TableConfig& config,
                    const Timeline& timeline, const std::string& timestamp) {
  if (!CommitBefore(timeline, timestamp).empty()) return Status::OK();
  const auto is_older = [&](const auto& file) {
    return file.base_instant < timestamp && timeline.IsCommitted(file.base_instant);
  };
  TAPELAKE_ASSIGN_OR_RAISE(const auto partitions, ListTableFiles(files, base_path));
  for (const PartitionFiles& partition : partitions) {
    if (!std::ranges::any_of(partition.base_files, is_older) &&
        !std::ranges::any_of(partition.log_files, is_older)) {
      continue;
    }
    return MakeError(ErrorKind::kInvalid,
                     InTable(config) + "'" + timestamp +
                         "' is the last commit on the active timeline; without it readers would "
                         "not see what archived commits wrote");
  }
  return Status::OK();
}

/// Return whether the commit can be pinned: what readers of it need must count also once nothing
/// else than pinned commits is left, for those do not mark the beginning of a timeline.
Status CheckPinnable(const TableConfig& config, const Timeline& timeline,
                     const std::vector<FileSlice>& slices, const std::string& timestamp) {
  for (const Instant& instant : timeline.CompletedCommits()) {
    if (instant.timestamp >= timestamp) break;
    if (!HasSavepoint(timeline, instant.timestamp)) return Status::OK();
  }
  const bool needs_older = std::ranges::any_of(
      slices, [&](const FileSlice& slice) { return slice.base_instant < timestamp; });
  if (!needs_older) return Status::OK();
  return MakeError(ErrorKind::kInvalid,
                   InTable(config) + "'" + timestamp +
                       "' is the oldest commit on the active timeline, and files of archived ones "
                       "belong to it\nhint: pin a later commit");
}

/// The name under which an instant's own files go that is to be taken back.
InstantAction ActionOfFiles(const TableState& state, const Instant& instant) {
  const auto requested = [&](InstantAction action) {
    return state.HasName(InstantFileName({instant.timestamp, action, InstantState::kRequested}));
  };
  if (requested(InstantAction::kCompaction)) return InstantAction::kCompaction;
  if (requested(InstantAction::kLogCompaction)) return InstantAction::kLogCompaction;
  return instant.action;
}

InstantAction ActionNamed(const std::string& name) {
  for (const InstantAction action : {InstantAction::kDeltaCommit, InstantAction::kReplaceCommit,
                                     InstantAction::kCompaction, InstantAction::kLogCompaction}) {
    if (InstantActionName(action) == name) return action;
  }
  return InstantAction::kCommit;
}

/// Make a completed commit pending again. From then on no reader sees it.
Status Unpublish(io::FileSystem& files, const std::string& base_path, const Instant& instant) {
  const std::string completed =
      InstantPath(base_path, {instant.timestamp, instant.action, InstantState::kCompleted});
  TAPELAKE_ASSIGN_OR_RAISE(const bool present, files.Exists(completed));
  if (!present) return Status::OK();
  // Whoever goes on after a crash finds the instant's files by its inflight file.
  const std::string inflight =
      InstantPath(base_path, {instant.timestamp, instant.action, InstantState::kInflight});
  TAPELAKE_ASSIGN_OR_RAISE(const bool has_inflight, files.Exists(inflight));
  if (!has_inflight) {
    TAPELAKE_ASSIGN_OR_RAISE(const std::string content, files.ReadFile(completed));
    TAPELAKE_RETURN_NOT_OK(files.CreateIfAbsent(inflight, content));
  }
  TAPELAKE_RETURN_NOT_OK(files.DeleteFile(completed));
  // Were it to come back after its data files are gone, readers would miss them.
  return files.SyncDirectory(io::ParentPath(completed));
}

/// Take back one instant in whatever state, everything of it. May be repeated after a failure.
Result<RollbackMetadata> TakeBack(io::FileSystem& files, const std::string& base_path,
                                  const Instant& instant, const std::string& by) {
  TAPELAKE_RETURN_NOT_OK(Unpublish(files, base_path, instant));
  const RollbackTarget target{files, base_path};
  TAPELAKE_ASSIGN_OR_RAISE(const RollbackPlan plan, PlanRollback(target, instant));
  TAPELAKE_ASSIGN_OR_RAISE(RollbackMetadata metadata, ExecuteRollback(target, plan, by));
  TAPELAKE_RETURN_NOT_OK(
      files.DeleteDirectory(io::JoinPath(base_path, ".hoodie/.temp/" + instant.timestamp)));
  // A compaction without its plan could not be read: the requested file must not go first.
  const std::string inflight =
      InstantPath(base_path, {instant.timestamp, instant.action, InstantState::kInflight});
  const Status deleted = files.DeleteFile(inflight);
  if (!deleted.ok() && KindOf(deleted) != ErrorKind::kNotFound) return deleted;
  TAPELAKE_RETURN_NOT_OK(files.SyncDirectory(io::ParentPath(inflight)));
  TAPELAKE_RETURN_NOT_OK(
      TimelineWriter(files, base_path).DeletePending(instant.timestamp, instant.action));
  return metadata;
}

int64_t FilesOf(const RollbackMetadata& metadata) {
  int64_t files = 0;
  for (const auto& [partition, done] : metadata.partitions)
    files += std::ssize(done.deleted_files);
  return files;
}

}  // namespace

Status Table::Savepoint(const std::string& instant, const SavepointRequest& request) {
  io::FileSystem& files = environment_.files;
  TAPELAKE_RETURN_NOT_OK(CleanUpPendingCommits());
  TAPELAKE_RETURN_NOT_OK(CheckRestorable(config_));
  TAPELAKE_RETURN_NOT_OK(FinishServices());
  const std::shared_ptr<const Timeline> timeline = state_->timeline();
  TAPELAKE_RETURN_NOT_OK(FindCommit(config_, *timeline, instant).status());
  const Instant completed{instant, InstantAction::kSavepoint, InstantState::kCompleted};
  TAPELAKE_ASSIGN_OR_RAISE(const bool present, files.Exists(InstantPath(base_path_, completed)));
  if (present) {
    return MakeError(ErrorKind::kAlreadyExists,
                     InTable(config_) + "commit '" + instant + "' has a savepoint already");
  }
  TAPELAKE_RETURN_NOT_OK(CheckNotCleaned(instant));
  TAPELAKE_ASSIGN_OR_RAISE(const auto slices, LatestSlices(files, base_path_, *timeline, instant));
  TAPELAKE_RETURN_NOT_OK(CheckPinnable(config_, *timeline, slices, instant));
  SavepointMetadata metadata{.by = request.by,
                             .at_ms = environment_.clock.WallMicros() / kMicrosPerMilli,
                             .comments = request.comments};
  for (const FileSlice& slice : slices) {
    auto& names = metadata.files_by_partition[slice.partition_path];
    if (slice.has_base_file()) names.push_back(slice.base_file_name);
    for (const SliceLogFile& log : slice.log_files)
      names.push_back(log.name);
  }
  TAPELAKE_RETURN_NOT_OK(EnsureInflight(files, base_path_, completed, ""));
  return TimelineWriter(files, base_path_)
      .Complete(instant, InstantAction::kSavepoint, FormatSavepointMetadata(metadata));
}

Status Table::DeleteSavepoint(const std::string& instant) {
  io::FileSystem& files = environment_.files;
  TAPELAKE_RETURN_NOT_OK(Refresh());
  TAPELAKE_RETURN_NOT_OK(CheckRestorable(config_));
  if (!HasSavepoint(*state_->timeline(), instant)) {
    return MakeError(ErrorKind::kNotFound, InTable(config_) + "no savepoint '" + instant + "'");
  }
  // The completed file alone is a savepoint, so it is one until that is gone.
  for (const InstantState state : {InstantState::kInflight, InstantState::kCompleted}) {
    const std::string path = InstantPath(base_path_, {instant, InstantAction::kSavepoint, state});
    const Status deleted = files.DeleteFile(path);
    if (!deleted.ok() && KindOf(deleted) != ErrorKind::kNotFound) return deleted;
    TAPELAKE_RETURN_NOT_OK(files.SyncDirectory(io::ParentPath(path)));
  }
  return Status::OK();
}

/// What is both archived and active must not be taken back or pinned: history would tell otherwise.
Status Table::FinishServices() {
  const Timeline& timeline = *state_->timeline();
  TAPELAKE_ASSIGN_OR_RAISE(const int64_t cleaned, FinishPendingCleans(timeline));
  TAPELAKE_ASSIGN_OR_RAISE(const int64_t archived, FinishArchival(timeline));
  return cleaned + archived == 0 ? Status::OK() : Refresh();
}

Status Table::CheckNotCleaned(const std::string& instant) {
  const Timeline& timeline = *state_->timeline();
  if (HasSavepoint(timeline, instant)) return Status::OK();
  TAPELAKE_ASSIGN_OR_RAISE(const std::string before,
                           CleanedBefore(environment_.files, base_path_, timeline));
  if (instant >= before) return Status::OK();
  const std::string readers = instant.empty() ? "earlier commits" : "commit '" + instant + "'";
  return MakeError(ErrorKind::kInvalid,
                   InTable(config_) + "files that readers of " + readers +
                       " need may be cleaned; the first commit that is whole is '" + before + "'");
}

Status Table::TakeBackPendingCompactions(const std::string& after, const std::string& by) {
  const std::vector<Instant> pending = state_->timeline()->PendingInstants();
  for (const Instant& instant : pending | std::views::reverse) {
    const bool compacts = instant.action == InstantAction::kCompaction ||
                          instant.action == InstantAction::kLogCompaction;
    if (!compacts || instant.timestamp < after) continue;
    TAPELAKE_RETURN_NOT_OK(TakeBack(environment_.files, base_path_, instant, by).status());
  }
  return Status::OK();
}

Result<RestoreCounts> Table::RollBackCommit(const std::string& instant) {
  TAPELAKE_RETURN_NOT_OK(CleanUpPendingCommits());
  TAPELAKE_RETURN_NOT_OK(CheckRestorable(config_));
  TAPELAKE_RETURN_NOT_OK(FinishServices());
  const std::shared_ptr<const Timeline> timeline = state_->timeline();
  TAPELAKE_ASSIGN_OR_RAISE(Instant commit, FindCommit(config_, *timeline, instant));
  const Instant newest = *timeline->NewestCompletedCommit();
  if (newest.timestamp != instant) {
    return MakeError(ErrorKind::kInvalid,
                     InTable(config_) + "commit '" + newest.timestamp + "' followed '" + instant +
                         "'; only the newest commit can be rolled back\nhint: roll back the newer "
                         "ones first, or restore the commit before it");
  }
  if (HasSavepoint(*timeline, instant)) {
    return MakeError(ErrorKind::kInvalid, InTable(config_) + "commit '" + instant +
                                              "' has a savepoint, so it cannot be rolled back");
  }
  // What the commit hides is seen again, so it must still be there.
  TAPELAKE_RETURN_NOT_OK(CheckNotCleaned(CommitBefore(*timeline, instant)));
  TAPELAKE_RETURN_NOT_OK(CheckNotLast(environment_.files, base_path_, config_, *timeline, instant));
  commit.action = ActionOfFiles(*state_, commit);
  TAPELAKE_RETURN_NOT_OK(RetireMetadataTable());
  TAPELAKE_ASSIGN_OR_RAISE(const std::string rollback, TakeInstant());
  // What they planned to read is about to go.
  TAPELAKE_RETURN_NOT_OK(TakeBackPendingCompactions(instant, rollback));
  io::FileSystem& files = environment_.files;
  TimelineWriter writer(files, base_path_);
  constexpr InstantAction kAction = InstantAction::kRollback;
  TAPELAKE_ASSIGN_OR_RAISE(const RollbackPlan plan, PlanRollback({files, base_path_}, commit));
  TAPELAKE_RETURN_NOT_OK(writer.CreateRequested(rollback, kAction, FormatRollbackPlan(plan)));
  TAPELAKE_RETURN_NOT_OK(writer.CreateInflight(rollback, kAction, ""));
  TAPELAKE_RETURN_NOT_OK(Unpublish(files, base_path_, commit));
  state_.reset();
  // From here on it is a dead instant whose rollback was begun.
  const Instant begun{rollback, kAction, InstantState::kInflight};
  TAPELAKE_RETURN_NOT_OK(RollBack(commit, &begun));
  RestoreCounts counts{.instant = rollback, .instants = 1};
  for (const RollbackRequest& request : plan.requests)
    counts.files += std::ssize(request.files_to_delete);
  return counts;
}

Result<RestoreCounts> Table::Restore(const std::string& instant) {
  TAPELAKE_RETURN_NOT_OK(CleanUpPendingCommits());
  TAPELAKE_RETURN_NOT_OK(CheckRestorable(config_));
  TAPELAKE_RETURN_NOT_OK(FinishServices());
  const std::shared_ptr<const Timeline> timeline = state_->timeline();
  TAPELAKE_RETURN_NOT_OK(FindCommit(config_, *timeline, instant).status());
  TAPELAKE_RETURN_NOT_OK(CheckNotCleaned(instant));
  RestorePlan plan{.to_instant = instant};
  for (const Instant& later : timeline->instants() | std::views::reverse) {
    if (later.timestamp <= instant) break;
    if (later.action == InstantAction::kSavepoint) {
      return MakeError(ErrorKind::kInvalid,
                       InTable(config_) + "the later commit '" + later.timestamp +
                           "' has a savepoint\nhint: restore that one, or delete its savepoint");
    }
    if (!IsWriteAction(later.action)) continue;
    plan.instants.push_back(
        {.timestamp = later.timestamp,
         .action = std::string(InstantActionName(ActionOfFiles(*state_, later)))});
  }
  if (plan.instants.empty()) return RestoreCounts();
  TAPELAKE_RETURN_NOT_OK(RetireMetadataTable());
  TAPELAKE_ASSIGN_OR_RAISE(const std::string restore, TakeInstant());
  TAPELAKE_RETURN_NOT_OK(
      TimelineWriter(environment_.files, base_path_)
          .CreateRequested(restore, InstantAction::kRestore, FormatRestorePlan(plan)));
  auto counts = FinishRestore({restore, InstantAction::kRestore, InstantState::kRequested});
  state_.reset();
  return counts;
}

Result<RestoreCounts> Table::FinishRestore(const Instant& restore) {
  io::FileSystem& files = environment_.files;
  const int64_t start_micros = environment_.clock.SteadyMicros();
  TAPELAKE_ASSIGN_OR_RAISE(const std::string bytes, ReadRequested(files, base_path_, restore));
  const auto plan = ParseRestorePlan(bytes);
  if (!plan.ok()) return WithContext(plan.status(), PlanPlace(base_path_, restore));
  TAPELAKE_RETURN_NOT_OK(EnsureInflight(files, base_path_, restore, ""));
  RestoreCounts counts{.instant = restore.timestamp};
  RestoreMetadata metadata{.start_time = restore.timestamp};
  // The newest first: in between, readers see the table as it was after some earlier commit.
  for (const RestoredInstant& instant : plan->instants) {
    TAPELAKE_ASSIGN_OR_RAISE(
        auto rollback,
        TakeBack(files, base_path_,
                 {instant.timestamp, ActionNamed(instant.action), InstantState::kInflight},
                 restore.timestamp));
    ++counts.instants;
    counts.files += FilesOf(rollback);
    metadata.rollbacks.push_back(std::move(rollback));
  }
  metadata.taken_ms = (environment_.clock.SteadyMicros() - start_micros) / kMicrosPerMilli;
  TAPELAKE_RETURN_NOT_OK(
      TimelineWriter(files, base_path_)
          .Complete(restore.timestamp, InstantAction::kRestore, FormatRestoreMetadata(metadata)));
  return counts;
}

}  // namespace tapelake::hudi
