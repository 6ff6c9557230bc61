// What real Hudi answered about the golden tables beside their snapshots: read-optimized and
// incremental queries; and time travel, against what the table itself says of its past.

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/json.h"
#include "hudi/table/table_view.h"
#include "io/local_file_system.h"
#include "tests/golden/golden_rows.h"
#include "tests/golden/golden_table.h"

namespace tapelake::hudi {
namespace {

using golden::GoldenCsv;
using golden::Row;

const std::string kSource = TAPELAKE_SOURCE_DIR;

class GoldenHistory : public ::testing::TestWithParam<std::string> {
 protected:
  bool Has(const std::string& extension) const {
    return golden::HasSideFile(kSource, GetParam() + "." + extension);
  }
  GoldenCsv Csv(const std::string& extension) const {
    return golden::ParseGoldenCsv(table_.SideFile(extension));
  }
  std::string Fact(const char* name) const {
    const auto json = base::ParseJson(table_.SideFile("json")).ValueOrDie();
    const base::JsonValue* facts = json.Find("expected_rows");
    const base::JsonValue* fact = facts == nullptr ? nullptr : facts->Find(name);
    return fact == nullptr ? "" : fact->text();
  }

  io::LocalFileSystem files_;
  golden::GoldenTable table_{kSource, GetParam()};
  std::unique_ptr<TableView> view_ = TableView::Open(files_, table_.path()).ValueOrDie();
};

/// The tables whose incremental query Spark was asked.
class GoldenIncremental : public GoldenHistory {};

TEST_P(GoldenHistory, ReadOptimizedEqualsWhatSparkReads) {
  // A copy-on-write table has base files only.
  const GoldenCsv expected = Has("ro.csv") ? Csv("ro.csv") : Csv("snapshot.csv");
  EXPECT_EQ(Has("ro.csv"), view_->config().type == TableType::kMergeOnRead);
  const auto snapshot = view_->SnapshotAt("", QueryMode::kReadOptimized);
  ASSERT_TRUE(snapshot.ok()) << snapshot.status();
  EXPECT_EQ(golden::RowsOf(files_, table_.path(), *snapshot, expected.columns), expected.rows);
}

TEST_P(GoldenHistory, SnapshotNowEqualsWhatSparkReads) {
  const GoldenCsv expected = Csv("snapshot.csv");
  const std::string now = view_->timeline().NewestCompletedCommit()->timestamp;
  for (const std::string& as_of : {std::string(), now, std::string("29991231000000000")}) {
    const auto snapshot = view_->SnapshotAt(as_of, QueryMode::kSnapshot);
    ASSERT_TRUE(snapshot.ok()) << snapshot.status();
    EXPECT_EQ(golden::RowsOf(files_, table_.path(), *snapshot, expected.columns), expected.rows);
  }
}

TEST_P(GoldenIncremental, EqualsWhatSparkReads) {
  std::string begin = Fact("incremental_begin_exclusive");
  // Hudi 1.0.2 took the begin of the query to be inclusive.
  if (view_->config().version == 8) begin = FormatInstantTime(*ParseInstantTime(begin) - 1000);
  const GoldenCsv expected = Csv("incremental.csv");
  const auto answer = view_->Incremental({.begin = begin, .end = ""});
  ASSERT_TRUE(answer.ok()) << answer.status();
  const auto takes = [&answer](const std::string& time) { return answer->Takes(time); };
  EXPECT_EQ(golden::RowsOf(files_, table_.path(), answer->snapshot, expected.columns, takes),
            expected.rows);
}

TEST_P(GoldenHistory, IncrementalFromTheStartIsTheSnapshot) {
  const GoldenCsv expected = Csv("snapshot.csv");
  for (const std::string begin : {"", "00000000000000"}) {
    const auto answer = view_->Incremental({.begin = begin, .end = ""});
    ASSERT_TRUE(answer.ok()) << answer.status();
    const auto takes = [&answer](const std::string& time) { return answer->Takes(time); };
    EXPECT_EQ(golden::RowsOf(files_, table_.path(), answer->snapshot, expected.columns, takes),
              expected.rows);
  }
}

TEST_P(GoldenHistory, EveryPastSnapshotIsReadOrNamesTheFirstThatCanBe) {
  const auto history = *view_->History({});
  ASSERT_FALSE(history.empty());
  bool was_available = false;
  for (const HistoryCommit& commit : history) {
    const auto snapshot = view_->SnapshotAt(commit.instant.timestamp, QueryMode::kSnapshot);
    if (!snapshot.ok()) {
      EXPECT_EQ(KindOf(snapshot.status()), ErrorKind::kInvalid) << snapshot.status();
      const std::string& message = snapshot.status().message();
      const std::string promise = "the first instant still available is ";
      const size_t at = message.find(promise);
      ASSERT_NE(at, std::string::npos) << message;
      EXPECT_GT(message.substr(at + promise.size()), commit.instant.timestamp);
      continue;
    }
    was_available = true;
    std::set<std::string> keys;
    for (const Row& row :
         golden::RowsOf(files_, table_.path(), *snapshot,
                        {"_hoodie_record_key", "_hoodie_partition_path", "_hoodie_commit_time"})) {
      EXPECT_TRUE(keys.insert(row[0]).second) << row[0] << " stands twice";
      EXPECT_LE(row[2], commit.instant.timestamp);
    }
  }
  EXPECT_TRUE(was_available);
}

TEST_P(GoldenHistory, ArchivedCommitsAreKnown) {
  const auto history = *view_->History({});
  const auto active = view_->timeline().CompletedCommits();
  size_t archived = 0;
  for (const HistoryCommit& commit : history) {
    EXPECT_EQ(commit.metadata.instant, commit.instant.timestamp);
    EXPECT_FALSE(commit.metadata.operation_type.empty());
    if (!commit.archived) continue;
    ++archived;
    EXPECT_FALSE(commit.metadata.write_stats.empty());
  }
  EXPECT_EQ(history.size() - archived, active.size());
  EXPECT_EQ(archived > 0, GetParam().find("savepoint") != std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(All, GoldenHistory, ::testing::ValuesIn(golden::AllGoldenTables(kSource)),
                         [](const auto& info) { return info.param; });

INSTANTIATE_TEST_SUITE_P(All, GoldenIncremental,
                         ::testing::ValuesIn(golden::GoldenTablesWith(kSource, "incremental.csv")),
                         [](const auto& info) { return info.param; });

TEST(ParseMoment, TakesInstantsAndTimestamps) {
  EXPECT_EQ(*ParseMoment("20261122131203954"), "20261122131203954");
  EXPECT_EQ(*ParseMoment("20261122131203"), "20261122131203999");
  EXPECT_EQ(*ParseMoment("2026-11-22"), "20261122000000000");
  EXPECT_EQ(*ParseMoment("2026-11-22 13:12:03.954"), "20261122131203954");
  EXPECT_EQ(*ParseMoment("2026-11-22 13:12:03.954+00"), "20261122131203954");
  EXPECT_EQ(*ParseMoment("2026-11-22T15:12:03.954+02:00"), "20261122131203954");
  EXPECT_EQ(KindOf(ParseMoment("yesterday").status()), ErrorKind::kInvalid);
}

}  // namespace
}  // namespace tapelake::hudi
