#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <arrow/record_batch.h>

#include "base/status.h"
#include "hudi/writer/change_groups.h"
#include "hudi/writer/change_log_writer.h"
#include "hudi/writer/commit_job.h"
#include "hudi/writer/file_group_merge.h"

namespace tapelake::hudi {

/// Writes the groups of a request that get a new base file: all of a copy-on-write commit.
class UpsertJob : public CommitJob {
 public:
  /// Take the base files among `groups`, which are the request's. Nothing is written.
  /// Errors: kInvalid (a schema Hudi cannot hold).
  static Result<std::unique_ptr<UpsertJob>> Plan(const UpsertTarget& target,
                                                 const UpsertRequest& request,
                                                 std::shared_ptr<const ChangeGroups> groups);

  /// What is going to be written, before anything was compared with stored rows.
  CommitMetadata Planned() const;

  /// The work profile.
  std::string InflightContent() const override;
  /// Errors: those of FileGroupMerge::Run, and of the file system.
  Result<CommitMetadata> Run(UpsertResult* result) override;
  Status RemoveFiles() override;
  const std::string& commit_schema() const override { return commit_schema_; }
  std::vector<FileSlice> WrittenSlices() const override;

 private:
  UpsertJob(const UpsertTarget& target, const UpsertRequest& request,
            std::shared_ptr<const ChangeGroups> groups);
  void AddTask(const ChangeGroup& group);
  Status Write(size_t number);

  UpsertTarget target_;
  const UpsertRequest& request_;
  std::shared_ptr<const ChangeGroups> groups_;
  std::string commit_schema_;
  CommitContext context_;
  std::optional<ChangeLogFormat> change_log_;  // nullopt: the table has no change-data logs
  std::vector<FileGroupTask> tasks_;
  std::vector<FileGroupOutcome> outcomes_;  // per task, after Run()
};

/// Return, per column, whether a sample of its values repeats itself enough for a dictionary.
/// Only strings and binaries are ever worth one.
std::vector<bool> FindLowCardinality(const arrow::RecordBatch& rows);

}  // namespace tapelake::hudi
