#include "hudi/inspect/table_diff.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include <arrow/array.h>
#include <arrow/record_batch.h>

#include "hudi/cleaning/cleaning_job.h"
#include "hudi/file_slice/file_slice.h"
#include "hudi/inspect/row_text.h"
#include "hudi/reader/slice_reader.h"
#include "hudi/table/snapshot_source.h"

namespace tapelake::hudi {
namespace {

constexpr char kKeyColumn[] = "_hoodie_record_key";
constexpr int kKeyNumber = 0;  // of the columns read
constexpr int kFirstDataColumn = 1;

using Batch = std::shared_ptr<arrow::RecordBatch>;

/// One stored row; keeps its batch alive.
struct RowPlace {
  Batch batch;
  int64_t row = 0;
  std::string partition_path;
};

std::string KeyAt(const arrow::RecordBatch& batch, int64_t row) {
  const auto* keys = dynamic_cast<const arrow::StringArray*>(batch.column(kKeyNumber).get());
  return keys == nullptr || keys->IsNull(row) ? std::string() : keys->GetString(row);
}

class SnapshotDiff {
 public:
  SnapshotDiff(const TableEnvironment& environment, Table& table,
               const std::function<Status(const RowDifference&)>& visit)
      : files_(environment.files), table_(table), visit_(visit) {}

  Result<DiffCounts> Run(const std::string& from, const std::string& to) {
    TAPELAKE_ASSIGN_OR_RAISE(snapshot_, table_.LatestSnapshot());
    if (snapshot_.instant.empty() || snapshot_.schema == nullptr) return counts_;
    from_ = from;
    to_ = to.empty() ? snapshot_.instant : to;
    TAPELAKE_RETURN_NOT_OK(CheckNotCleaned());
    columns_ = {kKeyColumn};
    for (const auto& field : snapshot_.schema->fields())
      columns_.push_back(field->name());
    const Timeline& timeline = *snapshot_.timeline;
    TAPELAKE_ASSIGN_OR_RAISE(const auto touched, TouchedGroups());
    std::map<FileGroupId, std::pair<std::optional<FileSlice>, std::optional<FileSlice>>> groups;
    TAPELAKE_ASSIGN_OR_RAISE(auto before,
                             LatestSlices(files_, table_.base_path(), timeline, from_));
    TAPELAKE_ASSIGN_OR_RAISE(auto after, LatestSlices(files_, table_.base_path(), timeline, to_));
    for (FileSlice& slice : before)
      groups[{slice.partition_path, slice.file_id}].first = std::move(slice);
    for (FileSlice& slice : after)
      groups[{slice.partition_path, slice.file_id}].second = std::move(slice);
    for (const auto& [group, slices] : groups) {
      if (touched && !touched->contains(group)) continue;
      TAPELAKE_RETURN_NOT_OK(DiffGroup(slices.first, slices.second));
    }
    TAPELAKE_RETURN_NOT_OK(ReportMoves());
    return counts_;
  }

 private:
  Status CheckNotCleaned() const {
    const Timeline& timeline = *snapshot_.timeline;
    TAPELAKE_ASSIGN_OR_RAISE(const std::string before,
                             CleanedBefore(files_, table_.base_path(), timeline));
    for (const std::string& instant : {from_, to_}) {
      const bool pinned = std::ranges::any_of(timeline.instants(), [&](const Instant& savepoint) {
        return savepoint.action == InstantAction::kSavepoint && savepoint.timestamp == instant;
      });
      if (pinned || instant >= before) continue;
      return MakeError(ErrorKind::kInvalid, "files of instant '" + instant +
                                                "' may be cleaned; the first commit that is whole "
                                                "is '" +
                                                before + "'");
    }
    return Status::OK();
  }

  /// The file groups that commits in (from, to] wrote or replaced; nullopt: nobody knows.
  Result<std::optional<std::set<FileGroupId>>> TouchedGroups() const {
    const Timeline& timeline = *snapshot_.timeline;
    const std::vector<Instant> commits = timeline.CompletedCommits();
    const std::string& low = std::min(from_, to_);
    const std::string& high = std::max(from_, to_);
    if (commits.empty() || commits.front().timestamp > low) {
      return std::optional<std::set<FileGroupId>>();
    }
    std::set<FileGroupId> groups;
    for (const Instant& instant : commits) {
      if (instant.timestamp <= low || instant.timestamp > high) continue;
      TAPELAKE_ASSIGN_OR_RAISE(const auto commit,
                               ReadCommitMetadata(files_, table_.base_path(), instant));
      for (const auto& [partition, stats] : commit.write_stats) {
        for (const WriteStat& stat : stats)
          groups.emplace(partition, stat.file_id);
      }
      for (const auto& [partition, file_ids] : commit.replaced_file_ids) {
        for (const std::string& file_id : file_ids)
          groups.emplace(partition, file_id);
      }
    }
    return std::optional(std::move(groups));
  }

