#include "hudi/writer/delta_job.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <deque>
#include <optional>
#include <set>

#include <arrow/array.h>
#include <arrow/buffer_builder.h>
#include <arrow/builder.h>
#include <arrow/util/checked_cast.h>

#include "hudi/format/avro_schema.h"
#include "hudi/format/file_name.h"
#include "hudi/format/instant.h"
#include "hudi/log/log_file_writer.h"
#include "hudi/writer/data_files.h"

namespace tapelake::hudi {
namespace {

using arrow::internal::checked_cast;

/// A commit lists the logs of its slices, but not without bound.
constexpr size_t kListedLogFilesMax = 100;

/// Groups that are written side by side by one thread. In the biggest commits they need
/// kGroupsPerPassMax times kBlockBytes of memory, and as many open files.
constexpr size_t kGroupsPerPassMax = 16;
constexpr size_t kBlockBytes = size_t{16} << 20;
constexpr int64_t kStretchRows = 1024;

Status Invalid(std::string message) {
  return MakeError(ErrorKind::kInvalid, std::move(message));
}

Result<std::shared_ptr<arrow::Array>> Zeros(int64_t count) {
  TAPELAKE_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> buffer,
                           arrow::AllocateBuffer(count * static_cast<int64_t>(sizeof(int32_t))));
  if (count > 0) std::memset(buffer->mutable_data(), 0, static_cast<size_t>(buffer->size()));
  return std::make_shared<arrow::Int32Array>(count, std::move(buffer));
}

/// A column that has one value.
Result<std::shared_ptr<arrow::Array>> Constant(const std::string& value,
                                               const std::shared_ptr<arrow::Array>& zeros) {
  arrow::StringBuilder builder;
  TAPELAKE_RETURN_NOT_OK(builder.Append(value));
  TAPELAKE_ASSIGN_OR_RAISE(auto values, builder.Finish());
  return std::make_shared<arrow::DictionaryArray>(arrow::dictionary(arrow::int32(), arrow::utf8()),
                                                  zeros, std::move(values));
}

/// `<instant>_0_<row>` for every row. Written by hand: it is a fifth of an append's work otherwise.
Result<std::shared_ptr<arrow::Array>> SequenceNumbers(const std::string& instant, int64_t rows) {
  constexpr int64_t kDigitsMax = 8;  // of DeltaJob::kRowsMax
  const std::string prefix = instant + "_0_";
  const int64_t bytes_max = rows * (static_cast<int64_t>(prefix.size()) + kDigitsMax);
  TAPELAKE_ASSIGN_OR_RAISE(auto offsets, arrow::AllocateBuffer((rows + 1) * 4));
  TAPELAKE_ASSIGN_OR_RAISE(auto text, arrow::AllocateResizableBuffer(bytes_max));
  auto* offset = reinterpret_cast<int32_t*>(offsets->mutable_data());
  char* const begin = reinterpret_cast<char*>(text->mutable_data());
  char* at = begin;
  for (int64_t row = 0; row < rows; ++row) {
    offset[row] = static_cast<int32_t>(at - begin);
    std::memcpy(at, prefix.data(), prefix.size());
    at += prefix.size();
    at = std::to_chars(at, at + kDigitsMax, row).ptr;
  }
  offset[rows] = static_cast<int32_t>(at - begin);
  TAPELAKE_RETURN_NOT_OK(text->Resize(at - begin, /*shrink_to_fit=*/false));
  return std::make_shared<arrow::StringArray>(rows, std::move(offsets), std::move(text));
}

/// WithMetaColumns, the constant ones as dictionaries.
std::shared_ptr<arrow::Schema> EncodedForm(const std::shared_ptr<arrow::Schema>& schema) {
  const auto dictionary = arrow::dictionary(arrow::int32(), arrow::utf8());
  arrow::FieldVector fields = WithMetaColumns(schema)->fields();
  for (const size_t constant : {0, 3, 4})
    fields[constant] = fields[constant]->WithType(dictionary);
  return arrow::schema(std::move(fields));
}

/// Say what the slice held before: base file, and the logs of `base_instant`.
void DescribeSlice(const FileSlice& slice, const std::string& base_instant, LogWriteStat* stat) {
  // Under a pending compaction the new logs belong to a slice that has no base file yet.
  if (slice.pending_compaction.empty()) stat->base_file = slice.base_file_name;
  std::vector<std::string> logs;
  for (const SliceLogFile& log : slice.log_files) {
    const auto name = ParseLogFileName(log.name);
    if (name && name->base_instant == base_instant) logs.push_back(log.name);
  }
  if (logs.size() >= kListedLogFilesMax)
    logs.erase(logs.begin(), logs.end() - (kListedLogFilesMax - 1));
  stat->log_files.insert(stat->log_files.begin(), logs.begin(), logs.end());
}

}  // namespace

