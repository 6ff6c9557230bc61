#include "hudi/inspect/key_story.h"

#include <map>
#include <memory>
#include <set>

#include <arrow/array.h>
#include <arrow/record_batch.h>

#include "hudi/format/avro_schema.h"
#include "hudi/format/bucket_hash.h"
#include "hudi/format/file_name.h"
#include "hudi/format/log_block.h"
#include "hudi/inspect/row_text.h"
#include "hudi/log/log_records.h"
#include "hudi/reader/base_file_check.h"
#include "hudi/reader/base_file_reader.h"
#include "hudi/reader/slice_reader.h"
#include "hudi/table/commit_history.h"
#include "hudi/table/snapshot_source.h"

namespace tapelake::hudi {
namespace {

constexpr char kKeyColumn[] = "_hoodie_record_key";
constexpr char kTimeColumn[] = "_hoodie_commit_time";

/// The first row of `batch` that has the key; -1: none.
int64_t FindKey(const arrow::RecordBatch& batch, const std::string& key) {
  const auto column = batch.GetColumnByName(kKeyColumn);
  const auto* keys = dynamic_cast<const arrow::StringArray*>(column.get());
  for (int64_t row = 0; keys != nullptr && row < keys->length(); ++row) {
    if (!keys->IsNull(row) && keys->GetView(row) == key) return row;
  }
  return -1;
}

RowTexts TextsOf(const arrow::RecordBatch& batch, int64_t row) {
  RowTexts texts;
  for (int i = 0; i < batch.num_columns(); ++i) {
    if (IsMetaColumn(batch.column_name(i))) continue;
    texts.emplace_back(batch.column_name(i), TextAt(*batch.column(i), row));
  }
  return texts;
}

class Storyteller {
 public:
  Storyteller(const TableEnvironment& environment, Table& table, const std::string& key)
      : files_(environment.files), table_(table), key_(key) {}

  Result<KeyStory> Run() {
    TAPELAKE_ASSIGN_OR_RAISE(snapshot_, table_.LatestSnapshot());
    if (snapshot_.instant.empty() || snapshot_.schema == nullptr) return story_;
    columns_ = {kTimeColumn, kKeyColumn};
    for (const auto& field : snapshot_.schema->fields())
      columns_.push_back(field->name());
    const TableConfig& config = table_.config();
    if (config.index_type == "BUCKET" && config.bucket_count > 0 &&
        config.record_key_fields.size() == 1) {
      bucket_ = BucketOfHash(BucketHash(key_), static_cast<uint32_t>(config.bucket_count));
    }
    TAPELAKE_RETURN_NOT_OK(ListFiles());
    TAPELAKE_RETURN_NOT_OK(
        VisitHistory({files_, table_.base_path(), config, *snapshot_.timeline}, {},
                     [this](HistoryCommit commit) { return Gather(std::move(commit)); }));
    for (const auto& [time, commit] : commits_)
      TAPELAKE_RETURN_NOT_OK(TellCommit(commit));
    story_.commits_gone = std::ssize(gone_);
    for (const FileSlice& slice : snapshot_.slices) {
      if (MayHold(slice.file_id)) TAPELAKE_RETURN_NOT_OK(TellPresent(slice));
    }
    return std::move(story_);
  }

 private:
  bool MayHold(const std::string& file_id) const {
    return !bucket_ || BucketOfFileId(file_id) == bucket_;
  }

  Status ListFiles() {
    TAPELAKE_ASSIGN_OR_RAISE(const auto partitions, ListTableFiles(files_, table_.base_path()));
    for (const PartitionFiles& partition : partitions) {
      for (const FileSlice& file : partition.base_files)
        paths_.insert(file.RelativePath());
      for (const PartitionLogFile& log : partition.log_files)
        paths_.insert(io::JoinPath(partition.partition_path, log.file.name));
    }
    return Status::OK();
  }

  void CountGone(const std::string& instant) {
    ++story_.files_gone;
    gone_.insert(instant);
  }

  /// Keep of a commit what is there to be looked at. The history may be long, most of it cleaned.
  Status Gather(HistoryCommit commit) {
    CommitMetadata kept{.instant = commit.metadata.instant};
    kept.operation_type = commit.metadata.operation_type;
    kept.compacted = commit.metadata.compacted;
    for (auto& [partition, stats] : commit.metadata.write_stats) {
      for (WriteStat& stat : stats) {
        if (stat.path.empty() || !MayHold(stat.file_id)) continue;
        if (paths_.contains(io::JoinPath(partition, io::FileName(stat.path)))) {
          kept.write_stats[partition].push_back(std::move(stat));
        } else {
          CountGone(kept.instant);
        }
      }
    }
    if (kept.write_stats.empty()) return Status::OK();
    commits_.emplace(std::pair(std::string(OrderTime(commit.instant)), kept.instant),
                     std::move(kept));
    return Status::OK();
  }

