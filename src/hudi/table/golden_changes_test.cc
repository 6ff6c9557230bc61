// The change feed of the golden tables: as real Hudi gave it, and as the difference of snapshots.

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <set>
#include <sstream>
#include <tuple>

#include <arrow/array.h>
#include <arrow/util/checked_cast.h>

#include "hudi/table/change_reader.h"
#include "hudi/table/table_view.h"
#include "io/local_file_system.h"
#include "tests/golden/golden_rows.h"
#include "tests/golden/golden_table.h"

namespace tapelake::hudi {
namespace {

using arrow::internal::checked_cast;
using golden::Row;

const std::string kSource = TAPELAKE_SOURCE_DIR;

struct Change {
  std::string op;
  std::string instant;
  std::string key;
  std::string partition;
  Row before;  ///< Empty: none.
  Row after;
};

/// Rows by partition and key.
using Table = std::map<std::pair<std::string, std::string>, Row>;

Row ImageText(const arrow::Array& column, int64_t row) {
  if (column.IsNull(row)) return {};
  Row cells;
  const auto& image = checked_cast<const arrow::StructArray&>(column);
  for (int i = 0; i < image.num_fields(); ++i)
    cells.push_back(golden::CellText(*image.field(i), row));
  return cells;
}

Result<std::vector<Change>> ReadChanges(TableView& view, const TimeRange& range) {
  TAPELAKE_ASSIGN_OR_RAISE(const auto reader, ChangeReader::Open(view, range));
  std::vector<Change> changes;
  while (true) {
    TAPELAKE_ASSIGN_OR_RAISE(const auto batch, reader->Next());
    if (batch == nullptr) return changes;
    EXPECT_TRUE(batch->ValidateFull().ok()) << batch->ValidateFull();
    EXPECT_TRUE(batch->schema()->Equals(*reader->schema()));
    for (int64_t i = 0; i < batch->num_rows(); ++i) {
      const auto text = [&](int column) { return golden::CellText(*batch->column(column), i); };
      changes.push_back({.op = text(0),
                         .instant = text(1),
                         .key = text(2),
                         .partition = text(3),
                         .before = ImageText(*batch->column(4), i),
                         .after = ImageText(*batch->column(5), i)});
    }
  }
}

class GoldenChanges : public ::testing::TestWithParam<std::string> {
 protected:
  Table RowsAt(const Snapshot& snapshot, const arrow::Schema& schema) {
    std::vector<std::string> columns = {"_hoodie_partition_path", "_hoodie_record_key"};
    for (const auto& field : schema.fields()) {
      // A column added later is null before.
      if (snapshot.schema->GetFieldByName(field->name()) != nullptr) {
        columns.push_back(field->name());
      }
    }
    Table rows;
    for (const Row& row : golden::RowsOf(files_, table_.path(), snapshot, columns)) {
      Row image;
      size_t next = 2;
      for (const auto& field : schema.fields()) {
        const bool absent = snapshot.schema->GetFieldByName(field->name()) == nullptr;
        image.push_back(absent ? "\\N" : row[next++]);
      }
      rows[{row[0], row[1]}] = image;
    }
    return rows;
  }

  static void Apply(const std::vector<Change>& changes, Table* rows) {
    for (const Change& change : changes) {
      const std::pair key(change.partition, change.key);
      SCOPED_TRACE(change.op + " " + change.key + " at " + change.instant);
      const auto found = rows->find(key);
      EXPECT_EQ(change.before, found == rows->end() ? Row{} : found->second);
      EXPECT_EQ(change.op, change.before.empty() ? "i" : change.after.empty() ? "d" : "u");
      if (change.after.empty()) {
        rows->erase(key);
      } else {
        (*rows)[key] = change.after;
      }
    }
  }

