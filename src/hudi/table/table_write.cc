// The writing half of Table.

#include "hudi/format/file_name.h"
#include "hudi/table/table.h"
#include "hudi/table/table_rules.h"
#include "hudi/table/table_state.h"
#include "hudi/writer/delta_job.h"
#include "hudi/writer/upsert_job.h"

namespace tapelake::hudi {
namespace {

constexpr int64_t kClockWaitMicrosMax = 10'000'000;
constexpr int kClockWaitsMax = 100;
constexpr const char* kMetadataTableFolder = "metadata";

Result<std::unique_ptr<CommitJob>> PlanJob(const UpsertTarget& target,
                                           const UpsertRequest& request) {
  if (target.config.type == TableType::kMergeOnRead) return DeltaJob::Plan(target, request);
  return UpsertJob::Plan(target, request);
}

}  // namespace

InstantAction Table::commit_action() const {
  return config_.type == TableType::kMergeOnRead ? InstantAction::kDeltaCommit
                                                 : InstantAction::kCommit;
}

Status Table::RetireMetadataTable() {
  io::FileSystem& files = environment_.files;
  const std::string folder = io::JoinPath(base_path_, kMetadataFolder);
  // Properties first: a live property beside stale files would hide our commits from readers.
  if (config_.metadata_table_live()) {
    config_.metadata_partitions.clear();
    TAPELAKE_RETURN_NOT_OK(
        files.ReplaceFile(io::JoinPath(folder, kPropertiesFileName), FormatTableConfig(config_)));
  }
  const std::string metadata_table = io::JoinPath(folder, kMetadataTableFolder);
  TAPELAKE_ASSIGN_OR_RAISE(const bool present, files.Exists(metadata_table));
  return present ? files.DeleteDirectory(metadata_table) : Status::OK();
}

Result<std::string> Table::WaitForInstant() {
  TAPELAKE_RETURN_NOT_OK(Refresh());
  return TakeInstant();
}

Result<std::string> Table::TakeInstant() {
  for (int i = 0; i < kClockWaitsMax; ++i) {
    TAPELAKE_ASSIGN_OR_RAISE(const NextInstant next,
                             state_->timeline()->NextInstantTime(environment_.clock.WallMicros()));
    if (next.wait_micros <= 0) return next.timestamp;
    if (next.wait_micros > kClockWaitMicrosMax) break;
    environment_.clock.Sleep(next.wait_micros);
    TAPELAKE_RETURN_NOT_OK(Refresh());
  }
  return MakeError(ErrorKind::kUnavailable,
                   "table '" + config_.name +
                       "': its newest instant is more than 10 seconds ahead of this machine's "
                       "clock; an instant before it would be lost. Set the clock, or wait");
}

Result<UpsertResult> Table::Upsert(const UpsertRequest& request) {
  TAPELAKE_RETURN_NOT_OK(CleanUpPendingCommits());
  TAPELAKE_RETURN_NOT_OK(CheckWritable(config_));
  UpsertResult result;
  TAPELAKE_ASSIGN_OR_RAISE(result.instant, TakeInstant());
  if (request.schema != nullptr) {
    TAPELAKE_RETURN_NOT_OK(CheckSchemaChange(*state_->schema(), *request.schema));
  }
  TAPELAKE_RETURN_NOT_OK(state_->MakeIndex(static_cast<uint32_t>(config_.bucket_count)));
  const UpsertTarget target{.files = environment_.files,
                            .random = environment_.random,
                            .base_path = base_path_,
                            .config = config_,
                            .index = state_->index(),
                            .buffers = *buffers_,
                            .instant = result.instant};
  TAPELAKE_ASSIGN_OR_RAISE(const auto job, PlanJob(target, request));
  if (config_.metadata_table_live() || state_->HasName(kMetadataTableFolder)) {
    TAPELAKE_RETURN_NOT_OK(RetireMetadataTable());
  }
  result.reason = CommitFiles(job.get(), request, &result);
  if (result.reason.ok()) {
    result.outcome = CommitOutcome::kDone;
    if (!state_->AddCommit(result.instant, commit_action(), *job).ok()) state_.reset();
  } else {
    result.outcome = KindOf(result.reason) == ErrorKind::kUnknownOutcome ? CommitOutcome::kUnknown
                                                                         : CommitOutcome::kNotDone;
    state_.reset();
  }
  return result;
}

Status Table::CommitFiles(CommitJob* job, const UpsertRequest& request, UpsertResult* result) {
  TimelineWriter timeline(environment_.files, base_path_);
  const std::string& instant = result->instant;
  const InstantAction action = commit_action();
  const auto give_up = [&](const Status& reason) {
    // If a file cannot be removed the pending instant must stay: it is how the next writer finds
    // it.
    if (job->RemoveFiles().ok()) (void)timeline.DeletePending(instant, action);
    return KindOf(reason) == ErrorKind::kUnknownOutcome
               ? MakeError(ErrorKind::kUnavailable, reason.message())
               : reason;
  };
  Status status = timeline.CreateRequested(instant, action, "");
  // Another writer's instant is not ours to delete.
  if (KindOf(status) == ErrorKind::kConflict && !status.ok()) return status;
  if (!status.ok()) return give_up(status);
  status = timeline.CreateInflight(instant, action, job->InflightContent());
  if (!status.ok()) return give_up(status);
  auto written = job->Run(result);
  if (!written.ok()) return give_up(written.status());
  written->extra_metadata = request.extra_metadata;
  written->extra_metadata[std::string(kSchemaKey)] = job->commit_schema();
  status = timeline.Complete(instant, action, FormatCommitMetadata(*written));
  if (status.ok() || KindOf(status) == ErrorKind::kUnknownOutcome) return status;
  return give_up(status);
}

}  // namespace tapelake::hudi