std::string DeltaJob::Task::RelativePath() const {
  return io::JoinPath(partition_path, file_name);
}

int64_t DeltaJob::Task::row_count() const {
  return static_cast<int64_t>(group->changes.size()) - group->delete_count;
}

DeltaJob::DeltaJob(const UpsertTarget& target, const UpsertRequest& request,
                   std::shared_ptr<const ChangeGroups> groups)
    : target_(target), request_(request), groups_(std::move(groups)) {}

Result<std::unique_ptr<DeltaJob>> DeltaJob::Plan(const UpsertTarget& target,
                                                 const UpsertRequest& request,
                                                 std::shared_ptr<const ChangeGroups> groups) {
  std::unique_ptr<DeltaJob> job(new DeltaJob(target, request, std::move(groups)));
  TAPELAKE_RETURN_NOT_OK(job->CheckRequest());
  const AvroRecordName name = AvroRecordName::OfTable(target.config.name);
  TAPELAKE_ASSIGN_OR_RAISE(job->commit_schema_, FormatAvroSchema(*request.schema, name));
  TAPELAKE_ASSIGN_OR_RAISE(job->record_schema_,
                           FormatAvroSchema(*WithMetaColumns(request.schema), name));
  for (const ChangeGroup& group : job->groups_->groups()) {
    if (!group.in_base_file) job->AddTask(group);
  }
  return job;
}

Status DeltaJob::CheckRequest() const {
  if (request_.merger != nullptr) {
    return Invalid("a merge-on-read table merges when it is read: an upsert cannot have a merger");
  }
  if (request_.rows->num_rows() > kRowsMax) {
    return Invalid("an upsert of " + std::to_string(request_.rows->num_rows()) +
                   " rows; one commit of a merge-on-read table takes " + std::to_string(kRowsMax));
  }
  const auto precombine = request_.schema->GetFieldByName(target_.config.precombine_field);
  if (precombine != nullptr && precombine->type()->id() == arrow::Type::INT64) return Status::OK();
  const bool ordered = std::ranges::any_of(request_.changes, [](const RecordChange& change) {
    return change.row == RecordChange::kDelete &&
           change.delete_ordering != RecordChange::kNaturalOrder;
  });
  if (!ordered) return Status::OK();
  return Invalid("a delete with an ordering value, but the precombine field '" +
                 target_.config.precombine_field + "' is no int64 column");
}

void DeltaJob::AddTask(const ChangeGroup& group) {
  Task task;
  task.number = static_cast<uint32_t>(tasks_.size());
  task.group = &group;
  task.partition_path = groups_->partition_paths()[group.partition];
  task.stored = group.stored;
  task.file_id = group.file_id;
  if (task.stored != nullptr) {
    task.base_instant = task.stored->log_base_instant();
    task.version = task.stored->next_log_version();
  } else {
    task.base_instant = target_.instant;
  }
  task.file_name = FormatLogFileName(
      {.file_id = task.file_id,
       .base_instant = task.base_instant,
       .version = task.version,
       .write_token = std::to_string(task.number) + "-0-" + TimeOfDay(target_.instant)});
  tasks_.push_back(std::move(task));
}

WriteStat DeltaJob::StatOf(const Task& task) const {
  WriteStat stat;
  stat.file_id = task.file_id;
  stat.path = task.RelativePath();
  stat.previous_commit = task.base_instant;
  stat.partition_path = task.partition_path;
  stat.writes = task.row_count();
  stat.deletes = task.group->delete_count;
  (task.stored != nullptr ? stat.update_writes : stat.inserts) = task.row_count();
  stat.write_bytes = task.size_bytes;
  stat.file_size_bytes = task.size_bytes;
  stat.log.emplace();
  stat.log->log_version = task.version;
  stat.log->log_files = {task.file_name};
  return stat;
}

std::string DeltaJob::InflightContent() const {
  return FormatCommitMetadata(Planned());
}

