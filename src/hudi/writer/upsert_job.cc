#include "hudi/writer/upsert_job.h"

#include <algorithm>
#include <atomic>
#include <set>
#include <thread>
#include <unordered_map>

#include <absl/container/flat_hash_set.h>
#include <arrow/array.h>
#include <arrow/util/checked_cast.h>

#include "hudi/format/avro_schema.h"
#include "hudi/format/file_name.h"
#include "hudi/writer/data_files.h"

namespace tapelake::hudi {
namespace {

constexpr int kThreadsMax = 64;
constexpr int64_t kSampleRows = 2048;
constexpr int64_t kSampleRowsMin = 16;  // fewer rows say nothing about the column

Status Invalid(std::string message) {
  return MakeError(ErrorKind::kInvalid, std::move(message));
}

Status CheckRequest(const UpsertRequest& request) {
  if (request.rows == nullptr || request.schema == nullptr) {
    return Invalid("upsert without rows or schema");
  }
  if (!request.rows->schema()->Equals(*request.schema, /*check_metadata=*/false)) {
    return Invalid("the rows of an upsert have other columns than its schema: " +
                   request.rows->schema()->ToString() + " instead of " +
                   request.schema->ToString());
  }
  if (request.changes.size() > std::numeric_limits<uint32_t>::max()) {
    return Invalid("more than 2^32 changes in one commit");
  }
  for (const RecordChange& change : request.changes) {
    if (change.record_key.empty()) return Invalid("a change has an empty record key");
    if (change.partition >= request.partition_values.size()) {
      return Invalid("change of key '" + std::string(change.record_key) + "' names partition " +
                     std::to_string(change.partition) + " of " +
                     std::to_string(request.partition_values.size()));
    }
    const bool has_row = change.row >= 0 && change.row < request.rows->num_rows();
    if (change.row != RecordChange::kDelete && !has_row) {
      return Invalid("change of key '" + std::string(change.record_key) + "' names row " +
                     std::to_string(change.row) + " of " +
                     std::to_string(request.rows->num_rows()));
    }
  }
  return Status::OK();
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
  return sampled >= kSampleRowsMin && static_cast<int64_t>(distinct.size()) * 4 <= sampled;
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
    } else {
      low.push_back(false);
    }
  }
  return low;
}

UpsertJob::UpsertJob(const UpsertTarget& target, const UpsertRequest& request)
    : target_(target),
      request_(request),
      context_{.files = target.files,
               .base_path = target.base_path,
               .instant = target.instant,
               .request = request} {}

Result<std::unique_ptr<UpsertJob>> UpsertJob::Plan(const UpsertTarget& target,
                                                   const UpsertRequest& request) {
  TAPELAKE_RETURN_NOT_OK(CheckRequest(request));
  std::unique_ptr<UpsertJob> job(new UpsertJob(target, request));
  const AvroRecordName name = AvroRecordName::OfTable(target.config.name);
  TAPELAKE_ASSIGN_OR_RAISE(job->commit_schema_, FormatAvroSchema(*request.schema, name));
  TAPELAKE_ASSIGN_OR_RAISE(job->context_.footer_schema,
                           FormatAvroSchema(*WithMetaColumns(request.schema), name));
  job->context_.low_cardinality = FindLowCardinality(*request.rows);
  TAPELAKE_RETURN_NOT_OK(job->ResolvePartitions());
  TAPELAKE_RETURN_NOT_OK(job->Distribute());
  return job;
}

Status UpsertJob::ResolvePartitions() {
  const TableConfig& config = target_.config;
  const PartitionPathStyle style{.hive_style = config.hive_style_partitioning,
                                 .urlencode = config.urlencode_partitions};
  std::unordered_map<std::string, uint32_t> ids;
  for (const std::string& value : request_.partition_values) {
    std::string path;
    if (!config.partition_fields.empty()) {
      TAPELAKE_ASSIGN_OR_RAISE(path,
                               PartitionPathPart(config.partition_fields.front(), value, style));
    }
    const auto [known, added] = ids.emplace(path, static_cast<uint32_t>(partition_paths_.size()));
    partition_of_value_.push_back(known->second);
    if (added) partition_paths_.push_back(std::move(path));
  }
  return Status::OK();
}

Status UpsertJob::Distribute() {
  const uint32_t buckets = target_.index.bucket_count();
  const size_t change_count = request_.changes.size();
  std::vector<uint32_t> group_of_change(change_count);
  // A counting sort by (partition, bucket): stable, so rows stay in the request's order.
  std::vector<size_t> ends(partition_paths_.size() * buckets + 1, 0);
  std::vector<int64_t> deletes(partition_paths_.size() * buckets, 0);
  for (size_t i = 0; i < change_count; ++i) {
    const RecordChange& change = request_.changes[i];
    const uint32_t bucket = target_.index.BucketOf(change.record_key);
    group_of_change[i] = partition_of_value_[change.partition] * buckets + bucket;
    ++ends[group_of_change[i] + 1];
    if (change.row == RecordChange::kDelete) ++deletes[group_of_change[i]];
  }
  for (size_t group = 1; group < ends.size(); ++group)
    ends[group] += ends[group - 1];
  std::vector<size_t> next(ends.begin(), ends.end() - 1);
  ordered_changes_.resize(change_count);
  for (size_t i = 0; i < change_count; ++i) {
    ordered_changes_[next[group_of_change[i]]++] = static_cast<uint32_t>(i);
  }
  for (size_t group = 0; group + 1 < ends.size(); ++group) {
    if (ends[group] == ends[group + 1]) continue;
    AddTask(static_cast<uint32_t>(group / buckets), static_cast<uint32_t>(group % buckets),
            std::span(ordered_changes_).subspan(ends[group], ends[group + 1] - ends[group]));
    tasks_.back().delete_count = deletes[group];
  }
  return Status::OK();
}

