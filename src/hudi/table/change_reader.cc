#include "hudi/table/change_reader.h"

#include <algorithm>
#include <deque>
#include <optional>
#include <utility>

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>
#include <arrow/array.h>
#include <arrow/array/concatenate.h>
#include <arrow/builder.h>
#include <arrow/compute/api_vector.h>
#include <arrow/datum.h>
#include <arrow/util/checked_cast.h>

#include "hudi/format/file_name.h"
#include "hudi/reader/slice_logs.h"
#include "hudi/reader/slice_reader.h"
#include "hudi/table/change_log.h"
#include "hudi/table/snapshot_source.h"

namespace tapelake::hudi {
namespace {

using Batch = std::shared_ptr<arrow::RecordBatch>;
using arrow::internal::checked_cast;

constexpr char kCommitTimeColumn[] = "_hoodie_commit_time";
constexpr char kKeyColumn[] = "_hoodie_record_key";
constexpr int kFirstDataColumn = 2;  // of the slices read here, after the two above

/// Commits that rewrite rows without changing them.
bool ChangesRows(const CommitMetadata& metadata) {
  const std::string& operation = metadata.operation_type;
  return !metadata.compacted && operation != "COMPACT" && operation != "LOG_COMPACT" &&
         operation != "CLUSTER";
}

/// What one commit did to one file group.
struct GroupTask {
  FileGroupId group;
  std::vector<const WriteStat*> stats;  ///< Empty: the group was replaced.
};

/// Rows of a slice, each key once.
class KeyedRows {
 public:
  /// Add the rows of `batch` that `takes(key, commit_time)`.
  template <typename Takes>
  Status Add(const Batch& batch, Takes takes) {
    const auto& times = checked_cast<const arrow::StringArray&>(*batch->column(0));
    const auto& keys = checked_cast<const arrow::StringArray&>(*batch->column(1));
    arrow::Int64Builder rows;
    for (int64_t i = 0; i < batch->num_rows(); ++i) {
      if (keys.IsNull(i) || !takes(keys.GetView(i), times.GetView(i))) continue;
      TAPELAKE_RETURN_NOT_OK(rows.Append(i));
      keys_.emplace_back(keys.GetView(i));
      times_.emplace_back(times.GetView(i));
    }
    if (rows.length() == 0) return Status::OK();
    TAPELAKE_ASSIGN_OR_RAISE(const auto indices, rows.Finish());
    TAPELAKE_ASSIGN_OR_RAISE(const auto taken, arrow::compute::Take(batch, arrow::Datum(indices)));
    batches_.push_back(taken.record_batch());
    return Status::OK();
  }

  /// After the last Add().
  void Index() {
    for (size_t i = 0; i < keys_.size(); ++i)
      by_key_.emplace(keys_[i], static_cast<int64_t>(i));
  }

  size_t size() const { return keys_.size(); }
  const std::string& key(size_t row) const { return keys_[row]; }
  const std::string& commit_time(size_t row) const { return times_[row]; }
  std::optional<int64_t> Find(std::string_view key) const {
    const auto found = by_key_.find(key);
    return found == by_key_.end() ? std::nullopt : std::optional(found->second);
  }

  /// The data columns of the rows `indices`, as a struct; null where an index is null.
  Result<std::shared_ptr<arrow::Array>> Images(const std::shared_ptr<arrow::DataType>& type,
                                               const std::shared_ptr<arrow::Array>& indices) const {
    if (batches_.empty()) return arrow::MakeArrayOfNull(type, indices->length());
    TAPELAKE_ASSIGN_OR_RAISE(const Batch all, arrow::ConcatenateRecordBatches(batches_));
    arrow::ArrayVector columns;
    for (int i = kFirstDataColumn; i < all->num_columns(); ++i) {
      TAPELAKE_ASSIGN_OR_RAISE(auto column, arrow::compute::Take(*all->column(i), *indices));
      columns.push_back(std::move(column));
    }
    return std::make_shared<arrow::StructArray>(type, indices->length(), columns,
                                                indices->null_bitmap(), indices->null_count());
  }

 private:
  arrow::RecordBatchVector batches_;
  std::vector<std::string> keys_;
  std::vector<std::string> times_;
  absl::flat_hash_map<std::string_view, int64_t> by_key_;  // views into keys_
};

/// The changes to one file group, as they are found.
class ChangeBuilder {
 public:
  Status Add(char op, const std::string& key, std::optional<int64_t> before,
             std::optional<int64_t> after) {
    TAPELAKE_RETURN_NOT_OK(ops_.Append(std::string_view(&op, 1)));
    TAPELAKE_RETURN_NOT_OK(keys_.Append(key));
    TAPELAKE_RETURN_NOT_OK(before ? before_.Append(*before) : before_.AppendNull());
    return after ? after_.Append(*after) : after_.AppendNull();
  }