CommitMetadata DeltaJob::Planned() const {
  CommitMetadata planned;
  planned.operation_type = WriteOperationName(request_.operation);
  for (const Task& task : tasks_)
    planned.write_stats[task.partition_path].push_back(StatOf(task));
  return planned;
}

Status DeltaJob::PrepareRows() {
  const int64_t rows = request_.rows->num_rows();
  encoded_form_ = EncodedForm(request_.schema);
  TAPELAKE_ASSIGN_OR_RAISE(zeros_, Zeros(rows));
  TAPELAKE_ASSIGN_OR_RAISE(commit_times_, Constant(target_.instant, zeros_));
  TAPELAKE_ASSIGN_OR_RAISE(sequence_numbers_, SequenceNumbers(target_.instant, rows));
  return Status::OK();
}

Result<std::vector<int64_t>> DeltaJob::RowsOf(const Task& task) const {
  const std::string& key_field = target_.config.record_key_fields.front();
  const auto column = request_.rows->GetColumnByName(key_field);
  if (column == nullptr || column->type_id() != arrow::Type::STRING) {
    return Invalid("the record key '" + key_field + "' is no string column of the rows");
  }
  const auto& keys = checked_cast<const arrow::StringArray&>(*column);
  std::vector<int64_t> rows;
  rows.reserve(static_cast<size_t>(task.row_count()));
  for (const uint32_t number : task.group->changes) {
    const RecordChange& change = request_.changes[number];
    if (change.row == RecordChange::kDelete) continue;
    const std::string_view key = keys.GetView(change.row);
    // Mostly the change's key is the row's own bytes: then there is nothing to compare.
    const bool is_view =
        key.data() == change.record_key.data() && key.size() == change.record_key.size();
    if (keys.IsNull(change.row) || (!is_view && key != change.record_key)) {
      return Invalid("change of key '" + std::string(change.record_key) + "' names row " +
                     std::to_string(change.row) + ", whose '" + key_field + "' is another");
    }
    rows.push_back(change.row);
  }
  if (!std::ranges::is_sorted(rows)) std::ranges::sort(rows);
  return rows;
}

Result<std::shared_ptr<arrow::RecordBatch>> DeltaJob::WithMetaValues(const Task& task) const {
  TAPELAKE_ASSIGN_OR_RAISE(auto partition_paths, Constant(task.partition_path, zeros_));
  TAPELAKE_ASSIGN_OR_RAISE(auto file_names, Constant(task.file_id, zeros_));
  arrow::ArrayVector columns = {
      commit_times_, sequence_numbers_,
      request_.rows->GetColumnByName(target_.config.record_key_fields.front()),
      std::move(partition_paths), std::move(file_names)};
  for (const auto& column : request_.rows->columns())
    columns.push_back(column);
  return arrow::RecordBatch::Make(encoded_form_, request_.rows->num_rows(), std::move(columns));
}

std::vector<DeleteRecord> DeltaJob::DeletesOf(const Task& task) const {
  std::vector<DeleteRecord> deletes;
  deletes.reserve(static_cast<size_t>(task.group->delete_count));
  for (const uint32_t number : task.group->changes) {
    const RecordChange& change = request_.changes[number];
    if (change.row != RecordChange::kDelete) continue;
    deletes.push_back(
        {.record_key = std::string(change.record_key), .partition_path = task.partition_path});
    if (change.delete_ordering != RecordChange::kNaturalOrder) {
      deletes.back().ordering = change.delete_ordering;
    }
  }
  return deletes;
}

