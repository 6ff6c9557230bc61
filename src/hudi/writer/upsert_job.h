#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <arrow/record_batch.h>

#include "base/status.h"
#include "hudi/writer/change_groups.h"
#include "hudi/writer/commit_job.h"
#include "hudi/writer/file_group_merge.h"

namespace tapelake::hudi {

/// A copy-on-write commit: every touched file group gets a new base file.
class UpsertJob : public CommitJob {
 public:
  /// Distribute the changes over file groups. Nothing is written.
  /// Errors: those of ChangeGroups::Make; kInvalid (a schema Hudi cannot hold).
  static Result<std::unique_ptr<UpsertJob>> Plan(const UpsertTarget& target,
                                                 const UpsertRequest& request);

  /// The work profile: what the changes say, before anything was compared with stored rows.
  std::string InflightContent() const override;
  /// Errors: those of FileGroupMerge::Run, and of the file system.
  Result<CommitMetadata> Run(UpsertResult* result) override;
  Status RemoveFiles() override;
  const std::string& commit_schema() const override { return commit_schema_; }
  void UpdateIndex(BucketIndex* index) const override;

 private:
  UpsertJob(const UpsertTarget& target, const UpsertRequest& request, ChangeGroups groups);
  void AddTask(const ChangeGroup& group);

  UpsertTarget target_;
  const UpsertRequest& request_;
  ChangeGroups groups_;
  std::string commit_schema_;
  CommitContext context_;
  std::vector<FileGroupTask> tasks_;
  std::vector<FileGroupOutcome> outcomes_;  // per task, after Run()
};

/// Return, per column, whether a sample of its values repeats itself enough for a dictionary.
/// Only strings and binaries are ever worth one.
std::vector<bool> FindLowCardinality(const arrow::RecordBatch& rows);

}  // namespace tapelake::hudi
