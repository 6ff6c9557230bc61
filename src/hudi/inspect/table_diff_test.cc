// What differs between two snapshots, and what a table knows of one key.

#include <gmock/gmock.h>

#include <algorithm>

#include "hudi/format/file_name.h"
#include "hudi/inspect/key_story.h"
#include "hudi/inspect/table_diff.h"
#include "testing/table_fixture.h"

namespace tapelake::hudi {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::TableFixture;
using testing::TestChanges;

constexpr const char* kDay = "2026-11-22";
constexpr const char* kOtherDay = "2026-11-23";

class DiffTest : public TableFixture {
 protected:
  std::string Commit(Table& table, const TestChanges& changes) {
    clock_.Advance(2'000'000);
    return Upsert(table, changes).instant;
  }
  void Compact(Table& table) {
    clock_.Advance(2'000'000);
    const std::string instant = *table.ScheduleCompaction({.log_files_max = 1});
    ASSERT_TRUE(table.RunCompaction(instant, 1).ok());
  }
  std::vector<std::string> Diff(Table& table, const std::string& from, const std::string& to) {
    std::vector<std::string> told;
    const auto counts =
        DiffSnapshots(World(), table, from, to, [&](const RowDifference& difference) {
          std::string text = std::string(RowDifferenceName(difference.kind)) + " " + difference.key;
          if (!difference.moved_from.empty()) text += " from " + difference.moved_from;
          for (const ColumnDifference& column : difference.columns) {
            text += " " + column.name + ":" + column.before.value_or("-") + ">" +
                    column.after.value_or("-");
          }
          told.push_back(text);
          return Status::OK();
        });
    EXPECT_TRUE(counts.ok()) << counts.status();
    std::ranges::sort(told);
    return told;
  }
};

TEST_F(DiffTest, TellsWhatCameWentAndChanged) {
  for (const bool merge_on_read : {true, false}) {
    ASSERT_TRUE(files_.DeleteDirectory(kPath).ok());
    const auto table = merge_on_read ? CreateMergeOnRead(2) : Create(2);
    const std::string first =
        Commit(*table, {.rows = {{"a", kDay, 1, "x"}, {"b", kDay, 1, "y"}, {"c", kDay, 1, "z"}}});
    if (merge_on_read) Compact(*table);
    const std::string second =
        Commit(*table, {.rows = {{"a", kDay, 2, "x"}, {"c", kOtherDay, 2, "z"}, {"d", kDay, 2, {}}},
                        .deletes = {{"b", kDay}, {"c", kDay}}});
    EXPECT_THAT(Diff(*table, first, ""),
                ElementsAre("deleted b id:b>- day:2026-11-22>- version:1>- text:y>-",
                            "inserted d id:->d day:->2026-11-22 version:->2 text:->-",
                            "updated a version:1>2",
                            "updated c from day=2026-11-22 day:2026-11-22>2026-11-23 "
                            "version:1>2"));
    EXPECT_THAT(Diff(*table, second, first),
                ElementsAre("deleted d id:d>- day:2026-11-22>- version:2>- text:->-",
                            "inserted b id:->b day:->2026-11-22 version:->1 text:->y",
                            "updated a version:2>1",
                            "updated c from day=2026-11-23 day:2026-11-23>2026-11-22 "
                            "version:2>1"));
    EXPECT_THAT(Diff(*table, second, second), IsEmpty());
    if (merge_on_read) Compact(*table);
    EXPECT_THAT(Diff(*table, second, ""), IsEmpty());
  }
}

/// What a query sees, whoever wrote the table: here the older row of the base file wins.
TEST_F(DiffTest, MergesByTheRuleOfTheTable) {
  auto table = CreateMergeOnRead(1);
  const std::string first = Commit(*table, {.rows = {{"a", kDay, 5, "kept"}, {"b", kDay, 1, "x"}}});
  Compact(*table);
  const std::string second =
      Commit(*table, {.rows = {{"a", kDay, 3, "late"}, {"b", kDay, 2, "y"}}});
  table = ReopenWithDefaultPayload();
  EXPECT_THAT(Diff(*table, first, second), ElementsAre("updated b version:1>2 text:x>y"));
  const auto story = TellKey(World(), *table, "a");
  ASSERT_TRUE(story.ok()) << story.status();
  ASSERT_EQ(story->rows.size(), 1U);
  EXPECT_EQ(story->rows[0].commit, first);
  EXPECT_EQ(story->rows[0].row[3].second, "kept");
}

TEST_F(DiffTest, RefusesWhatWasCleaned) {
  const auto table = Create(1);
  std::vector<std::string> instants;
  for (int64_t n = 1; n < 6; ++n)
    instants.push_back(Commit(*table, {.rows = {{"a", kDay, n, "x"}}}));
  ASSERT_GT(*table->Clean({.commits_retained = 2}), 0);
  const auto refused = DiffSnapshots(World(), *table, instants[0], "",
                                     [](const RowDifference&) { return Status::OK(); });
  EXPECT_EQ(KindOf(refused.status()), ErrorKind::kInvalid);
  EXPECT_THAT(refused.status().message(), ::testing::HasSubstr(instants[3]));
}

TEST_F(DiffTest, TellsTheStoryOfAKey) {
  for (const bool merge_on_read : {true, false}) {
    ASSERT_TRUE(files_.DeleteDirectory(kPath).ok());
    const auto table = merge_on_read ? CreateMergeOnRead(2) : Create(2);
    const std::string first = Commit(*table, {.rows = {{"a", kDay, 1, "x"}, {"b", kDay, 1, "y"}}});
    if (merge_on_read) Compact(*table);
    const std::string second = Commit(*table, {.rows = {{"a", kDay, 2, "z"}}});
    const std::string third = Commit(*table, {.deletes = {{"a", kDay}}});
    const std::string fourth = Commit(*table, {.rows = {{"a", kOtherDay, 4, {}}}});
    if (merge_on_read) Compact(*table);
    const auto story = TellKey(World(), *table, "a");
    ASSERT_TRUE(story.ok()) << story.status();
    std::vector<std::string> told;
    for (const KeyCommit& commit : story->commits) {
      told.push_back(commit.instant +
                     (commit.deletes ? " deletes" : " " + commit.row[2].second.value_or("-")));
    }
    EXPECT_THAT(told, ElementsAre(first + " 1", second + " 2", third + " deletes", fourth + " 4"));
    ASSERT_EQ(story->rows.size(), 1U);
    EXPECT_EQ(story->rows[0].commit, fourth);
    EXPECT_EQ(story->rows[0].partition_path, "day=2026-11-23");
    EXPECT_EQ(TellKey(World(), *table, "nobody")->commits.size(), 0U);
  }
}

TEST_F(DiffTest, TheStoryOfAKeyReachesIntoTheArchive) {
  const auto table = Create(1);
  const std::string first = Commit(*table, {.rows = {{"a", kDay, 1, "x"}}});
  for (int64_t n = 2; n < 10; ++n)
    Commit(*table, {.rows = {{"b", kOtherDay, n, "x"}}});
  ASSERT_GT(*table->Archive({.instants_keep_min = 2, .instants_keep_max = 3}, ""), 0);
  ASSERT_NE(table->LoadTimeline()->CompletedCommits().front().timestamp, first);
  const auto whole = TellKey(World(), *table, "a");
  ASSERT_TRUE(whole.ok()) << whole.status();
  ASSERT_EQ(whole->commits.size(), 1U);
  EXPECT_EQ(whole->commits[0].instant, first);
  EXPECT_EQ(whole->files_gone, 0);

  const auto is_old = [](const std::string& path) {
    return path.find(kOtherDay) != std::string::npos && path.ends_with(".parquet");
  };
  std::vector<std::string> old = files_.Paths();
  std::erase_if(old, [&](const std::string& path) { return !is_old(path); });
  ASSERT_EQ(old.size(), 8U);
  std::ranges::sort(old, {}, [](const std::string& path) {
    return ParseBaseFileName(io::FileName(path))->instant;
  });
  for (size_t i = 0; i < 5; ++i)
    ASSERT_TRUE(files_.DeleteFile(old[i]).ok());
  const auto cleaned = TellKey(World(), *table, "b");
  ASSERT_TRUE(cleaned.ok()) << cleaned.status();
  EXPECT_EQ(cleaned->commits.size(), 3U);
  EXPECT_EQ(cleaned->files_gone, 5);
  EXPECT_EQ(cleaned->commits_gone, 5);
}

}  // namespace
}  // namespace tapelake::hudi