Status DeltaJob::Write(std::span<Task> tasks, AvroRowEncoder* encoder) const {
  struct Part {
    std::vector<int64_t> rows;
    std::shared_ptr<arrow::RecordBatch> batch;
    size_t written = 0;
  };
  std::vector<Part> parts(tasks.size());
  std::deque<LogFileWriter> files;
  const LogFileHeader header{.instant = target_.instant, .schema_json = record_schema_};
  for (size_t i = 0; i < tasks.size(); ++i) {
    files.emplace_back(
        target_.files, target_.buffers, io::JoinPath(target_.base_path, tasks[i].RelativePath()),
        header,
        LogFileSize{.rows = static_cast<size_t>(tasks[i].row_count()), .block_bytes = kBlockBytes});
    TAPELAKE_ASSIGN_OR_RAISE(parts[i].rows, RowsOf(tasks[i]));
    TAPELAKE_ASSIGN_OR_RAISE(parts[i].batch, WithMetaValues(tasks[i]));
  }
  // A stretch of all columns at a time, for every group its rows in there: what one group has drawn
  // into the processor's cache serves the others. Group by group it takes twice as long.
  for (int64_t end = kStretchRows; end < request_.rows->num_rows() + kStretchRows;
       end += kStretchRows) {
    for (size_t i = 0; i < tasks.size(); ++i) {
      auto& [rows, batch, written] = parts[i];
      const size_t first = written;
      while (written < rows.size() && rows[written] < end)
        ++written;
      if (written == first) continue;
      const auto selection = std::span(rows).subspan(first, written - first);
      TAPELAKE_RETURN_NOT_OK(files[i].AddRows(*batch, selection, encoder));
    }
  }
  for (size_t i = 0; i < tasks.size(); ++i) {
    TAPELAKE_ASSIGN_OR_RAISE(tasks[i].size_bytes, files[i].Finish(DeletesOf(tasks[i])));
  }
  return Status::OK();
}

Status DeltaJob::WriteTasks() {
  const size_t count = tasks_.size();
  const auto threads = static_cast<size_t>(std::max(request_.threads, 1));
  const size_t per_pass = std::clamp<size_t>((count + threads - 1) / threads, 1, kGroupsPerPassMax);
  const size_t passes = (count + per_pass - 1) / per_pass;
  const auto schema = WithMetaColumns(request_.schema);
  std::vector<std::optional<AvroRowEncoder>> encoders(passes);  // by thread
  return RunOnThreads(passes, request_.threads, [&](size_t pass, size_t thread) -> Status {
    if (!encoders[thread]) {
      TAPELAKE_ASSIGN_OR_RAISE(auto encoder, AvroRowEncoder::Make(schema));
      encoders[thread].emplace(std::move(encoder));
    }
    const size_t first = pass * per_pass;
    return Write(std::span(tasks_).subspan(first, std::min(per_pass, count - first)),
                 &*encoders[thread]);
  });
}

Result<CommitMetadata> DeltaJob::Run(UpsertResult* result) {
  CommitMetadata metadata;
  metadata.instant = target_.instant;
  metadata.operation_type = WriteOperationName(request_.operation);
  if (tasks_.empty()) return metadata;
  std::set<std::string> partitions;
  for (const Task& task : tasks_)
    partitions.insert(task.partition_path);
  TAPELAKE_RETURN_NOT_OK(PreparePartitions(target_, partitions));
  TAPELAKE_RETURN_NOT_OK(PrepareRows());
  TAPELAKE_RETURN_NOT_OK(WriteTasks());
  for (const std::string& partition : partitions) {
    TAPELAKE_RETURN_NOT_OK(target_.files.SyncDirectory(io::JoinPath(target_.base_path, partition)));
  }
  for (const Task& task : tasks_) {
    WriteStat stat = StatOf(task);
    if (task.stored != nullptr) DescribeSlice(*task.stored, task.base_instant, &*stat.log);
    (task.group->holds_updates ? result->updated_rows : result->inserted_rows) += stat.writes;
    result->deleted_rows += stat.deletes;
    result->bytes_written += stat.file_size_bytes;
    ++result->files_written;
    metadata.write_stats[task.partition_path].push_back(std::move(stat));
  }
  return metadata;
}

Status DeltaJob::RemoveFiles() {
  std::vector<std::string> paths;
  for (const Task& task : tasks_)
    paths.push_back(task.RelativePath());
  return DeleteDataFiles(target_.files, target_.base_path, paths);
}

std::vector<FileSlice> DeltaJob::WrittenSlices() const {
  std::vector<FileSlice> slices;
  for (const Task& task : tasks_) {
    FileSlice slice;
    if (task.stored != nullptr) {
      slice = *task.stored;
    } else {
      slice.partition_path = task.partition_path;
      slice.file_id = task.file_id;
      slice.base_instant = task.base_instant;
    }
    slice.log_files.push_back({.name = task.file_name,
                               .version = task.version,
                               .size_bytes = task.size_bytes,
                               .modified_micros = ParseInstantTime(target_.instant).value_or(0)});
    slices.push_back(std::move(slice));
  }
  return slices;
}

}  // namespace tapelake::hudi