  int64_t size() const { return ops_.length(); }

  Result<Batch> Finish(const std::shared_ptr<arrow::Schema>& schema, const std::string& instant,
                       const std::string& partition, const KeyedRows& before,
                       const KeyedRows& after) {
    const int64_t count = size();
    arrow::ArrayVector columns(6);
    TAPELAKE_ASSIGN_OR_RAISE(columns[0], ops_.Finish());
    TAPELAKE_ASSIGN_OR_RAISE(columns[1],
                             arrow::MakeArrayFromScalar(arrow::StringScalar(instant), count));
    TAPELAKE_ASSIGN_OR_RAISE(columns[2], keys_.Finish());
    TAPELAKE_ASSIGN_OR_RAISE(columns[3],
                             arrow::MakeArrayFromScalar(arrow::StringScalar(partition), count));
    TAPELAKE_ASSIGN_OR_RAISE(const auto before_rows, before_.Finish());
    TAPELAKE_ASSIGN_OR_RAISE(columns[4], before.Images(schema->field(4)->type(), before_rows));
    TAPELAKE_ASSIGN_OR_RAISE(const auto after_rows, after_.Finish());
    TAPELAKE_ASSIGN_OR_RAISE(columns[5], after.Images(schema->field(5)->type(), after_rows));
    return arrow::RecordBatch::Make(schema, count, std::move(columns));
  }

 private:
  arrow::StringBuilder ops_;
  arrow::StringBuilder keys_;
  arrow::Int64Builder before_;
  arrow::Int64Builder after_;
};

const FileSlice* FindSlice(const Snapshot& snapshot, const FileGroupId& group) {
  const auto found = std::ranges::find_if(snapshot.slices, [&group](const FileSlice& slice) {
    return slice.partition_path == group.first && slice.file_id == group.second;
  });
  return found == snapshot.slices.end() ? nullptr : &*found;
}

std::string NameOf(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

bool HoldsFile(const FileSlice& slice, const std::string& path) {
  const std::string name = NameOf(path);
  return slice.base_file_name == name ||
         std::ranges::any_of(slice.log_files,
                             [&name](const SliceLogFile& log) { return log.name == name; });
}

}  // namespace

std::shared_ptr<arrow::Schema> ChangeSchema(const arrow::Schema& data_columns) {
  arrow::FieldVector fields;  // an image that is missing has no values, whatever the column says
  for (const auto& field : data_columns.fields())
    fields.push_back(field->WithNullable(true));
  const auto image = arrow::struct_(std::move(fields));
  return arrow::schema({arrow::field("op", arrow::utf8(), false),
                        arrow::field("ts_ms", arrow::utf8(), false),
                        arrow::field(kKeyColumn, arrow::utf8(), false),
                        arrow::field("_hoodie_partition_path", arrow::utf8(), false),
                        arrow::field("before", image), arrow::field("after", image)});
}

class ChangeReader::Impl {
 public:
  Impl(TableView& view, TimeRange range) : view_(view), range_(std::move(range)) {}

  Status Open() {
    TAPELAKE_RETURN_NOT_OK(view_.CheckIncremental(range_));
    TAPELAKE_ASSIGN_OR_RAISE(commits_, view_.History(range_));
    const std::set<FileGroupId> none;
    TAPELAKE_ASSIGN_OR_RAISE(const Snapshot end, view_.GroupsAt(range_.end, &none));
    data_schema_ = end.schema;
    schema_ = ChangeSchema(*data_schema_);
    columns_ = {kCommitTimeColumn, kKeyColumn};
    for (const auto& field : data_schema_->fields())
      columns_.push_back(field->name());
    return Status::OK();
  }

  const std::shared_ptr<arrow::Schema>& schema() const { return schema_; }

  Result<Batch> Next() {
    while (true) {
      if (next_task_ == tasks_.size()) {
        TAPELAKE_ASSIGN_OR_RAISE(const bool more, BeginCommit());
        if (!more) return Batch();
        continue;
      }
      TAPELAKE_ASSIGN_OR_RAISE(Batch batch, ChangesOf(tasks_[next_task_++]));
      if (batch != nullptr) return batch;
    }
  }

