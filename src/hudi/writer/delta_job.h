#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <arrow/record_batch.h>

#include "base/status.h"
#include "hudi/format/avro_datum.h"
#include "hudi/format/log_block.h"
#include "hudi/writer/change_groups.h"
#include "hudi/writer/commit_job.h"

namespace tapelake::hudi {

/// Writes the groups of a request that get a new log file each, and reads nothing that is stored:
/// with a bucket index all of a merge-on-read commit. Groups that do not exist yet start log-only.
class DeltaJob : public CommitJob {
 public:
  static constexpr int64_t kRowsMax = 50'000'000;  ///< Of one request.

  /// Take the log files among `groups`, which are the request's. Nothing is written. Errors:
  /// kInvalid (a schema Hudi cannot hold, more rows than kRowsMax, a merger, a delete_ordering
  /// where the precombine column is not int64).
  static Result<std::unique_ptr<DeltaJob>> Plan(const UpsertTarget& target,
                                                const UpsertRequest& request,
                                                std::shared_ptr<const ChangeGroups> groups);

  /// What is going to be written.
  CommitMetadata Planned() const;
  /// Every file to be written, by its path: whoever rolls the instant back finds them all.
  std::string InflightContent() const override;
  /// Errors: kInvalid (a record key that is not its row's; a row Avro cannot hold), kUnavailable.
  Result<CommitMetadata> Run(UpsertResult* result) override;
  Status RemoveFiles() override;
  const std::string& commit_schema() const override { return commit_schema_; }
  std::vector<FileSlice> WrittenSlices() const override;

 private:
  /// One log file.
  struct Task {
    uint32_t number = 0;  ///< Within the commit.
    const ChangeGroup* group = nullptr;
    const FileSlice* stored = nullptr;  ///< nullptr: a new group.
    std::string partition_path;
    std::string file_id;
    std::string base_instant;  ///< In the log's name.
    int64_t version = 1;
    std::string file_name;
    int64_t size_bytes = 0;  ///< Once written.

    std::string RelativePath() const;
    int64_t row_count() const;
  };

  DeltaJob(const UpsertTarget& target, const UpsertRequest& request,
           std::shared_ptr<const ChangeGroups> groups);
  Status CheckRequest() const;
  void AddTask(const ChangeGroup& group);
  Status PrepareRows();
  Status WriteTasks();
  Status Write(std::span<Task> tasks, AvroRowEncoder* encoder) const;
  Result<std::vector<int64_t>> RowsOf(const Task& task) const;
  std::vector<DeleteRecord> DeletesOf(const Task& task) const;
  Result<std::shared_ptr<arrow::RecordBatch>> WithMetaValues(const Task& task) const;
  WriteStat StatOf(const Task& task) const;

  UpsertTarget target_;
  const UpsertRequest& request_;
  std::shared_ptr<const ChangeGroups> groups_;
  std::string commit_schema_;
  std::string record_schema_;                    // with meta columns
  std::shared_ptr<arrow::Schema> encoded_form_;  // with meta columns, constants as dictionaries
  std::shared_ptr<arrow::Array> zeros_;          // indices of the constant columns
  std::shared_ptr<arrow::Array> commit_times_;
  std::shared_ptr<arrow::Array> sequence_numbers_;
  std::vector<Task> tasks_;
};

}  // namespace tapelake::hudi