  Status TellCommit(const CommitMetadata& commit) {
    for (const auto& [partition, stats] : commit.write_stats) {
      for (const WriteStat& stat : stats) {
        const Status told = stat.log ? TellLog(commit, stat) : TellBaseFile(commit, stat);
        if (!told.ok() && KindOf(told) == ErrorKind::kNotFound) {  // cleaned meanwhile
          CountGone(commit.instant);
        } else {
          TAPELAKE_RETURN_NOT_OK(told);
        }
      }
    }
    return Status::OK();
  }

  void Add(const CommitMetadata& commit, const std::string& path, RowTexts row) {
    story_.commits.push_back({.instant = commit.instant,
                              .operation = commit.operation_type,
                              .path = path,
                              .deletes = row.empty(),
                              .row = std::move(row)});
  }

  Status TellLog(const CommitMetadata& commit, const WriteStat& stat) {
    TAPELAKE_ASSIGN_OR_RAISE(const std::string bytes,
                             files_.ReadFile(io::JoinPath(table_.base_path(), stat.path)));
    const auto blocks = SplitLogBlocks(bytes);
    if (!blocks.ok()) return WithContext(blocks.status(), "'" + stat.path + "'");
    LogRecordReader reader(columns_);
    for (const LogBlock& block : *blocks) {
      if (block.instant() != commit.instant) continue;
      if (block.type == LogBlockType::kAvroData || block.type == LogBlockType::kParquetData) {
        TAPELAKE_ASSIGN_OR_RAISE(const auto batch, reader.Read(block));
        const int64_t row = FindKey(*batch, key_);
        if (row >= 0) Add(commit, stat.path, TextsOf(*batch, row));
      } else if (block.type == LogBlockType::kDelete) {
        TAPELAKE_ASSIGN_OR_RAISE(const auto deletes, ParseDeleteBlockContent(block.content));
        for (const DeleteRecord& record : deletes) {
          if (record.record_key == key_) Add(commit, stat.path, {});
        }
      }
    }
    return Status::OK();
  }

  /// A base file repeats what earlier commits wrote: only rows of its own commit are news, and a
  /// row that is not there any more.
  Status TellBaseFile(const CommitMetadata& commit, const WriteStat& stat) {
    const std::string path = io::JoinPath(table_.base_path(), stat.path);
    TAPELAKE_RETURN_NOT_OK(CheckBaseFile(files_, path));
    TAPELAKE_ASSIGN_OR_RAISE(const auto reader, BaseFileReader::Open(files_, path));
    TAPELAKE_ASSIGN_OR_RAISE(const auto batches, reader->Stream(reader->AllRowGroups(), columns_));
    bool& was_there = in_group_[{stat.partition_path, stat.file_id}];
    while (true) {
      TAPELAKE_ASSIGN_OR_RAISE(const auto batch, batches->Next());
      if (batch == nullptr) break;
      const int64_t row = FindKey(*batch, key_);
      if (row < 0) continue;
      was_there = true;
      const auto times = batch->GetColumnByName(kTimeColumn);
      if (times != nullptr && TextAt(*times, row) == commit.instant) {
        Add(commit, stat.path, TextsOf(*batch, row));
      }
      return Status::OK();
    }
    // A compaction takes away what a log deleted before, which was told.
    if (was_there && !commit.compacted) Add(commit, stat.path, {});
    was_there = false;
    return Status::OK();
  }

  Status TellPresent(const FileSlice& slice) {
    const SliceSource source = SourceOf(files_, table_.base_path(), snapshot_);
    TAPELAKE_ASSIGN_OR_RAISE(const auto reader, SliceReader::Open(source, slice, columns_));
    while (true) {
      TAPELAKE_ASSIGN_OR_RAISE(const auto batch, reader->Next());
      if (batch == nullptr) return Status::OK();
      const int64_t row = FindKey(*batch, key_);
      if (row < 0) continue;
      story_.rows.push_back(
          {.path =
               slice.has_base_file() ? slice.RelativePath() : slice.LogPath(slice.log_files.back()),
           .partition_path = slice.partition_path,
           .commit = TextAt(*batch->GetColumnByName(kTimeColumn), row).value_or(""),
           .row = TextsOf(*batch, row)});
    }
  }

  io::FileSystem& files_;
  Table& table_;
  const std::string& key_;
  Snapshot snapshot_;
  std::vector<std::string> columns_;
  std::optional<uint32_t> bucket_;
  std::set<std::string> paths_;  // of the data files that are there
  std::map<std::pair<std::string, std::string>, CommitMetadata> commits_;  // by time and instant
  std::set<std::string> gone_;                                             // instants
  std::map<FileGroupId, bool> in_group_;  // whether the group's last base file had the key
  KeyStory story_;
};

}  // namespace

Result<KeyStory> TellKey(const TableEnvironment& environment, Table& table,
                         const std::string& key) {
  return Storyteller(environment, table, key).Run();
}

}  // namespace tapelake::hudi
