#include "app/table_maintenance.h"

#include <ranges>
#include <utility>

#include "app/lake_folder.h"
#include "ingest/ingest_state.h"
#include "ingest/pinned_state.h"
#include "record/table_definition.h"

namespace tapelake::app {
namespace {

/// Each compaction takes the neediest slices only.
constexpr int kCompactionsMax = 1000;

/// The extraMetadata of the newest commit not after `instant` that ingest resumes from; nullopt:
/// there is none.
Result<std::optional<hudi::CommitMetadata>> ResumedFrom(io::FileSystem& files, hudi::Table& table,
                                                        const std::string& instant) {
  TAPELAKE_ASSIGN_OR_RAISE(const hudi::Timeline timeline, table.LoadTimeline());
  const auto commits = timeline.CompletedCommits();
  for (const hudi::Instant& commit : commits | std::views::reverse) {
    if (commit.timestamp > instant) continue;
    TAPELAKE_ASSIGN_OR_RAISE(auto metadata,
                             hudi::ReadCommitMetadata(files, table.base_path(), commit));
    if (metadata.extra_metadata.contains(ingest::kPositionsKey)) return metadata;
  }
  return std::optional<hudi::CommitMetadata>();
}

}  // namespace

Result<TableName> FindTableOrPath(io::FileSystem& files, const std::string& lake_path,
                                  const std::string& name_or_path) {
  if (name_or_path.find('/') == std::string::npos) {
    return FindTable(files, lake_path, name_or_path);
  }
  std::string path = name_or_path;
  while (path.size() > 1 && path.ends_with('/'))
    path.pop_back();
  TAPELAKE_ASSIGN_OR_RAISE(const bool present, files.Exists(io::JoinPath(path, ".hoodie")));
  if (!present) {
    return MakeError(ErrorKind::kNotFound, "'" + path + "' is no Hudi table: it has no .hoodie");
  }
  return TableName{
      .database = io::FileName(io::ParentPath(path)), .name = io::FileName(path), .path = path};
}

hudi::VerifyOptions VerifyOptionsFor(int threads) {
  return {.threads = threads, .growing_column = record::kChangeSeqColumn};
}

Result<TableMaintenance> TableMaintenance::Open(World& world, const TableName& name) {
  TAPELAKE_ASSIGN_OR_RAISE(auto lock, LockLakeOf(world.files, name.path));
  TAPELAKE_ASSIGN_OR_RAISE(auto table, hudi::Table::Open(world.table_environment(), name.path));
  TAPELAKE_RETURN_NOT_OK(table->MakeNamesDurable());
  return TableMaintenance(world, std::move(lock), std::move(table));
}

Result<std::string> TableMaintenance::Savepoint(const std::string& instant,
                                                const std::string& comments) {
  std::string pinned = instant;
  if (pinned.empty()) {
    TAPELAKE_ASSIGN_OR_RAISE(const hudi::Snapshot snapshot, table_->LatestSnapshot());
    if (snapshot.instant.empty()) {
      return MakeError(ErrorKind::kNotFound, "the table has no commit to pin");
    }
    pinned = snapshot.instant;
  }
  // First what cannot be had again once the commit is pinned and others follow.
  TAPELAKE_ASSIGN_OR_RAISE(const auto resumed, ResumedFrom(world_->files, *table_, pinned));
  if (resumed) {
    TAPELAKE_RETURN_NOT_OK(
        ingest::PinState(world_->files, table_->base_path(), pinned, resumed->extra_metadata));
  }
  TAPELAKE_RETURN_NOT_OK(table_->Savepoint(pinned, {.by = "tapelake", .comments = comments}));
  return pinned;
}

Status TableMaintenance::DeleteSavepoint(const std::string& instant) {
  TAPELAKE_RETURN_NOT_OK(table_->DeleteSavepoint(instant));
  return ingest::UnpinState(world_->files, table_->base_path(), instant);
}

/// Make sure that ingest can go on from `instant`, once that is the newest commit.
Status TableMaintenance::KeepResumable(const std::string& instant) {
  TAPELAKE_ASSIGN_OR_RAISE(const auto resumed, ResumedFrom(world_->files, *table_, instant));
  if (!resumed) return Status::OK();
  return ingest::BringBackState(world_->files, table_->base_path(), instant,
                                resumed->extra_metadata);
}

Result<hudi::RestoreCounts> TableMaintenance::Restore(const std::string& instant) {
  TAPELAKE_RETURN_NOT_OK(KeepResumable(instant));
  return table_->Restore(instant);
}

Result<hudi::RestoreCounts> TableMaintenance::RollBack(const std::string& instant) {
  TAPELAKE_RETURN_NOT_OK(table_->CleanUpPendingCommits());
  TAPELAKE_ASSIGN_OR_RAISE(const hudi::Timeline timeline, table_->LoadTimeline());
  const auto commits = timeline.CompletedCommits();
  if (commits.empty()) return MakeError(ErrorKind::kNotFound, "the table has no commit");
  const std::string newest = instant.empty() ? commits.back().timestamp : instant;
  if (newest == commits.back().timestamp && commits.size() > 1) {
    TAPELAKE_RETURN_NOT_OK(KeepResumable(commits[commits.size() - 2].timestamp));
  }
  return table_->RollBackCommit(newest);
}

Result<TableMaintenance::Compacted> TableMaintenance::Compact(int threads) {
  Compacted done;
  const auto run = [&](const std::string& instant) -> Status {
    TAPELAKE_ASSIGN_OR_RAISE(const auto counts, table_->RunCompaction(instant, threads));
    done.instants.push_back(instant);
    done.counts.slices += counts.slices;
    done.counts.rows_written += counts.rows_written;
    done.counts.bytes_written += counts.bytes_written;
    done.counts.log_records += counts.log_records;
    return Status::OK();
  };
  TAPELAKE_ASSIGN_OR_RAISE(const auto pending, table_->PendingCompactions());
  for (const std::string& instant : pending)
    TAPELAKE_RETURN_NOT_OK(run(instant));
  for (int i = 0; i < kCompactionsMax; ++i) {
    TAPELAKE_ASSIGN_OR_RAISE(const std::string instant,
                             table_->ScheduleCompaction({.log_files_max = 1}));
    if (instant.empty()) break;
    TAPELAKE_RETURN_NOT_OK(run(instant));
  }
  return done;
}

}  // namespace tapelake::app
