#include "hudi/writer/upsert_job.h"

#include <algorithm>
#include <set>

#include <absl/container/flat_hash_set.h>
#include <arrow/array.h>
#include <arrow/util/checked_cast.h>

#include "hudi/format/avro_schema.h"
#include "hudi/format/file_name.h"
#include "hudi/writer/data_files.h"
#include "hudi/writer/incoming_rows.h"

namespace tapelake::hudi {
namespace {

constexpr int64_t kSampleRows = 2048;
constexpr int64_t kSampleRowsMin = 16;  // fewer rows say nothing about the column

bool IsFew(int64_t values, int64_t rows) {
  return values * 4 <= rows;
}

template <typename ArrayType>
bool RepeatsItself(const ArrayType& column) {
  const int64_t rows = column.length();
  const int64_t step = std::max<int64_t>(1, rows / kSampleRows);
  absl::flat_hash_set<std::string_view> distinct;
  int64_t sampled = 0;
  for (int64_t row = 0; row < rows; row += step) {
    ++sampled;
    if (column.IsValid(row)) distinct.insert(column.GetView(row));
  }
  return sampled >= kSampleRowsMin && IsFew(std::ssize(distinct), sampled);
}

}  // namespace

std::vector<bool> FindLowCardinality(const arrow::RecordBatch& rows) {
  std::vector<bool> low;
  for (const auto& column : rows.columns()) {
    using arrow::internal::checked_cast;
    if (column->type_id() == arrow::Type::STRING) {
      low.push_back(RepeatsItself(checked_cast<const arrow::StringArray&>(*column)));
    } else if (column->type_id() == arrow::Type::BINARY) {
      low.push_back(RepeatsItself(checked_cast<const arrow::BinaryArray&>(*column)));
    } else if (column->type_id() == arrow::Type::DICTIONARY) {
      const auto& encoded = checked_cast<const arrow::DictionaryArray&>(*column);
      low.push_back(IsFew(encoded.dictionary()->length(), column->length()));
    } else {
      low.push_back(false);
    }
  }
  return low;
}

UpsertJob::UpsertJob(const UpsertTarget& target, const UpsertRequest& request,
                     std::shared_ptr<const ChangeGroups> groups)
    : target_(target),
      request_(request),
      groups_(std::move(groups)),
      context_{.files = target.files,
               .base_path = target.base_path,
               .instant = target.instant,
               .request = request} {}

Result<std::unique_ptr<UpsertJob>> UpsertJob::Plan(const UpsertTarget& target,
                                                   const UpsertRequest& request,
                                                   std::shared_ptr<const ChangeGroups> groups) {
  std::unique_ptr<UpsertJob> job(new UpsertJob(target, request, std::move(groups)));
  const AvroRecordName name = AvroRecordName::OfTable(target.config.name);
  TAPELAKE_ASSIGN_OR_RAISE(job->commit_schema_, FormatAvroSchema(*request.schema, name));
  TAPELAKE_ASSIGN_OR_RAISE(job->context_.footer_schema,
                           FormatAvroSchema(*WithMetaColumns(request.schema), name));
  job->context_.low_cardinality = FindLowCardinality(*request.rows);
  if (target.config.cdc_enabled) {
    const CdcLogging logging = target.config.cdc_logging().value_or(CdcLogging::kBothImages);
    job->change_log_ = {
        .logging = logging,
        .schema = ChangeLogSchemaText(logging, job->commit_schema_, name.name, name.name_space)};
  }
  for (const ChangeGroup& group : job->groups_->groups()) {
    if (group.in_base_file) job->AddTask(group);
  }
  return job;
}

void UpsertJob::AddTask(const ChangeGroup& group) {
  FileGroupTask task;
  // Rows of logs have 0 in their sequence numbers.
  const size_t first = target_.config.type == TableType::kMergeOnRead ? 1 : 0;
  task.number = static_cast<uint32_t>(first + tasks_.size());
  task.partition_path = groups_->partition_paths()[group.partition];
  task.stored = group.stored;
  task.file_id = group.file_id;
  task.file_name = FormatBaseFileName({.file_id = task.file_id,
                                       .write_token = std::to_string(task.number) + "-0-0",
                                       .instant = target_.instant});
  task.changes = group.changes;
  task.delete_count = group.delete_count;
  task.keys_are_distinct = group.keys_are_distinct;
  tasks_.push_back(std::move(task));
}

std::string UpsertJob::InflightContent() const {
  return FormatInflightMetadata(Planned());
}

CommitMetadata UpsertJob::Planned() const {
  CommitMetadata planned;
  planned.operation_type = WriteOperationName(request_.operation);
  for (const FileGroupTask& task : tasks_) {
    WriteStat stat;
    stat.file_id = task.file_id;
    stat.path = task.RelativePath();
    stat.partition_path = task.partition_path;
    const auto rows = static_cast<int64_t>(task.changes.size()) - task.delete_count;
    stat.deletes = task.delete_count;
    (task.stored != nullptr ? stat.update_writes : stat.inserts) = rows;
    if (task.stored != nullptr) stat.previous_commit = task.stored->base_instant;
    planned.write_stats[task.partition_path].push_back(std::move(stat));
  }
  return planned;
}

Status UpsertJob::Write(size_t number) {
  const FileGroupTask& task = tasks_[number];
  FileGroupOutcome& outcome = outcomes_[number];
  TAPELAKE_ASSIGN_OR_RAISE(outcome, FileGroupMerge(context_, task).Run());
  // What is new in a new file is clear without a log.
  if (!change_log_ || !outcome.written || task.stored == nullptr) return Status::OK();
  TAPELAKE_ASSIGN_OR_RAISE(outcome.stat.cdc_stats[ChangeLogPath(context_, task)],
                           WriteChangeLog(context_, task, outcome, *change_log_));
  return Status::OK();
}

Result<CommitMetadata> UpsertJob::Run(UpsertResult* result) {
  std::set<std::string> partitions;
  for (const FileGroupTask& task : tasks_)
    partitions.insert(task.partition_path);
  TAPELAKE_RETURN_NOT_OK(PreparePartitions(target_, partitions));
  TAPELAKE_ASSIGN_OR_RAISE(
      context_.rows, EncodeFewValues(request_.rows, context_.low_cardinality, request_.threads));
  outcomes_.resize(tasks_.size());
  TAPELAKE_RETURN_NOT_OK(RunOnThreads(tasks_.size(), request_.threads,
                                      [this](size_t task, size_t) { return Write(task); }));
  CommitMetadata metadata;
  metadata.instant = target_.instant;
  metadata.operation_type = WriteOperationName(request_.operation);
  result->missing_deletes += groups_->missing_deletes();
  for (const FileGroupOutcome& outcome : outcomes_) {
    result->kept_stored_rows += outcome.kept_stored_rows;
    result->missing_deletes += outcome.missing_deletes;
    result->refused.insert(result->refused.end(), outcome.refused.begin(), outcome.refused.end());
    if (!outcome.written) continue;
    result->inserted_rows += outcome.stat.inserts;
    result->updated_rows += outcome.stat.update_writes;
    result->deleted_rows += outcome.stat.deletes;
    result->bytes_written += outcome.stat.file_size_bytes;
    ++result->files_written;
    metadata.write_stats[outcome.stat.partition_path].push_back(outcome.stat);
  }
  std::ranges::sort(result->refused);
  for (const auto& [partition_path, stats] : metadata.write_stats) {
    TAPELAKE_RETURN_NOT_OK(
        target_.files.SyncDirectory(io::JoinPath(target_.base_path, partition_path)));
  }
  return metadata;
}

Status UpsertJob::RemoveFiles() {
  std::vector<std::string> paths;
  for (const FileGroupTask& task : tasks_) {
    paths.push_back(task.RelativePath());
    if (change_log_ && task.stored != nullptr) paths.push_back(ChangeLogPath(context_, task));
  }
  return DeleteDataFiles(target_.files, target_.base_path, paths);
}

std::vector<FileSlice> UpsertJob::WrittenSlices() const {
  std::vector<FileSlice> slices;
  for (size_t i = 0; i < outcomes_.size(); ++i) {
    if (!outcomes_[i].written) continue;
    const FileGroupTask& task = tasks_[i];
    FileSlice slice;
    slice.partition_path = task.partition_path;
    slice.file_id = task.file_id;
    slice.base_instant = target_.instant;
    slice.base_file_name = task.file_name;
    slice.size_bytes = outcomes_[i].stat.file_size_bytes;
    slices.push_back(std::move(slice));
  }
  return slices;
}

}  // namespace tapelake::hudi
