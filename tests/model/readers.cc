#include "tests/model/readers.h"

#include <functional>
#include <map>
#include <utility>

#include <arrow/array.h>
#include <arrow/util/checked_cast.h>
#include "hudi/reader/slice_reader.h"
#include "hudi/table/change_reader.h"
#include "hudi/table/snapshot_source.h"
#include "tests/sim/table_text.h"

namespace tapelake::model {
namespace {

using arrow::internal::checked_cast;
using Table = std::map<std::string, Cells>;

constexpr char kCommitTime[] = "_hoodie_commit_time";
constexpr char kPartitionPath[] = "_hoodie_partition_path";

Status Broken(std::string message) {
  return MakeError(ErrorKind::kInternal, std::move(message));
}

std::string Shown(const Cells& cells) {
  std::string text;
  for (const auto& [column, cell] : cells)
    text += " " + column + "=" + cell;
  return text.empty() ? " none" : text;
}

Result<Cells> CellsIn(const arrow::ArrayVector& columns, const arrow::FieldVector& fields,
                      int64_t row) {
  Cells cells;
  for (size_t i = 0; i < columns.size(); ++i) {
    if (columns[i]->IsNull(row)) continue;
    TAPELAKE_ASSIGN_OR_RAISE(cells[fields[i]->name()], sim::CellText(*columns[i], row));
  }
  return cells;
}

Table TableOf(const State& state, const std::function<bool(const Row&)>& takes) {
  Table table;
  for (const auto& [key, row] : state.rows) {
    if (takes(row)) table[key] = CellsOf(state, key);
  }
  return table;
}

Status Compare(const Table& have, const Table& want) {
  for (const auto& [key, cells] : want) {
    const auto found = have.find(key);
    if (found == have.end()) return Broken("lacks" + Shown(cells));
    if (found->second != cells) {
      return Broken("has" + Shown(found->second) + ", expected" + Shown(cells));
    }
  }
  for (const auto& [key, cells] : have) {
    if (!want.contains(key)) return Broken("has in addition" + Shown(cells));
  }
  return Status::OK();
}

/// The rows of a snapshot that were written by a commit that `takes`; checks their meta columns.
Result<Table> ReadRows(io::FileSystem& files, const std::string& base_path,
                       const hudi::Snapshot& snapshot,
                       const std::function<bool(const std::string&)>& takes) {
  Table table;
  const hudi::SliceSource source = hudi::SourceOf(files, base_path, snapshot);
  std::vector<std::string> columns = snapshot.schema->field_names();
  columns.insert(columns.end(), {kCommitTime, kPartitionPath});
  for (const hudi::FileSlice& slice : snapshot.slices) {
    TAPELAKE_ASSIGN_OR_RAISE(const auto reader, hudi::SliceReader::Open(source, slice, columns));
    while (true) {
      TAPELAKE_ASSIGN_OR_RAISE(const auto batch, reader->Next());
      if (batch == nullptr) break;
      for (int64_t i = 0; i < batch->num_rows(); ++i) {
        TAPELAKE_ASSIGN_OR_RAISE(Cells cells,
                                 CellsIn(batch->columns(), batch->schema()->fields(), i));
        const std::string commit_time = cells[kCommitTime];
        if (cells[kPartitionPath] != "day=" + cells[kDayColumn]) {
          return Broken("stored in partition " + cells[kPartitionPath] + ":" + Shown(cells));
        }
        cells.erase(kCommitTime);
        cells.erase(kPartitionPath);
        if (!takes(commit_time)) continue;
        const std::string key = cells[kKeyColumn];
        if (!table.try_emplace(key, std::move(cells)).second) {
          return Broken("key " + key + " is stored twice");
        }
      }
    }
  }
  return table;
}

Result<Cells> ImageIn(const arrow::Array& column, int64_t row) {
  if (column.IsNull(row)) return Cells{};
  const auto& image = checked_cast<const arrow::StructArray&>(column);
  return CellsIn(image.fields(), image.type()->fields(), row);
}

Status Apply(const arrow::RecordBatch& batch, int64_t row, Table* table) {
  TAPELAKE_ASSIGN_OR_RAISE(const std::string op, sim::CellText(*batch.column(0), row));
  TAPELAKE_ASSIGN_OR_RAISE(const std::string key, sim::CellText(*batch.column(2), row));
  TAPELAKE_ASSIGN_OR_RAISE(const Cells before, ImageIn(*batch.column(4), row));
  TAPELAKE_ASSIGN_OR_RAISE(const Cells after, ImageIn(*batch.column(5), row));
  const auto stored = table->find(key);
  const Cells have = stored == table->end() ? Cells{} : stored->second;
  if (have != before) {
    return Broken("change '" + op + "' of key " + key + " says it was" + Shown(before) +
                  ", but it was" + Shown(have));
  }
  const std::string want = before.empty() ? "i" : after.empty() ? "d" : "u";
  if (op != want) return Broken("change '" + op + "' of key " + key + " is a '" + want + "'");
  if (after.empty()) {
    table->erase(key);
  } else {
    (*table)[key] = after;
  }
  return Status::OK();
}

bool TakesAll(const Row& /*row*/) {
  return true;
}

}  // namespace

Status CheckRows(io::FileSystem& files, const std::string& base_path,
                 const hudi::Snapshot& snapshot, const State& want) {
  if (snapshot.instant.empty() && want.rows.empty()) return Status::OK();
  TAPELAKE_ASSIGN_OR_RAISE(const Table have, ReadRows(files, base_path, snapshot,
                                                      [](const std::string&) { return true; }));
  return Compare(have, TableOf(want, TakesAll));
}

Status CheckTimeTravel(hudi::TableView& view, const Oracle& oracle, const std::string& instant) {
  TAPELAKE_ASSIGN_OR_RAISE(const hudi::Snapshot snapshot,
                           view.SnapshotAt(instant, hudi::QueryMode::kSnapshot));
  return CheckRows(view.files(), view.base_path(), snapshot, oracle.At(instant));
}

Status CheckIncremental(hudi::TableView& view, const Oracle& oracle, const hudi::TimeRange& range) {
  TAPELAKE_ASSIGN_OR_RAISE(const hudi::IncrementalSnapshot answer, view.Incremental(range));
  TAPELAKE_ASSIGN_OR_RAISE(
      const Table have,
      ReadRows(view.files(), view.base_path(), answer.snapshot,
               [&](const std::string& commit_time) { return answer.Takes(commit_time); }));
  return Compare(have, TableOf(oracle.At(range.end),
                               [&](const Row& row) { return range.Contains(row.commit); }));
}

Status CheckChanges(hudi::TableView& view, const Oracle& oracle, const hudi::TimeRange& range) {
  TAPELAKE_ASSIGN_OR_RAISE(const auto reader, hudi::ChangeReader::Open(view, range));
  Table table = TableOf(oracle.At(range.begin), TakesAll);
  while (true) {
    TAPELAKE_ASSIGN_OR_RAISE(const auto batch, reader->Next());
    if (batch == nullptr) break;
    for (int64_t row = 0; row < batch->num_rows(); ++row)
      TAPELAKE_RETURN_NOT_OK(Apply(*batch, row, &table));
  }
  return Compare(table, TableOf(oracle.At(range.end), TakesAll));
}

}  // namespace tapelake::model