 private:
  const HistoryCommit& commit() const { return commits_[next_commit_ - 1]; }

  /// Go to the next commit that changes rows; false: there is none.
  Result<bool> BeginCommit() {
    tasks_.clear();
    next_task_ = 0;
    while (next_commit_ < commits_.size() && !ChangesRows(commits_[next_commit_].metadata))
      ++next_commit_;
    if (next_commit_ == commits_.size()) return false;
    // Anything before the first commit will do for a range without begin.
    std::string before = range_.begin.empty() ? "0" : range_.begin;
    if (next_commit_ > 0) before = OrderTime(commits_[next_commit_ - 1].instant);
    ++next_commit_;
    PlanTasks();
    std::set<FileGroupId> groups;
    std::set<FileGroupId> compared;
    for (const GroupTask& task : tasks_) {
      groups.insert(task.group);
      if (!HaveWholeChangeLogs(view_.config(), task.stats)) compared.insert(task.group);
    }
    TAPELAKE_ASSIGN_OR_RAISE(before_, view_.GroupsAt(before, &groups));
    TAPELAKE_ASSIGN_OR_RAISE(after_, view_.GroupsAt(OrderTime(commit().instant), &groups));
    TAPELAKE_RETURN_NOT_OK(view_.CheckGroups(before, compared));
    return true;
  }

  void PlanTasks() {
    for (const auto& [partition, file_ids] : commit().metadata.replaced_file_ids) {
      for (const std::string& file_id : file_ids)
        tasks_.push_back({.group = {partition, file_id}, .stats = {}});
    }
    const size_t replaced_count = tasks_.size();
    for (const auto& [partition, stats] : commit().metadata.write_stats) {
      for (const WriteStat& stat : stats) {
        const FileGroupId group(partition, stat.file_id);
        const auto known =
            std::find_if(tasks_.begin() + static_cast<std::ptrdiff_t>(replaced_count), tasks_.end(),
                         [&](const GroupTask& task) { return task.group == group; });
        GroupTask& task = known == tasks_.end()
                              ? tasks_.emplace_back(GroupTask{.group = group, .stats = {}})
                              : *known;
        task.stats.push_back(&stat);
      }
    }
  }

  Status Cleaned() {
    return view_.CleanedError(
        "the changes of instant " + commit().instant.timestamp + " cannot be read",
        OrderTime(commit().instant));
  }

  /// Check that nothing of the slices was cleaned.
  Status CheckSlices(const GroupTask& task, const FileSlice* before, const FileSlice* after) {
    if (task.stats.empty() && before == nullptr) return Cleaned();
    for (const WriteStat* stat : task.stats) {
      if (after == nullptr || !HoldsFile(*after, stat->path)) return Cleaned();
      if (ParseLogFileName(NameOf(stat->path)) || stat->previous_commit == kNoPreviousCommit) {
        continue;
      }
      if (before == nullptr || before->base_instant != stat->previous_commit) return Cleaned();
    }
    return Status::OK();
  }

  SliceSource SourceOf(const Snapshot& snapshot) const {
    SliceSource source = hudi::SourceOf(view_.files(), view_.base_path(), snapshot);
    source.schema = data_schema_;
    return source;
  }

  /// If the commit only wrote logs of the group: what lies in them.
  Result<std::shared_ptr<const LogOverlay>> WrittenLogs(const GroupTask& task,
                                                        const FileSlice* after) {
    if (task.stats.empty() || after == nullptr) return nullptr;
    FileSlice written = *after;
    written.log_files.clear();
    for (const WriteStat* stat : task.stats) {
      const std::string name = NameOf(stat->path);
      if (!ParseLogFileName(name)) return nullptr;
      const auto log = std::ranges::find(after->log_files, name, &SliceLogFile::name);
      if (log != after->log_files.end()) written.log_files.push_back(*log);
    }
    LogScanOptions options{.as_of = after_.instant,
                           .precombine_field = after_.precombine_field,
                           .only = commit().instant.timestamp};
    return ReadLogOverlay(view_.files(), view_.base_path(), written, *after_.timeline,
                          arrow::schema(arrow::FieldVector()), options);
  }

  template <typename Take>
  Status ForEachBatch(const Snapshot& snapshot, const FileSlice* slice, Take take) {
    if (slice == nullptr) return Status::OK();
    TAPELAKE_ASSIGN_OR_RAISE(const auto reader,
                             SliceReader::Open(SourceOf(snapshot), *slice, columns_));
    while (true) {
      TAPELAKE_ASSIGN_OR_RAISE(const Batch batch, reader->Next());
      if (batch == nullptr) return Status::OK();
      TAPELAKE_RETURN_NOT_OK(take(batch));
    }
  }

