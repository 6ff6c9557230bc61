// The writing half of Table.

#include <ranges>

#include "hudi/index/bucket_index.h"
#include "hudi/table/table.h"
#include "hudi/table/table_rules.h"
#include "hudi/writer/data_files.h"
#include "hudi/writer/upsert_job.h"

namespace tapelake::hudi {
namespace {

constexpr int64_t kClockWaitMicrosMax = 10'000'000;
constexpr int kClockWaitsMax = 100;

/// Only these write base files. A dead clean or rollback is finished by its own kind of writer.
bool IsOurBusiness(const Instant& instant) {
  return instant.action == InstantAction::kCommit ||
         instant.action == InstantAction::kReplaceCommit;
}

}  // namespace

Status Table::CleanUpPendingCommits() {
  TAPELAKE_ASSIGN_OR_RAISE(const Timeline timeline, LoadTimeline());
  const std::vector<Instant> pending = timeline.PendingInstants();
  for (const Instant& instant : pending | std::views::reverse) {
    if (IsOurBusiness(instant)) TAPELAKE_RETURN_NOT_OK(RollBack(instant));
  }
  return Status::OK();
}

Status Table::RollBack(const Instant& instant) {
  io::FileSystem& files = environment_.files;
  TAPELAKE_ASSIGN_OR_RAISE(const std::vector<std::string> written,
                           ListFilesOfInstant(files, base_path_, instant.timestamp));
  TAPELAKE_RETURN_NOT_OK(DeleteDataFiles(files, base_path_, written));
  TAPELAKE_RETURN_NOT_OK(
      files.DeleteDirectory(io::JoinPath(base_path_, ".hoodie/.temp/" + instant.timestamp)));
  return TimelineWriter(files, base_path_).DeletePending(instant.timestamp, instant.action);
}

Status Table::RetireMetadataTable() {
  io::FileSystem& files = environment_.files;
  // Properties first: a live property beside stale files would hide our commits from readers.
  if (config_.metadata_table_live()) {
    config_.metadata_partitions.clear();
    TAPELAKE_RETURN_NOT_OK(files.ReplaceFile(io::JoinPath(base_path_, ".hoodie/hoodie.properties"),
                                             FormatTableConfig(config_)));
  }
  const std::string folder = io::JoinPath(base_path_, ".hoodie/metadata");
  TAPELAKE_ASSIGN_OR_RAISE(const bool present, files.Exists(folder));
  return present ? files.DeleteDirectory(folder) : Status::OK();
}

Result<std::string> Table::WaitForInstant() {
  for (int i = 0; i < kClockWaitsMax; ++i) {
    TAPELAKE_ASSIGN_OR_RAISE(const Timeline timeline, LoadTimeline());
    TAPELAKE_ASSIGN_OR_RAISE(const NextInstant next,
                             timeline.NextInstantTime(environment_.clock.WallMicros()));
    if (next.wait_micros <= 0) return next.timestamp;
    if (next.wait_micros > kClockWaitMicrosMax) break;
    environment_.clock.Sleep(next.wait_micros);
  }
  return MakeError(ErrorKind::kUnavailable,
                   "table '" + config_.name +
                       "': its newest instant is more than 10 seconds ahead of this machine's "
                       "clock; an instant before it would be lost. Set the clock, or wait");
}

Result<UpsertResult> Table::Upsert(const UpsertRequest& request) {
  TAPELAKE_RETURN_NOT_OK(ReloadConfig());
  TAPELAKE_RETURN_NOT_OK(CheckWritable(config_));
  TAPELAKE_RETURN_NOT_OK(CleanUpPendingCommits());
  TAPELAKE_ASSIGN_OR_RAISE(const Snapshot snapshot, LatestSnapshot());
  if (request.schema != nullptr) {
    TAPELAKE_RETURN_NOT_OK(CheckSchemaChange(*snapshot.schema, *request.schema));
  }
  TAPELAKE_ASSIGN_OR_RAISE(
      const BucketIndex index,
      BucketIndex::Make(snapshot.slices, static_cast<uint32_t>(config_.bucket_count)));
  UpsertResult result;
  TAPELAKE_ASSIGN_OR_RAISE(result.instant, WaitForInstant());
  const UpsertTarget target{.files = environment_.files,
                            .random = environment_.random,
                            .base_path = base_path_,
                            .config = config_,
                            .index = index,
                            .instant = result.instant};
  TAPELAKE_ASSIGN_OR_RAISE(const auto job, UpsertJob::Plan(target, request));
  TAPELAKE_RETURN_NOT_OK(RetireMetadataTable());
  result.reason = CommitFiles(job.get(), request, &result);
  result.outcome = result.reason.ok()                                    ? CommitOutcome::kDone
                   : KindOf(result.reason) == ErrorKind::kUnknownOutcome ? CommitOutcome::kUnknown
                                                                         : CommitOutcome::kNotDone;
  return result;
}

Status Table::CommitFiles(UpsertJob* job, const UpsertRequest& request, UpsertResult* result) {
  TimelineWriter timeline(environment_.files, base_path_);
  const std::string& instant = result->instant;
  const auto give_up = [&](const Status& reason) {
    // If a file cannot be removed the pending instant must stay: it is how the next writer finds
    // it.
    if (job->RemoveFiles().ok()) (void)timeline.DeletePending(instant, InstantAction::kCommit);
    return KindOf(reason) == ErrorKind::kUnknownOutcome
               ? MakeError(ErrorKind::kUnavailable, reason.message())
               : reason;
  };
  Status status = timeline.CreateRequested(instant, InstantAction::kCommit, "");
  // Another writer's instant is not ours to delete.
  if (KindOf(status) == ErrorKind::kConflict && !status.ok()) return status;
  if (!status.ok()) return give_up(status);
  status = timeline.CreateInflight(instant, InstantAction::kCommit,
                                   FormatInflightMetadata(job->PlannedMetadata()));
  if (!status.ok()) return give_up(status);
  auto written = job->Run(result);
  if (!written.ok()) return give_up(written.status());
  written->extra_metadata = request.extra_metadata;
  written->extra_metadata[std::string(kSchemaKey)] = job->commit_schema();
  status = timeline.Complete(instant, InstantAction::kCommit, FormatCommitMetadata(*written));
  if (status.ok() || KindOf(status) == ErrorKind::kUnknownOutcome) return status;
  return give_up(status);
}

}  // namespace tapelake::hudi
