#include "query/history_tables.h"

#include <map>
#include <utility>
#include <vector>

#include <arrow/builder.h>

#include "hudi/table/change_reader.h"

namespace tapelake::query {
namespace {

using Batch = std::shared_ptr<arrow::RecordBatch>;

class ChangeStream : public BatchStream {
 public:
  static Result<std::unique_ptr<BatchStream>> Open(std::unique_ptr<hudi::TableView> view,
                                                   const hudi::TimeRange& range) {
    auto stream = std::make_unique<ChangeStream>();
    TAPELAKE_ASSIGN_OR_RAISE(stream->reader_, hudi::ChangeReader::Open(*view, range));
    stream->view_ = std::move(view);
    return stream;
  }
  const std::shared_ptr<arrow::Schema>& schema() const override { return reader_->schema(); }
  Result<Batch> Next() override { return reader_->Next(); }

 private:
  std::unique_ptr<hudi::TableView> view_;
  std::unique_ptr<hudi::ChangeReader> reader_;  // before view_ goes
};

/// A list that is made at once.
class ListStream : public BatchStream {
 public:
  explicit ListStream(Batch rows) : schema_(rows->schema()), rows_(std::move(rows)) {
    if (rows_->num_rows() == 0) rows_.reset();
  }
  const std::shared_ptr<arrow::Schema>& schema() const override { return schema_; }
  Result<Batch> Next() override { return std::exchange(rows_, nullptr); }

 private:
  std::shared_ptr<arrow::Schema> schema_;
  Batch rows_;
};

/// Rows of texts and whole numbers, built cell by cell.
class RowBuilder {
 public:
  struct Cell {
    Cell(const std::string& value) : text(&value) {}  // NOLINT(google-explicit-constructor)
    Cell(int64_t value) : number(value) {}            // NOLINT(google-explicit-constructor)
    const std::string* text = nullptr;                // nullptr: a number; an empty one is null
    int64_t number = 0;
  };

  explicit RowBuilder(std::vector<std::pair<const char*, bool>> columns) {
    for (const auto& [name, is_text] : columns) {
      fields_.push_back(arrow::field(name, is_text ? arrow::utf8() : arrow::int64()));
      if (is_text) {
        builders_.push_back(std::make_unique<arrow::StringBuilder>());
      } else {
        builders_.push_back(std::make_unique<arrow::Int64Builder>());
      }
    }
  }

  Status Add(const std::vector<Cell>& cells) {
    for (size_t i = 0; i < builders_.size(); ++i) {
      arrow::ArrayBuilder& builder = *builders_[i];
      const Cell& cell = cells[i];
      if (cell.text == nullptr) {
        TAPELAKE_RETURN_NOT_OK(static_cast<arrow::Int64Builder&>(builder).Append(cell.number));
      } else if (cell.text->empty() && fields_[i]->name() != kPartition) {
        TAPELAKE_RETURN_NOT_OK(builder.AppendNull());
      } else {
        TAPELAKE_RETURN_NOT_OK(static_cast<arrow::StringBuilder&>(builder).Append(*cell.text));
      }
    }
    return Status::OK();
  }

  Result<std::unique_ptr<BatchStream>> Finish() {
    const int64_t count = builders_.front()->length();
    arrow::ArrayVector columns;
    for (auto& builder : builders_) {
      TAPELAKE_ASSIGN_OR_RAISE(auto column, builder->Finish());
      columns.push_back(std::move(column));
    }
    return std::make_unique<ListStream>(
        arrow::RecordBatch::Make(arrow::schema(fields_), count, std::move(columns)));
  }

  static constexpr char kPartition[] = "partition_path";

