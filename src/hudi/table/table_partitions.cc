// How Table empties whole partitions.

#include <algorithm>
#include <utility>

#include "hudi/format/service_plans.h"
#include "hudi/table/table.h"
#include "hudi/table/table_rules.h"
#include "hudi/table/table_state.h"

namespace tapelake::hudi {

Result<DeletedPartitions> Table::DeletePartitions(const std::vector<std::string>& partition_paths) {
  TAPELAKE_RETURN_NOT_OK(CleanUpPendingCommits());
  TAPELAKE_RETURN_NOT_OK(CheckWritable(config_));
  DeletedPartitions deleted;
  CommitMetadata metadata;
  metadata.operation_type = "DELETE_PARTITION";
  for (const FileSlice& slice : state_->Slices()) {
    if (std::ranges::find(partition_paths, slice.partition_path) == partition_paths.end()) continue;
    metadata.replaced_file_ids[slice.partition_path].push_back(slice.file_id);
    ++deleted.file_groups;
  }
  deleted.partitions = std::ssize(metadata.replaced_file_ids);
  if (deleted.file_groups == 0) return deleted;
  TAPELAKE_RETURN_NOT_OK(RetireMetadataTable());
  TAPELAKE_ASSIGN_OR_RAISE(metadata.extra_metadata, MetadataToCarry());
  TAPELAKE_ASSIGN_OR_RAISE(deleted.instant, TakeInstant());
  TimelineWriter timeline(environment_.files, base_path_);
  constexpr InstantAction kAction = InstantAction::kReplaceCommit;
  state_.reset();
  Status status = timeline.CreateRequested(deleted.instant, kAction, FormatReplacePlan());
  // Another writer's instant is not ours to delete.
  if (KindOf(status) == ErrorKind::kConflict && !status.ok()) return status;
  if (status.ok())
    status = timeline.CreateInflight(deleted.instant, kAction, FormatInflightMetadata({}));
  if (status.ok()) {
    status = timeline.Complete(deleted.instant, kAction, FormatCommitMetadata(metadata));
    if (status.ok()) return deleted;
    if (KindOf(status) == ErrorKind::kUnknownOutcome) return status;
  }
  (void)timeline.DeletePending(deleted.instant, kAction);
  return status;
}

}  // namespace tapelake::hudi
