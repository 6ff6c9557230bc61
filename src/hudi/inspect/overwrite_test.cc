// Replacecommits that write or empty whole partitions, and what cleaning makes of them.

#include <gmock/gmock.h>

#include <algorithm>
#include <functional>
#include <set>
#include <utility>

#include "hudi/format/file_name.h"
#include "hudi/inspect/verify.h"
#include "hudi/table/change_reader.h"
#include "hudi/table/table_view.h"
#include "testing/table_fixture.h"

namespace tapelake::hudi {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Step = testing::FakeFileSystem::Step;

using testing::TableFixture;
using testing::TestRow;

constexpr const char* kOne = "d1";
constexpr const char* kTwo = "d2";

class OverwriteTest : public TableFixture,
                      public ::testing::WithParamInterface<std::pair<TableType, IndexKind>> {
 protected:
  /// Rows a and b on day one, c on day two; b changed once.
  std::unique_ptr<Table> Filled() {
    auto table = Create(GetParam().first, GetParam().second);
    Upsert(*table, {.rows = {{"a", kOne, 1, {}}, {"b", kOne, 1, {}}, {"c", kTwo, 1, {}}}});
    filled_ =
        Upsert(*table, {.rows = {{"b", kOne, 2, {}}}, .extra_metadata = {{kKey, "7"}}}).instant;
    return table;
  }
  std::vector<TestRow> RowsAt(const std::string& instant) {
    const auto view = TableView::Open(files_, kPath).ValueOrDie();
    const Snapshot snapshot = view->SnapshotAt(instant, QueryMode::kSnapshot).ValueOrDie();
    std::vector<TestRow> rows;
    for (const FileSlice& slice : snapshot.slices)
      std::ranges::move(RowsOf(files_, snapshot, slice), std::back_inserter(rows));
    std::ranges::sort(rows, {}, &TestRow::id);
    return rows;
  }
  CommitMetadata Newest(Table& table) {
    const auto newest = table.LoadTimeline()->NewestCompletedCommit();
    EXPECT_EQ(newest->action, InstantAction::kReplaceCommit);
    return *ReadCommitMetadata(files_, table.base_path(), *newest);
  }
  int64_t DataFiles() {
    const auto paths = files_.Paths();
    return std::ranges::count_if(paths, [](const std::string& path) {
      return path.ends_with(".parquet") || path.find(".log.") != path.npos;
    });
  }
  void ExpectSound() {
    const auto report = VerifyTable(World(), kPath, {});
    ASSERT_TRUE(report.ok()) << report.status();
    EXPECT_TRUE(report->sound()) << report->findings.at(0).what;
  }

  static constexpr const char* kKey = "tapelake.positions";
  std::string filled_;
};

INSTANTIATE_TEST_SUITE_P(Kinds, OverwriteTest,
                         ::testing::Values(std::pair(TableType::kCopyOnWrite, IndexKind::kBucket),
                                           std::pair(TableType::kMergeOnRead, IndexKind::kBucket),
                                           std::pair(TableType::kCopyOnWrite, IndexKind::kBloom),
                                           std::pair(TableType::kMergeOnRead, IndexKind::kSimple)),
                         [](const auto& kind) {
                           return std::string(kind.param.first == TableType::kMergeOnRead
                                                  ? "MergeOnRead"
                                                  : "CopyOnWrite") +
                                  (kind.param.second == IndexKind::kBucket ? "Bucket" : "Keys");
                         });

TEST_P(OverwriteTest, ReplacesThePartitionsItWritesTo) {
  const auto table = Filled();
  std::set<std::string> old_groups;
  const Snapshot before = *table->LatestSnapshot();
  for (const FileSlice& slice : before.slices) {
    if (slice.partition_path == "day=d1") old_groups.insert(slice.file_id);
  }
  const auto result = Upsert(*table, {.rows = {{"a", kOne, 5, "new"}, {"x", kOne, 5, {}}},
                                      .operation = WriteOperation::kInsertOverwrite});
  EXPECT_EQ(result.inserted_rows, 2);
  const std::vector<TestRow> expected = {
      {"a", kOne, 5, "new"}, {"c", kTwo, 1, {}}, {"x", kOne, 5, {}}};
  EXPECT_EQ(Rows(*table), expected);
  EXPECT_EQ(Rows(*Open()), expected);
  EXPECT_THAT(RowsAt(filled_), ElementsAre(TestRow{"a", kOne, 1, {}}, TestRow{"b", kOne, 2, {}},
                                           TestRow{"c", kTwo, 1, {}}));
  const CommitMetadata commit = Newest(*table);
  EXPECT_EQ(commit.operation_type, "INSERT_OVERWRITE");
  ASSERT_THAT(commit.replaced_file_ids, SizeIs(1));
  const auto& replaced = commit.replaced_file_ids.at("day=d1");
  EXPECT_EQ(std::set<std::string>(replaced.begin(), replaced.end()), old_groups);
  for (const WriteStat& stat : commit.write_stats.at("day=d1")) {
    EXPECT_EQ(stat.previous_commit, "null");
    EXPECT_FALSE(old_groups.contains(stat.file_id));
    EXPECT_TRUE(ParseBaseFileName(io::FileName(stat.path))) << stat.path;
  }
  ExpectSound();
}

TEST_P(OverwriteTest, ReplacesTheWholeTable) {
  const auto table = Filled();
  Upsert(*table,
         {.rows = {{"x", kOne, 5, {}}}, .operation = WriteOperation::kInsertOverwriteTable});
  EXPECT_THAT(Rows(*table), ElementsAre(TestRow{"x", kOne, 5, {}}));
  EXPECT_THAT(Newest(*table).replaced_file_ids, SizeIs(2));
  ExpectSound();
}

TEST_P(OverwriteTest, CommitsGoOnInTheNewGroups) {
  const auto table = Filled();
  Upsert(*table, {.rows = {{"a", kOne, 5, {}}}, .operation = WriteOperation::kInsertOverwrite});
  Upsert(*table, {.rows = {{"a", kOne, 6, "z"}, {"b", kOne, 6, {}}}, .deletes = {{"c", kTwo}}});
  EXPECT_THAT(Rows(*table), ElementsAre(TestRow{"a", kOne, 6, "z"}, TestRow{"b", kOne, 6, {}}));
  EXPECT_THAT(Rows(*Open()), SizeIs(2));
  ExpectSound();
}

TEST_P(OverwriteTest, DeletedPartitionsAreEmptyAndMayBeFilledAgain) {
  const auto table = Filled();
  const auto deleted = table->DeletePartitions({"day=d1", "day=never"});
  ASSERT_TRUE(deleted.ok()) << deleted.status();
  EXPECT_EQ(deleted->partitions, 1);
  EXPECT_THAT(Rows(*table), ElementsAre(TestRow{"c", kTwo, 1, {}}));
  EXPECT_THAT(RowsAt(filled_), SizeIs(3));
  const CommitMetadata commit = Newest(*table);
  EXPECT_EQ(commit.instant, deleted->instant);
  EXPECT_EQ(commit.operation_type, "DELETE_PARTITION");
  EXPECT_THAT(commit.write_stats, IsEmpty());
  EXPECT_EQ(commit.extra_metadata.at(kKey), "7") << "what the writer resumes from goes on";
  EXPECT_EQ(table->DeletePartitions({"day=d1"})->instant, "") << "nothing is left";
  Upsert(*table, {.rows = {{"a", kOne, 9, {}}}});
  EXPECT_THAT(Rows(*table), ElementsAre(TestRow{"a", kOne, 9, {}}, TestRow{"c", kTwo, 1, {}}));
  ExpectSound();
}

TEST_P(OverwriteTest, CleaningTakesReplacedGroupsAway) {
  const auto table = Filled();
  Upsert(*table, {.rows = {{"x", kOne, 5, {}}}, .operation = WriteOperation::kInsertOverwrite});
  Upsert(*table, {.rows = {{"y", kOne, 6, {}}}});
  Upsert(*table, {.rows = {{"z", kTwo, 7, {}}}});
  const auto rows = Rows(*table);
  const int64_t before = DataFiles();
  const auto cleaned = table->Clean({.commits_retained = 1});
  ASSERT_TRUE(cleaned.ok()) << cleaned.status();
  EXPECT_GT(*cleaned, 0);
  EXPECT_EQ(DataFiles(), before - *cleaned);
  const auto replaced = [&] {
    for (const Instant& commit : table->LoadTimeline()->CompletedCommits()) {
      auto metadata = *ReadCommitMetadata(files_, table->base_path(), commit);
      if (!metadata.replaced_file_ids.empty()) return metadata.replaced_file_ids.at("day=d1");
    }
    return std::vector<std::string>();
  }();
  ASSERT_THAT(replaced, ::testing::Not(IsEmpty()));
  for (const std::string& path : files_.Paths()) {
    for (const std::string& group : replaced)
      EXPECT_EQ(path.find(group), path.npos) << path;
  }
  EXPECT_EQ(Rows(*table), rows);
  ExpectSound();
}

TEST_P(OverwriteTest, TheChangeFeedTellsWhatWasReplaced) {
  const auto table = Filled();
  Upsert(*table, {.rows = {{"a", kOne, 5, {}}}, .operation = WriteOperation::kInsertOverwrite});
  const auto view = TableView::Open(files_, kPath).ValueOrDie();
  const auto reader = ChangeReader::Open(*view, {.begin = filled_, .end = ""}).ValueOrDie();
  std::multiset<std::string> changes;
  while (const auto batch = *reader->Next()) {
    for (int64_t row = 0; row < batch->num_rows(); ++row) {
      changes.insert((*batch->column(0)->GetScalar(row))->ToString() +
                     (*batch->column(2)->GetScalar(row))->ToString());
    }
  }
  EXPECT_THAT(changes, ElementsAre("da", "db", "ia"));
}

TEST_P(OverwriteTest, ADeadOneIsRolledBack) {
  const auto table = Filled();
  const auto rows = Rows(*table);
  const int64_t before = DataFiles();
  files_.SetBefore([](Step step, const std::string& path) {
    const bool ends = step == Step::kCreate && path.ends_with(".replacecommit");
    return ends || step == Step::kDelete ? MakeError(ErrorKind::kUnavailable, "the disk is gone")
                                         : Status::OK();
  });
  const auto dead = TryUpsert(
      *table, {.rows = {{"x", kOne, 5, {}}}, .operation = WriteOperation::kInsertOverwrite});
  files_.SetBefore(nullptr);
  EXPECT_EQ(dead->outcome, CommitOutcome::kNotDone);
  EXPECT_GT(DataFiles(), before);
  EXPECT_EQ(Rows(*Open()), rows);
  ASSERT_TRUE(Open()->CleanUpPendingCommits().ok());
  EXPECT_EQ(DataFiles(), before);
  EXPECT_EQ(Rows(*Open()), rows);
  ExpectSound();
}

TEST_P(OverwriteTest, RollingItBackBringsTheReplacedRowsBack) {
  const auto table = Filled();
  const auto rows = Rows(*table);
  const auto overwrite =
      Upsert(*table, {.rows = {{"x", kOne, 5, {}}}, .operation = WriteOperation::kInsertOverwrite});
  const auto undone = table->RollBackCommit(overwrite.instant);
  ASSERT_TRUE(undone.ok()) << undone.status();
  EXPECT_EQ(Rows(*table), rows);
  const auto deleted = table->DeletePartitions({"day=d2"});
  ASSERT_TRUE(deleted.ok()) << deleted.status();
  ASSERT_TRUE(table->RollBackCommit(deleted->instant).ok());
  EXPECT_EQ(Rows(*table), rows);
  ExpectSound();
}

TEST_P(OverwriteTest, PowerLossAtAnyStepLeavesTheOldOrTheNewTable) {
  using Work = std::function<bool(Table&)>;
  const Work overwrite = [](Table& table) {
    const auto result = TryUpsert(table, {.rows = {{"x", kOne, 5, {}}},
                                          .operation = WriteOperation::kInsertOverwrite,
                                          .threads = 1});
    return result.ok() && result->outcome == CommitOutcome::kDone;
  };
  const Work remove = [](Table& table) { return table.DeletePartitions({"day=d1"}).ok(); };
  const TestRow kept{"c", kTwo, 1, {}};
  const std::vector<TestRow> old_rows = {{"a", kOne, 1, {}}, {"b", kOne, 2, {}}, kept};
  const std::vector<std::pair<Work, std::vector<TestRow>>> cases = {
      {overwrite, {kept, {"x", kOne, 5, {}}}}, {remove, {kept}}};
  for (const auto& [work, new_rows] : cases) {
    bool finished = false;
    for (int64_t steps = 0; !finished; ++steps) {
      ASSERT_LT(steps, 200) << "it never ends";
      for (const std::string& path : files_.Paths()) {
        ASSERT_TRUE(files_.DeleteFile(path).ok());
        ASSERT_TRUE(files_.SyncDirectory(io::ParentPath(path)).ok());
      }
      auto table = Filled();
      int64_t left = steps;
      files_.SetBefore([&left](Step step, const std::string& path) {
        const bool changes = step != Step::kRead && step != Step::kList;
        return left <= 0 || (changes && --left < 0)
                   ? MakeError(ErrorKind::kUnavailable, "the disk is gone: " + path)
                   : Status::OK();
      });
      finished = work(*table);
      files_.SetBefore(nullptr);
      files_.LosePower();
      table = Open();
      const auto rows = Rows(*table);
      EXPECT_TRUE(rows == new_rows || (!finished && rows == old_rows)) << "after step " << steps;
      ASSERT_TRUE(table->CleanUpPendingCommits().ok()) << "after step " << steps;
      EXPECT_EQ(Rows(*table), rows) << "after step " << steps;
      ExpectSound();
      Upsert(*table, {.rows = {{"a", kOne, 9, {}}}});
      const std::vector<TestRow> after = Rows(*table);
      EXPECT_EQ(std::ranges::count(after, "a", &TestRow::id), 1) << "after step " << steps;
    }
  }
}

}  // namespace
}  // namespace tapelake::hudi