  io::LocalFileSystem files_;
  golden::GoldenTable table_{kSource, GetParam()};
  std::unique_ptr<TableView> view_ = TableView::Open(files_, table_.path()).ValueOrDie();
};

/// The tables whose change feed Spark was asked.
class GoldenChangeFeed : public GoldenChanges {};

TEST_P(GoldenChangeFeed, OperationsAndKeysAreThoseOfHudi) {
  std::multiset<std::tuple<std::string, std::string, std::string>> expected;  // op, instant, key
  std::istringstream lines(table_.SideFile("cdc.csv"));
  std::string line;
  std::getline(lines, line);
  while (std::getline(lines, line)) {
    // Either image says it, behind doubled quotes, some with a blank in between.
    const size_t key = line.find("tx", line.find(R"(""transaction_id"":)") + 17);
    const size_t comma = line.find(',');
    expected.emplace(line.substr(0, comma),
                     line.substr(comma + 1, line.find(',', comma + 1) - comma - 1),
                     line.substr(key, line.find('"', key) - key));
  }
  const auto changes = ReadChanges(*view_, {});
  ASSERT_TRUE(changes.ok()) << changes.status();
  std::multiset<std::tuple<std::string, std::string, std::string>> found;
  for (const Change& change : *changes)
    found.emplace(change.op, change.instant, change.key);
  EXPECT_EQ(found, expected);
}

TEST_P(GoldenChangeFeed, LogsWithBothImagesNeedNoOlderSlices) {
  const auto history = *view_->History({});
  const std::string first = history[0].instant.timestamp;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(table_.path())) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with("_" + first + ".parquet")) std::filesystem::remove(entry.path());
  }
  const auto view = TableView::Open(files_, table_.path()).ValueOrDie();
  const auto changes = ReadChanges(*view, {.begin = OrderTime(history[0].instant), .end = ""});
  if (GetParam().ends_with("op_key_only")) {
    EXPECT_NE(changes.status().message().find("the first instant still available is " +
                                              OrderTime(history[1].instant)),
              std::string::npos)
        << changes.status();
  } else {
    ASSERT_TRUE(changes.ok()) << changes.status();
    EXPECT_EQ(changes->size(), 16 + 6 + 4);
  }
}

TEST_P(GoldenChanges, FoldedOverAnyIntervalAreTheDifferenceOfItsSnapshots) {
  const auto history = *view_->History({});
  int intervals = 0;
  for (size_t from = 0; from < history.size(); ++from) {
    const auto start = view_->SnapshotAt(history[from].instant.timestamp, QueryMode::kSnapshot);
    if (!start.ok()) continue;  // cleaned
    for (size_t to = from; to < history.size(); ++to) {
      SCOPED_TRACE(history[from].instant.timestamp + " to " + history[to].instant.timestamp);
      const auto end = view_->SnapshotAt(history[to].instant.timestamp, QueryMode::kSnapshot);
      const auto changes = ReadChanges(*view_, {.begin = OrderTime(history[from].instant),
                                                .end = OrderTime(history[to].instant)});
      if (!end.ok() || !changes.ok()) {
        // Behind a savepoint there may be a hole that was cleaned.
        EXPECT_TRUE(GetParam().find("savepoint") != std::string::npos)
            << end.status() << changes.status();
        continue;
      }
      Table rows = RowsAt(*start, *end->schema);
      Apply(*changes, &rows);
      EXPECT_EQ(rows, RowsAt(*end, *end->schema));
      ++intervals;
    }
  }
  EXPECT_GT(intervals, 1);
}

TEST_P(GoldenChanges, FromTheStartTheyAreTheTableOrNameWhatIsLeft) {
  const auto changes = ReadChanges(*view_, {});
  if (!changes.ok()) {
    EXPECT_EQ(KindOf(changes.status()), ErrorKind::kInvalid) << changes.status();
    EXPECT_NE(changes.status().message().find("the first instant still available is 20261122"),
              std::string::npos)
        << changes.status();
    return;
  }
  const auto end = view_->SnapshotAt("", QueryMode::kSnapshot).ValueOrDie();
  Table rows;
  Apply(*changes, &rows);
  EXPECT_EQ(rows, RowsAt(end, *end.schema));
}

INSTANTIATE_TEST_SUITE_P(All, GoldenChanges, ::testing::ValuesIn(golden::AllGoldenTables(kSource)),
                         [](const auto& info) { return info.param; });

INSTANTIATE_TEST_SUITE_P(All, GoldenChangeFeed,
                         ::testing::ValuesIn(golden::GoldenTablesWith(kSource, "cdc.csv")),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace tapelake::hudi