  /// Call `take` for every row of a slice as readers at `as_of` see it.
  template <typename Take>
  Status ForEachRow(const std::optional<FileSlice>& slice, const std::string& as_of, Take take) {
    if (!slice) return Status::OK();
    SliceSource source = SourceOf(files_, table_.base_path(), snapshot_);
    source.scan.as_of = as_of;
    TAPELAKE_ASSIGN_OR_RAISE(const auto reader, SliceReader::Open(source, *slice, columns_));
    while (true) {
      TAPELAKE_ASSIGN_OR_RAISE(const Batch batch, reader->Next());
      if (batch == nullptr) return Status::OK();
      for (int64_t row = 0; row < batch->num_rows(); ++row)
        TAPELAKE_RETURN_NOT_OK(take(RowPlace{batch, row, slice->partition_path}));
    }
  }

  Status DiffGroup(const std::optional<FileSlice>& before, const std::optional<FileSlice>& after) {
    std::map<std::string, RowPlace> old_rows;
    TAPELAKE_RETURN_NOT_OK(ForEachRow(before, from_, [&](RowPlace place) {
      old_rows.emplace(KeyAt(*place.batch, place.row), std::move(place));
      return Status::OK();
    }));
    TAPELAKE_RETURN_NOT_OK(ForEachRow(after, to_, [&](RowPlace place) {
      const std::string key = KeyAt(*place.batch, place.row);
      const auto old = old_rows.find(key);
      if (old == old_rows.end()) {
        came_.insert_or_assign(key, std::move(place));
        return Status::OK();
      }
      const RowPlace before_row = std::move(old->second);
      old_rows.erase(old);
      return ReportUpdate(key, before_row, place);
    }));
    for (auto& [key, place] : old_rows)
      left_.insert_or_assign(key, std::move(place));
    return Status::OK();
  }

  /// Rows that left one file group and came to another moved; the rest came or went.
  Status ReportMoves() {
    for (const auto& [key, place] : came_) {
      const auto old = left_.find(key);
      if (old != left_.end()) {
        TAPELAKE_RETURN_NOT_OK(ReportUpdate(key, old->second, place));
        left_.erase(old);
        continue;
      }
      ++counts_.inserted;
      TAPELAKE_RETURN_NOT_OK(visit_(WholeRow(RowDifferenceKind::kInserted, key, place)));
    }
    for (const auto& [key, place] : left_) {
      ++counts_.deleted;
      TAPELAKE_RETURN_NOT_OK(visit_(WholeRow(RowDifferenceKind::kDeleted, key, place)));
    }
    return Status::OK();
  }

  static RowDifference WholeRow(RowDifferenceKind kind, const std::string& key,
                                const RowPlace& place) {
    RowDifference difference{.kind = kind, .key = key, .partition_path = place.partition_path};
    for (int i = kFirstDataColumn; i < place.batch->num_columns(); ++i) {
      ColumnDifference& column = difference.columns.emplace_back();
      column.name = place.batch->column_name(i);
      (kind == RowDifferenceKind::kInserted ? column.after : column.before) =
          TextAt(*place.batch->column(i), place.row);
    }
    return difference;
  }

  Status ReportUpdate(const std::string& key, const RowPlace& before, const RowPlace& after) {
    RowDifference difference{
        .kind = RowDifferenceKind::kUpdated, .key = key, .partition_path = after.partition_path};
    if (before.partition_path != after.partition_path) {
      difference.moved_from = before.partition_path;
    }
    for (int i = kFirstDataColumn; i < after.batch->num_columns(); ++i) {
      const arrow::Array& old_column = *before.batch->column(i);
      const arrow::Array& new_column = *after.batch->column(i);
      if (new_column.RangeEquals(old_column, after.row, after.row + 1, before.row)) continue;
      difference.columns.push_back({.name = after.batch->column_name(i),
                                    .before = TextAt(old_column, before.row),
                                    .after = TextAt(new_column, after.row)});
    }
    if (difference.columns.empty() && difference.moved_from.empty()) return Status::OK();
    ++counts_.updated;
    return visit_(difference);
  }

  io::FileSystem& files_;
  Table& table_;
  const std::function<Status(const RowDifference&)>& visit_;
  Snapshot snapshot_;
  std::string from_;
  std::string to_;
  std::vector<std::string> columns_;
  std::map<std::string, RowPlace> came_;
  std::map<std::string, RowPlace> left_;
  DiffCounts counts_;
};

}  // namespace

std::string_view RowDifferenceName(RowDifferenceKind kind) {
  switch (kind) {
    case RowDifferenceKind::kInserted:
      return "inserted";
    case RowDifferenceKind::kUpdated:
      return "updated";
    case RowDifferenceKind::kDeleted:
      return "deleted";
  }
  return "unknown";
}

Result<DiffCounts> DiffSnapshots(const TableEnvironment& environment, Table& table,
                                 const std::string& from, const std::string& to,
                                 const std::function<Status(const RowDifference&)>& visit) {
  return SnapshotDiff(environment, table, visit).Run(from, to);
}

}  // namespace tapelake::hudi