 private:
  arrow::FieldVector fields_;
  std::vector<std::unique_ptr<arrow::ArrayBuilder>> builders_;
};

constexpr bool kText = true;
constexpr bool kNumber = false;

Result<std::unique_ptr<BatchStream>> Commits(hudi::TableView& view, const hudi::TimeRange& range) {
  TAPELAKE_ASSIGN_OR_RAISE(const auto history, view.History(range));
  RowBuilder rows({{"commit_time", kText},
                   {"completion_time", kText},
                   {"action", kText},
                   {"operation_type", kText},
                   {"timeline", kText},
                   {"partitions", kNumber},
                   {"files", kNumber},
                   {"replaced_file_groups", kNumber},
                   {"rows_written", kNumber},
                   {"inserts", kNumber},
                   {"updates", kNumber},
                   {"deletes", kNumber},
                   {"bytes_written", kNumber}});
  for (const hudi::HistoryCommit& commit : history) {
    const std::string action(hudi::InstantActionName(commit.instant.action));
    const std::string timeline = commit.archived ? "archived" : "active";
    hudi::WriteStat sum;
    int64_t files = 0;
    for (const auto& [partition, stats] : commit.metadata.write_stats) {
      for (const hudi::WriteStat& stat : stats) {
        ++files;
        sum.writes += stat.writes;
        sum.inserts += stat.inserts;
        sum.update_writes += stat.update_writes;
        sum.deletes += stat.deletes;
        sum.file_size_bytes += stat.file_size_bytes;
      }
    }
    int64_t replaced = 0;
    for (const auto& [partition, file_ids] : commit.metadata.replaced_file_ids)
      replaced += std::ssize(file_ids);
    TAPELAKE_RETURN_NOT_OK(rows.Add(
        {commit.instant.timestamp, commit.instant.completion_time, action,
         commit.metadata.operation_type, timeline, std::ssize(commit.metadata.write_stats), files,
         replaced, sum.writes, sum.inserts, sum.update_writes, sum.deletes, sum.file_size_bytes}));
  }
  return rows.Finish();
}

int64_t LogBytes(const hudi::FileSlice& slice) {
  int64_t bytes = 0;
  for (const hudi::SliceLogFile& log : slice.log_files)
    bytes += log.size_bytes;
  return bytes;
}

Result<std::unique_ptr<BatchStream>> Files(hudi::TableView& view) {
  TAPELAKE_ASSIGN_OR_RAISE(const auto snapshot, view.SnapshotAt("", hudi::QueryMode::kSnapshot));
  RowBuilder rows({{RowBuilder::kPartition, kText},
                   {"file_id", kText},
                   {"base_instant", kText},
                   {"path", kText},
                   {"kind", kText},
                   {"size_bytes", kNumber}});
  const std::string base_kind = "base";
  const std::string log_kind = "log";
  for (const hudi::FileSlice& slice : snapshot.slices) {
    if (slice.has_base_file()) {
      TAPELAKE_RETURN_NOT_OK(rows.Add({slice.partition_path, slice.file_id, slice.base_instant,
                                       slice.RelativePath(), base_kind, slice.size_bytes}));
    }
    for (const hudi::SliceLogFile& log : slice.log_files) {
      TAPELAKE_RETURN_NOT_OK(rows.Add({slice.partition_path, slice.file_id, slice.base_instant,
                                       slice.LogPath(log), log_kind, log.size_bytes}));
    }
  }
  return rows.Finish();
}

Result<std::unique_ptr<BatchStream>> Partitions(hudi::TableView& view) {
  struct Sum {
    int64_t groups = 0;
    int64_t base_files = 0;
    int64_t log_files = 0;
    int64_t base_bytes = 0;
    int64_t log_bytes = 0;
  };
  TAPELAKE_ASSIGN_OR_RAISE(const auto snapshot, view.SnapshotAt("", hudi::QueryMode::kSnapshot));
  std::map<std::string, Sum> sums;
  for (const hudi::FileSlice& slice : snapshot.slices) {
    Sum& sum = sums[slice.partition_path];
    ++sum.groups;
    sum.base_files += slice.has_base_file() ? 1 : 0;
    sum.base_bytes += slice.has_base_file() ? slice.size_bytes : 0;
    sum.log_files += std::ssize(slice.log_files);
    sum.log_bytes += LogBytes(slice);
  }
  RowBuilder rows({{RowBuilder::kPartition, kText},
                   {"file_groups", kNumber},
                   {"base_files", kNumber},
                   {"base_bytes", kNumber},
                   {"log_files", kNumber},
                   {"log_bytes", kNumber}});
  for (const auto& [partition, sum] : sums) {
    TAPELAKE_RETURN_NOT_OK(rows.Add(
        {partition, sum.groups, sum.base_files, sum.base_bytes, sum.log_files, sum.log_bytes}));
  }
  return rows.Finish();
}

}  // namespace

Result<std::unique_ptr<BatchStream>> OpenHistory(std::unique_ptr<hudi::TableView> view,
                                                 std::string_view kind,
                                                 const hudi::TimeRange& range) {
  if (kind == "changes") return ChangeStream::Open(std::move(view), range);
  if (kind == "commits") return Commits(*view, range);
  if (kind == "files") return Files(*view);
  if (kind == "partitions") return Partitions(*view);
  return MakeError(ErrorKind::kInvalid, "no history '" + std::string(kind) + "'");
}

}  // namespace tapelake::query
