#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "hudi/writer/delta_job.h"
#include "hudi/writer/upsert_job.h"

namespace tapelake::hudi {

/// A merge-on-read commit of base files and log files: new rows that are found by what base files
/// hold must go into base files.
class MixedJob : public CommitJob {
 public:
  /// Nothing is written. Errors: those of UpsertJob::Plan and DeltaJob::Plan.
  static Result<std::unique_ptr<MixedJob>> Plan(const UpsertTarget& target,
                                                const UpsertRequest& request,
                                                const std::shared_ptr<const ChangeGroups>& groups);

  /// Every file to be written, by its path.
  std::string InflightContent() const override;
  Result<CommitMetadata> Run(UpsertResult* result) override;
  Status RemoveFiles() override;
  const std::string& commit_schema() const override { return base_files_->commit_schema(); }
  std::vector<FileSlice> WrittenSlices() const override;

 private:
  MixedJob(std::unique_ptr<UpsertJob> base_files, std::unique_ptr<DeltaJob> logs)
      : base_files_(std::move(base_files)), logs_(std::move(logs)) {}

  std::unique_ptr<UpsertJob> base_files_;
  std::unique_ptr<DeltaJob> logs_;
};

}  // namespace tapelake::hudi