  Result<Batch> ChangesOf(const GroupTask& task) {
    if (!HaveWholeChangeLogs(view_.config(), task.stats)) return Compare(task);
    const ChangeLogSource source{.files = view_.files(),
                                 .base_path = view_.base_path(),
                                 .key_field = view_.config().record_key_fields.front(),
                                 .instant = commit().instant.timestamp,
                                 .partition_path = task.group.first};
    auto changes = ReadChangeLogs(source, task.stats, schema_);
    if (KindOf(changes.status()) == ErrorKind::kNotFound) return Cleaned();
    return changes;
  }

  Result<Batch> Compare(const GroupTask& task) {
    const FileSlice* before = FindSlice(before_, task.group);
    // A replaced group is gone, whatever lies in its folder.
    const FileSlice* after = task.stats.empty() ? nullptr : FindSlice(after_, task.group);
    TAPELAKE_RETURN_NOT_OK(CheckSlices(task, before, after));
    TAPELAKE_ASSIGN_OR_RAISE(const auto logs, WrittenLogs(task, after));
    const std::string& instant = commit().instant.timestamp;

    // With logs only their keys can differ. Without, all keys of the new base file must be known,
    // to see which are gone; but only rows that bear the commit's own instant can be new.
    KeyedRows after_rows;
    std::deque<std::string> key_texts;
    absl::flat_hash_set<std::string_view> after_keys;  // views into key_texts
    TAPELAKE_RETURN_NOT_OK(ForEachBatch(after_, after, [&](const Batch& batch) {
      return after_rows.Add(batch, [&](std::string_view key, std::string_view time) {
        if (logs != nullptr) return logs->keys.contains(key);
        if (!after_keys.contains(key)) after_keys.insert(key_texts.emplace_back(key));
        return time == instant;
      });
    }));
    after_rows.Index();
    KeyedRows before_rows;
    TAPELAKE_RETURN_NOT_OK(ForEachBatch(before_, before, [&](const Batch& batch) {
      return before_rows.Add(batch, [&](std::string_view key, std::string_view) {
        if (logs != nullptr) return logs->keys.contains(key);
        return after_rows.Find(key).has_value() || !after_keys.contains(key);
      });
    }));
    before_rows.Index();

    ChangeBuilder changes;
    for (size_t i = 0; i < before_rows.size(); ++i) {
      if (after_rows.Find(before_rows.key(i))) continue;
      TAPELAKE_RETURN_NOT_OK(
          changes.Add('d', before_rows.key(i), static_cast<int64_t>(i), std::nullopt));
    }
    for (size_t i = 0; i < after_rows.size(); ++i) {
      const auto old = before_rows.Find(after_rows.key(i));
      if (old && after_rows.commit_time(i) != instant) continue;  // what came lost against it
      TAPELAKE_RETURN_NOT_OK(changes.Add(old ? 'u' : 'i', after_rows.key(i), old,
                                         std::optional(static_cast<int64_t>(i))));
    }
    if (changes.size() == 0) return Batch();
    return changes.Finish(schema_, instant, task.group.first, before_rows, after_rows);
  }

  TableView& view_;
  TimeRange range_;
  std::shared_ptr<arrow::Schema> data_schema_;
  std::shared_ptr<arrow::Schema> schema_;
  std::vector<std::string> columns_;
  std::vector<HistoryCommit> commits_;
  size_t next_commit_ = 0;
  std::vector<GroupTask> tasks_;  // of the last commit begun
  size_t next_task_ = 0;
  Snapshot before_;
  Snapshot after_;
};

ChangeReader::ChangeReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ChangeReader::~ChangeReader() = default;

Result<std::unique_ptr<ChangeReader>> ChangeReader::Open(TableView& view, const TimeRange& range) {
  auto impl = std::make_unique<Impl>(view, range);
  TAPELAKE_RETURN_NOT_OK(impl->Open());
  return std::unique_ptr<ChangeReader>(new ChangeReader(std::move(impl)));
}

const std::shared_ptr<arrow::Schema>& ChangeReader::schema() const {
  return impl_->schema();
}

Result<Batch> ChangeReader::Next() {
  return impl_->Next();
}

}  // namespace tapelake::hudi
