// The writing half of Table.

#include <memory>
#include <utility>

#include "hudi/format/file_name.h"
#include "hudi/format/service_plans.h"
#include "hudi/table/table.h"
#include "hudi/table/table_rules.h"
#include "hudi/table/table_state.h"
#include "hudi/writer/bucket_placement.h"
#include "hudi/writer/delta_job.h"
#include "hudi/writer/file_sizing.h"
#include "hudi/writer/key_placement.h"
#include "hudi/writer/mixed_job.h"
#include "hudi/writer/sorted_placement.h"
#include "hudi/writer/upsert_job.h"

namespace tapelake::hudi {
namespace {

constexpr int64_t kClockWaitMicrosMax = 10'000'000;
constexpr int kClockWaitsMax = 100;
constexpr const char* kMetadataTableFolder = "metadata";
constexpr int64_t kCheckedFilesMax = 100'000;  // remembered; about 150 bytes each

/// Find the file group of every change, by the table's index.
Result<ChangeGroups> Place(const UpsertTarget& target, const UpsertRequest& request,
                           CheckedBaseFiles& checked) {
  if (target.buckets != nullptr) return PlaceByBucket(target, request);
  TAPELAKE_ASSIGN_OR_RAISE(const FileSizing sizing, FileSizingOf(target.config));
  if (request.operation == WriteOperation::kBulkInsert || ReplacesGroups(request.operation)) {
    return PlaceSorted(target, request, sizing);
  }
  return PlaceByKey(target, request, sizing, checked);
}

Result<std::unique_ptr<CommitJob>> PlanJob(const UpsertTarget& target, const UpsertRequest& request,
                                           const std::shared_ptr<const ChangeGroups>& groups) {
  const bool only_base_files =
      target.config.type == TableType::kCopyOnWrite || ReplacesGroups(request.operation);
  if (only_base_files) return UpsertJob::Plan(target, request, groups);
  if (target.buckets != nullptr) return DeltaJob::Plan(target, request, groups);
  return MixedJob::Plan(target, request, groups);
}

}  // namespace

InstantAction Table::ActionOf(WriteOperation operation) const {
  if (ReplacesGroups(operation)) return InstantAction::kReplaceCommit;
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
  // East of UTC that may be the zone of another writer, not the clock.
  const std::string zone =
      config_.timezone == "UTC"
          ? ""
          : "; hoodie.table.timeline.timezone is " + config_.timezone +
                ", so Spark names instants in the zone of its JVM, Tapelake in UTC: run Spark with "
                "-Duser.timezone=UTC, or set that property to UTC";
  return MakeError(ErrorKind::kUnavailable,
                   "table '" + config_.name +
                       "': its newest instant is more than 10 seconds ahead of this machine's "
                       "clock; an instant before it would be lost\nhint: set the clock, or wait" +
                       zone);
}

Result<UpsertResult> Table::Upsert(const UpsertRequest& request) {
  TAPELAKE_RETURN_NOT_OK(CleanUpPendingCommits());
  TAPELAKE_RETURN_NOT_OK(CheckWritable(config_));
  UpsertResult result;
  TAPELAKE_ASSIGN_OR_RAISE(result.instant, TakeInstant());
  if (request.schema != nullptr) {
    TAPELAKE_RETURN_NOT_OK(CheckSchemaChange(config_, *state_->schema(), *request.schema));
  }
  TAPELAKE_ASSIGN_OR_RAISE(const auto job, PlanCommit(result.instant, request));
  if (config_.metadata_table_live() || state_->HasName(kMetadataTableFolder)) {
    TAPELAKE_RETURN_NOT_OK(RetireMetadataTable());
  }
  result.reason = CommitFiles(job.get(), request, &result);
  if (result.reason.ok()) {
    result.outcome = CommitOutcome::kDone;
    const InstantAction action = ActionOf(request.operation);
    const bool replaces = action == InstantAction::kReplaceCommit;
    if (replaces || !state_->AddCommit(result.instant, action, *job).ok()) state_.reset();
  } else {
    result.outcome = KindOf(result.reason) == ErrorKind::kUnknownOutcome ? CommitOutcome::kUnknown
                                                                         : CommitOutcome::kNotDone;
    state_.reset();
  }
  return result;
}

Result<std::unique_ptr<CommitJob>> Table::PlanCommit(const std::string& instant,
                                                     const UpsertRequest& request) {
  const bool has_buckets = config_.index_kind() == IndexKind::kBucket;
  TAPELAKE_RETURN_NOT_OK(
      state_->IndexBuckets(has_buckets ? static_cast<uint32_t>(config_.bucket_count) : 0));
  const UpsertTarget target{.files = environment_.files,
                            .random = environment_.random,
                            .base_path = base_path_,
                            .config = config_,
                            .timeline = *state_->timeline(),
                            .buckets = state_->buckets(),
                            .slices = state_->slices(),
                            .buffers = *buffers_,
                            .instant = instant};
  if (checked_->files_read() > kCheckedFilesMax) checked_ = std::make_unique<CheckedBaseFiles>();
  TAPELAKE_ASSIGN_OR_RAISE(ChangeGroups groups, Place(target, request, *checked_));
  return PlanJob(target, request, std::make_shared<const ChangeGroups>(std::move(groups)));
}

std::map<std::string, std::vector<std::string>> Table::ReplacedBy(const CommitMetadata& written,
                                                                  WriteOperation operation) const {
  std::map<std::string, std::vector<std::string>> replaced;
  if (!ReplacesGroups(operation)) return replaced;
  const bool all = operation == WriteOperation::kInsertOverwriteTable;
  for (const FileSlice& slice : state_->Slices()) {
    if (!all && !written.write_stats.contains(slice.partition_path)) continue;
    replaced[slice.partition_path].push_back(slice.file_id);
  }
  return replaced;
}

Status Table::CommitFiles(CommitJob* job, const UpsertRequest& request, UpsertResult* result) {
  TimelineWriter timeline(environment_.files, base_path_);
  const std::string& instant = result->instant;
  const InstantAction action = ActionOf(request.operation);
  const auto give_up = [&](const Status& reason) {
    // If a file cannot be removed the pending instant must stay: it is how the next writer finds
    // it.
    if (job->RemoveFiles().ok()) (void)timeline.DeletePending(instant, action);
    return KindOf(reason) == ErrorKind::kUnknownOutcome
               ? MakeError(ErrorKind::kUnavailable, reason.message())
               : reason;
  };
  Status status = timeline.CreateRequested(
      instant, action, ReplacesGroups(request.operation) ? FormatReplacePlan() : "");
  // Another writer's instant is not ours to delete.
  if (KindOf(status) == ErrorKind::kConflict && !status.ok()) return status;
  if (!status.ok()) return give_up(status);
  status = timeline.CreateInflight(instant, action, job->InflightContent());
  if (!status.ok()) return give_up(status);
  auto written = job->Run(result);
  if (!written.ok()) return give_up(written.status());
  written->replaced_file_ids = ReplacedBy(*written, request.operation);
  written->extra_metadata = request.extra_metadata;
  written->extra_metadata[std::string(kSchemaKey)] = job->commit_schema();
  status = timeline.Complete(instant, action, FormatCommitMetadata(*written));
  if (status.ok() || KindOf(status) == ErrorKind::kUnknownOutcome) return status;
  return give_up(status);
}

}  // namespace tapelake::hudi
