// How Table merges small files.

#include <utility>

#include "hudi/clustering/clustering.h"
#include "hudi/format/avro_schema.h"
#include "hudi/table/table.h"
#include "hudi/table/table_rules.h"
#include "hudi/table/table_state.h"

namespace tapelake::hudi {

Result<ClusteringCounts> Table::Cluster(const ClusteringPolicy& policy, int threads) {
  TAPELAKE_RETURN_NOT_OK(CleanUpPendingCommits());
  TAPELAKE_RETURN_NOT_OK(CheckServiceable(config_));
  const std::vector<FileSlice> slices = state_->Slices();
  TAPELAKE_RETURN_NOT_OK(CheckClusterable(config_, slices));
  const std::vector<ClusteringGroup> groups = PlanClustering(slices, policy);
  ClusteringCounts counts;
  if (groups.empty()) return counts;
  TAPELAKE_RETURN_NOT_OK(RetireMetadataTable());
  std::map<std::string, std::string> extra;
  TAPELAKE_ASSIGN_OR_RAISE(extra, MetadataToCarry());
  const std::shared_ptr<arrow::Schema> schema = state_->schema();
  const std::shared_ptr<const Timeline> known = state_->timeline();
  TAPELAKE_ASSIGN_OR_RAISE(counts.instant, TakeInstant());
  const ClusteringTarget target{.files = environment_.files,
                                .random = environment_.random,
                                .base_path = base_path_,
                                .config = config_,
                                .timeline = *known,
                                .instant = counts.instant,
                                .schema = schema};
  ClusteringJob job(target, groups);
  TimelineWriter timeline(environment_.files, base_path_);
  constexpr InstantAction kAction = InstantAction::kReplaceCommit;
  const auto give_up = [&](const Status& reason) {
    state_.reset();
    if (job.RemoveFiles().ok()) (void)timeline.DeletePending(counts.instant, kAction);
    return reason;
  };
  Status status =
      timeline.CreateRequested(counts.instant, kAction, FormatClusteringPlan(base_path_, groups));
  // Another writer's instant is not ours to delete.
  if (KindOf(status) == ErrorKind::kConflict && !status.ok()) return status;
  if (status.ok()) status = timeline.CreateInflight(counts.instant, kAction, job.InflightContent());
  if (!status.ok()) return give_up(status);
  auto written = job.Run(threads);
  if (!written.ok()) return give_up(written.status());
  written->extra_metadata = std::move(extra);
  status = timeline.Complete(counts.instant, kAction, FormatCommitMetadata(*written));
  if (KindOf(status) == ErrorKind::kUnknownOutcome && !status.ok()) {
    state_.reset();
    return status;
  }
  if (!status.ok()) return give_up(status);
  // The state stays: the next look at the timeline takes up what happened in these partitions.
  for (const auto& [partition, stats] : written->write_stats) {
    for (const WriteStat& stat : stats) {
      ++counts.files_written;
      counts.rows += stat.writes;
      counts.bytes_written += stat.file_size_bytes;
    }
    counts.files_replaced += std::ssize(written->replaced_file_ids[partition]);
  }
  return counts;
}

}  // namespace tapelake::hudi