void UpsertJob::AddTask(uint32_t partition, uint32_t bucket, std::span<const uint32_t> changes) {
  FileGroupTask task;
  task.number = static_cast<uint32_t>(tasks_.size());
  task.partition_path = partition_paths_[partition];
  task.stored = target_.index.Find(task.partition_path, bucket);
  task.file_id =
      task.stored != nullptr ? task.stored->file_id : NewBucketFileId(bucket, target_.random);
  task.file_name = FormatBaseFileName({.file_id = task.file_id,
                                       .write_token = std::to_string(task.number) + "-0-0",
                                       .instant = target_.instant});
  task.changes = changes;
  tasks_.push_back(std::move(task));
}

CommitMetadata UpsertJob::PlannedMetadata() const {
  CommitMetadata planned;
  planned.operation_type = request_.operation;
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

Status UpsertJob::PreparePartitions() {
  std::set<std::string> paths;
  for (const FileGroupTask& task : tasks_)
    paths.insert(task.partition_path);
  for (const std::string& path : paths) {
    const std::string directory = io::JoinPath(target_.base_path, path);
    const std::string file = io::JoinPath(directory, kPartitionMetadataFileName);
    TAPELAKE_ASSIGN_OR_RAISE(const bool known, target_.files.Exists(file));
    if (known) continue;
    const int depth = path.empty() ? 0 : 1 + static_cast<int>(std::ranges::count(path, '/'));
    TAPELAKE_RETURN_NOT_OK(target_.files.CreateDirectories(directory));
    TAPELAKE_RETURN_NOT_OK(
        target_.files.ReplaceFile(file, FormatPartitionMetadata(target_.instant, depth)));
    TAPELAKE_RETURN_NOT_OK(target_.files.SyncDirectory(io::ParentPath(directory)));
  }
  return Status::OK();
}

Status UpsertJob::RunTasks(std::vector<FileGroupOutcome>* outcomes) {
  outcomes->resize(tasks_.size());
  std::vector<Status> statuses(tasks_.size());
  std::atomic<size_t> next{0};
  std::atomic<bool> failed{false};
  const auto work = [&] {
    while (!failed.load()) {
      const size_t at = next.fetch_add(1);
      if (at >= tasks_.size()) return;
      auto outcome = FileGroupMerge(context_, tasks_[at]).Run();
      if (outcome.ok()) {
        (*outcomes)[at] = std::move(outcome).ValueUnsafe();
      } else {
        statuses[at] = outcome.status();
        failed.store(true);
      }
    }
  };
  const size_t thread_count = std::min<size_t>(
      static_cast<size_t>(std::clamp(request_.threads, 1, kThreadsMax)), tasks_.size());
  std::vector<std::jthread> threads;
  for (size_t i = 1; i < thread_count; ++i)
    threads.emplace_back(work);
  work();
  threads.clear();
  for (const Status& status : statuses)
    TAPELAKE_RETURN_NOT_OK(status);
  return Status::OK();
}

Result<CommitMetadata> UpsertJob::Run(UpsertResult* result) {
  TAPELAKE_RETURN_NOT_OK(PreparePartitions());
  std::vector<FileGroupOutcome> outcomes;
  TAPELAKE_RETURN_NOT_OK(RunTasks(&outcomes));
  CommitMetadata metadata;
  metadata.instant = target_.instant;
  metadata.operation_type = request_.operation;
  for (FileGroupOutcome& outcome : outcomes) {
    result->kept_stored_rows += outcome.kept_stored_rows;
    result->missing_deletes += outcome.missing_deletes;
    result->refused.insert(result->refused.end(), outcome.refused.begin(), outcome.refused.end());
    if (!outcome.written) continue;
    result->inserted_rows += outcome.stat.inserts;
    result->updated_rows += outcome.stat.update_writes;
    result->deleted_rows += outcome.stat.deletes;
    result->bytes_written += outcome.stat.file_size_bytes;
    ++result->files_written;
    metadata.write_stats[outcome.stat.partition_path].push_back(std::move(outcome.stat));
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
  for (const FileGroupTask& task : tasks_)
    paths.push_back(task.RelativePath());
  return DeleteDataFiles(target_.files, target_.base_path, paths);
}

}  // namespace tapelake::hudi
