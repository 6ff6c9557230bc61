#include "hudi/writer/mixed_job.h"

#include <utility>

namespace tapelake::hudi {
namespace {

/// Add the stats of `more` to those of `metadata`.
void AddStats(CommitMetadata more, CommitMetadata* metadata) {
  for (auto& [partition, stats] : more.write_stats) {
    auto& into = metadata->write_stats[partition];
    into.insert(into.end(), std::make_move_iterator(stats.begin()),
                std::make_move_iterator(stats.end()));
  }
}

}  // namespace

Result<std::unique_ptr<MixedJob>> MixedJob::Plan(
    const UpsertTarget& target, const UpsertRequest& request,
    const std::shared_ptr<const ChangeGroups>& groups) {
  TAPELAKE_ASSIGN_OR_RAISE(auto base_files, UpsertJob::Plan(target, request, groups));
  TAPELAKE_ASSIGN_OR_RAISE(auto logs, DeltaJob::Plan(target, request, groups));
  return std::unique_ptr<MixedJob>(new MixedJob(std::move(base_files), std::move(logs)));
}

std::string MixedJob::InflightContent() const {
  CommitMetadata planned = logs_->Planned();
  AddStats(base_files_->Planned(), &planned);
  return FormatCommitMetadata(planned);
}

Result<CommitMetadata> MixedJob::Run(UpsertResult* result) {
  TAPELAKE_ASSIGN_OR_RAISE(CommitMetadata metadata, base_files_->Run(result));
  TAPELAKE_ASSIGN_OR_RAISE(CommitMetadata logs, logs_->Run(result));
  AddStats(std::move(logs), &metadata);
  return metadata;
}

Status MixedJob::RemoveFiles() {
  const Status base_files = base_files_->RemoveFiles();
  const Status logs = logs_->RemoveFiles();
  return base_files.ok() ? logs : base_files;
}

std::vector<FileSlice> MixedJob::WrittenSlices() const {
  std::vector<FileSlice> slices = base_files_->WrittenSlices();
  for (FileSlice& slice : logs_->WrittenSlices())
    slices.push_back(std::move(slice));
  return slices;
}

}  // namespace tapelake::hudi
