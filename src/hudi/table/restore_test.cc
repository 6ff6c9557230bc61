// Savepoints, rollbacks of commits and restores.

#include <gmock/gmock.h>

#include <algorithm>
#include <map>

#include "hudi/format/restore_plans.h"
#include "hudi/table/table_view.h"
#include "hudi/timeline/instant_files.h"
#include "testing/table_fixture.h"

namespace tapelake::hudi {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using testing::TableFixture;
using testing::TestChanges;
using testing::TestRow;

constexpr const char* kDay = "2026-11-22";
constexpr const char* kOtherDay = "2026-11-23";

class RestoreTest : public TableFixture {
 protected:
  std::string Commit(Table& table, const TestChanges& changes) {
    clock_.Advance(2'000'000);
    return Upsert(table, changes).instant;
  }
  std::string Schedule(Table& table) {
    clock_.Advance(2'000'000);
    const auto instant = table.ScheduleCompaction({.log_files_max = 1});
    EXPECT_TRUE(instant.ok()) << instant.status();
    return instant.ValueOr("");
  }
  std::string Compact(Table& table) {
    const std::string instant = Schedule(table);
    const auto counts = table.RunCompaction(instant, 1);
    EXPECT_TRUE(counts.ok()) << counts.status();
    return instant;
  }
  RestoreCounts Restore(Table& table, const std::string& instant) {
    clock_.Advance(2'000'000);
    const auto counts = table.Restore(instant);
    EXPECT_TRUE(counts.ok()) << counts.status();
    return counts.ValueOr(RestoreCounts());
  }
  Result<RestoreCounts> RollBack(Table& table, const std::string& instant) {
    clock_.Advance(2'000'000);
    return table.RollBackCommit(instant);
  }
  /// Three commits, a compaction in between, a pin on the second.
  std::string PinnedHistory(Table& table) {
    Commit(table, {.rows = {{"a", kDay, 1, "x"}, {"b", kDay, 1, "y"}}});
    const std::string pinned = Commit(table, {.rows = {{"c", kOtherDay, 2, "z"}}});
    EXPECT_TRUE(table.Savepoint(pinned, {.by = "me", .comments = "why"}).ok());
    return pinned;
  }
  std::vector<std::string> DataFiles() {
    std::vector<std::string> found;
    for (const std::string& path : files_.Paths()) {
      if (path.find("/.hoodie/") == std::string::npos) found.push_back(path);
    }
    return found;
  }
};

TEST_F(RestoreTest, ASavepointNamesTheFilesOfItsCommit) {
  const auto table = CreateMergeOnRead(1);
  const std::string pinned = PinnedHistory(*table);
  const Instant savepoint{pinned, InstantAction::kSavepoint, InstantState::kCompleted};
  const auto metadata = ParseSavepointMetadata(*files_.ReadFile(InstantPath(kPath, savepoint)));
  ASSERT_TRUE(metadata.ok()) << metadata.status();
  EXPECT_EQ(metadata->by, "me");
  EXPECT_EQ(metadata->comments, "why");
  EXPECT_EQ(metadata->at_ms, clock_.WallMicros() / 1000);
  ASSERT_THAT(metadata->files_by_partition, SizeIs(2));
  EXPECT_THAT(metadata->files_by_partition.at("day=2026-11-22"), ElementsAre(HasSubstr(".log.1_")));
  EXPECT_EQ(KindOf(table->Savepoint(pinned, {})), ErrorKind::kAlreadyExists);
  EXPECT_EQ(KindOf(table->Savepoint("20260101000000000", {})), ErrorKind::kNotFound);
}

TEST_F(RestoreTest, ServicesSpareWhatASavepointNeedsUntilItIsDeleted) {
  const auto table = CreateMergeOnRead(1);
  const std::string pinned = PinnedHistory(*table);
  const auto files = DataFiles();
  const auto rows = Rows(*table);
  for (int64_t n = 3; n < 10; ++n) {
    Commit(*table, {.rows = {{"a", kDay, n, "new"}}, .deletes = {{"c", kOtherDay}}});
    Compact(*table);
    EXPECT_TRUE(table->Clean({.commits_retained = 1}).ok());
    EXPECT_TRUE(table->Archive({.instants_keep_min = 2, .instants_keep_max = 3}, "").ok());
  }
  for (const std::string& path : files)
    EXPECT_TRUE(*files_.Exists(path)) << path;
  Restore(*table, pinned);
  EXPECT_EQ(Rows(*table), rows);
  Commit(*table, {.rows = {{"d", kDay, 20, "later"}}});
  EXPECT_THAT(Rows(*table), SizeIs(4));

  ASSERT_TRUE(table->DeleteSavepoint(pinned).ok());
  EXPECT_EQ(KindOf(table->DeleteSavepoint(pinned)), ErrorKind::kNotFound);
  Compact(*table);
  Commit(*table, {.rows = {{"d", kDay, 21, "later"}}});
  EXPECT_GT(*table->Clean({.commits_retained = 1, .everywhere = true}), 0);
  EXPECT_TRUE(table->Archive({.instants_keep_min = 1, .instants_keep_max = 2}, "").ok());
  EXPECT_THAT(Rows(*table), SizeIs(4));
  EXPECT_THAT(table->LoadTimeline()->CompletedCommits(), SizeIs(::testing::Le(2)));
}

TEST_F(RestoreTest, RestoreTakesBackCommitsCompactionsAndPlans) {
  const auto table = CreateMergeOnRead(2);
  const std::string pinned = PinnedHistory(*table);
  const auto rows = Rows(*table);
  const auto files = DataFiles();
  Commit(*table, {.rows = {{"a", kDay, 3, "n"}, {"e", kDay, 3, {}}}});
  Compact(*table);
  Commit(*table, {.rows = {{"f", "2026-11-24", 4, {}}}, .deletes = {{"b", kDay}}});
  Schedule(*table);
  Commit(*table, {.rows = {{"f", "2026-11-24", 5, {}}}});
  const RestoreCounts counts = Restore(*table, pinned);
  EXPECT_EQ(counts.instants, 5);
  EXPECT_GT(counts.files, 0);
  EXPECT_EQ(Rows(*table), rows);
  EXPECT_EQ(Rows(*Open()), rows);
  std::vector<std::string> left = DataFiles();
  std::erase_if(left, [](const std::string& path) {
    return path.ends_with("day=2026-11-24/.hoodie_partition_metadata");
  });
  EXPECT_EQ(left, files);
  EXPECT_THAT(table->LoadTimeline()->PendingInstants(), IsEmpty());
  EXPECT_EQ(table->LoadTimeline()->NewestCompletedCommit()->timestamp, pinned);
  const Instant restore{counts.instant, InstantAction::kRestore, InstantState::kCompleted};
  EXPECT_THAT(*ParseRestoredInstants(*files_.ReadFile(InstantPath(kPath, restore))), SizeIs(5));
  EXPECT_EQ(Restore(*table, pinned).instant, "");
}

TEST_F(RestoreTest, CopyOnWriteTablesAreRestoredToo) {
  const auto table = Create(2);
  const std::string pinned = PinnedHistory(*table);
  const auto rows = Rows(*table);
  const auto files = DataFiles();
  for (int64_t n = 3; n < 7; ++n)
    Commit(*table, {.rows = {{"a", kDay, n, "n"}}, .deletes = {{"b", kDay}}});
  Restore(*table, pinned);
  EXPECT_EQ(Rows(*table), rows);
  EXPECT_EQ(DataFiles(), files);
  Commit(*table, {.rows = {{"z", kDay, 9, {}}}});
  EXPECT_THAT(Rows(*Open()), SizeIs(4));
}

TEST_F(RestoreTest, RestoreNeedsASavepointOnceFilesAreCleaned) {
  const auto table = Create(1);
  std::vector<std::string> instants;
  for (int64_t n = 1; n < 7; ++n)
    instants.push_back(Commit(*table, {.rows = {{"a", kDay, n, "v" + std::to_string(n)}}}));
  ASSERT_GT(*table->Clean({.commits_retained = 3}), 0);
  EXPECT_EQ(KindOf(table->Restore(instants[1]).status()), ErrorKind::kInvalid);
  EXPECT_EQ(KindOf(table->Savepoint(instants[1], {})), ErrorKind::kInvalid);
  Restore(*table, instants[3]);
  EXPECT_THAT(Rows(*table), ElementsAre(TestRow{"a", kDay, 4, "v4"}));
  EXPECT_EQ(KindOf(table->Restore(instants[5]).status()), ErrorKind::kNotFound);
}

TEST_F(RestoreTest, ALaterSavepointIsInTheWay) {
  const auto table = CreateMergeOnRead(1);
  const std::string pinned = PinnedHistory(*table);
  const std::string later = Commit(*table, {.rows = {{"a", kDay, 3, "n"}}});
  ASSERT_TRUE(table->Savepoint(later, {}).ok());
  const auto refused = table->Restore(pinned);
  EXPECT_EQ(KindOf(refused.status()), ErrorKind::kInvalid);
  EXPECT_THAT(refused.status().message(), HasSubstr(later));
  EXPECT_EQ(KindOf(RollBack(*table, later).status()), ErrorKind::kInvalid);
}

TEST_F(RestoreTest, WhatIsHalfArchivedIsArchivedFirst) {
  const auto table = CreateMergeOnRead(1);
  std::vector<std::string> commits;
  for (int version = 1; version <= 5; ++version)
    commits.push_back(Commit(*table, {.rows = {{"a", kDay, version, "x"}}}));
  std::map<std::string, std::string> archived;  // as a failing disk leaves them
  for (const std::string& instant : {commits[0], commits[1]}) {
    const std::string path =
        InstantPath(kPath, {instant, InstantAction::kDeltaCommit, InstantState::kCompleted});
    archived[path] = *files_.ReadFile(path);
  }
  const ArchivalPolicy policy{.instants_keep_min = 3, .instants_keep_max = 4};
  EXPECT_EQ(table->Archive(policy, "").ValueOr(0), 2);
  for (const auto& [path, content] : archived)
    ASSERT_TRUE(files_.ReplaceFile(path, content).ok());

  const auto again = Open();
  EXPECT_EQ(KindOf(again->Savepoint(commits[1], {})), ErrorKind::kNotFound);
  for (const auto& [path, content] : archived)
    EXPECT_FALSE(*files_.Exists(path)) << path;
  for (const auto& [path, content] : archived)
    ASSERT_TRUE(files_.ReplaceFile(path, content).ok());
  EXPECT_EQ(KindOf(Open()->Restore(commits[0]).status()), ErrorKind::kNotFound);
  Restore(*Open(), commits[2]);
  const auto view = TableView::Open(files_, kPath);
  ASSERT_TRUE(view.ok()) << view.status();
  const auto history = (*view)->History({});
  ASSERT_TRUE(history.ok()) << history.status();
  std::vector<std::string> instants;
  for (const HistoryCommit& commit : *history)
    instants.push_back(commit.instant.timestamp);
  EXPECT_THAT(instants, ElementsAre(commits[0], commits[1], commits[2]));
}

TEST_F(RestoreTest, OnlyTheNewestCommitCanBeRolledBack) {
  const auto table = CreateMergeOnRead(1);
  const std::string first = Commit(*table, {.rows = {{"a", kDay, 1, "x"}}});
  const auto rows = Rows(*table);
  const std::string second =
      Commit(*table, {.rows = {{"a", kDay, 2, "y"}, {"b", kOtherDay, 2, "z"}}});
  const auto refused = RollBack(*table, first);
  EXPECT_EQ(KindOf(refused.status()), ErrorKind::kInvalid);
  EXPECT_THAT(refused.status().message(), HasSubstr(second));
  const auto counts = RollBack(*table, second);
  ASSERT_TRUE(counts.ok()) << counts.status();
  EXPECT_EQ(counts->files, 2);
  EXPECT_EQ(Rows(*table), rows);
  EXPECT_EQ(Rows(*Open()), rows);
  const auto timeline = table->LoadTimeline();
  EXPECT_THAT(timeline->PendingInstants(), IsEmpty());
  EXPECT_THAT(timeline->CompletedCommits(), SizeIs(1));
  EXPECT_EQ(timeline->instants().back().action, InstantAction::kRollback);
  Commit(*table, {.rows = {{"a", kDay, 3, "w"}}});
  EXPECT_THAT(Rows(*table), ElementsAre(TestRow{"a", kDay, 3, "w"}));
}

TEST_F(RestoreTest, ACommitStaysWhenWhatItHidesWasCleaned) {
  const auto table = Create(1);
  Commit(*table, {.rows = {{"a", kDay, 1, "x"}, {"b", kDay, 1, "y"}}});
  const std::string last = Commit(*table, {.rows = {{"a", kDay, 2, "z"}}});
  ASSERT_EQ(*table->Clean({.kind = CleaningKind::kLatestFileVersions, .file_versions_retained = 1}),
            1);
  const auto refused = RollBack(*table, last);
  EXPECT_EQ(KindOf(refused.status()), ErrorKind::kInvalid);
  EXPECT_THAT(refused.status().message(), HasSubstr("may be cleaned"));
  EXPECT_THAT(Rows(*table), SizeIs(2));
}

TEST_F(RestoreTest, ARolledBackCompactionLeavesItsRows) {
  const auto table = CreateMergeOnRead(1);
  Commit(*table, {.rows = {{"a", kDay, 1, "x"}}});
  const std::string last = Commit(*table, {.rows = {{"a", kDay, 2, "y"}}});
  const auto rows = Rows(*table);
  const std::string compaction = Compact(*table);
  ASSERT_TRUE(RollBack(*table, compaction).ok());
  EXPECT_EQ(Rows(*table), rows);
  EXPECT_THAT(table->LoadTimeline()->PendingInstants(), IsEmpty());
  EXPECT_EQ(table->LoadTimeline()->NewestCompletedCommit()->timestamp, last);
  Compact(*table);
  EXPECT_EQ(Rows(*table), rows);
}

/// The next clean completes it first, and must not promise more than it left.
TEST_F(RestoreTest, ACleanThatDiedCountsForTheNextOne) {
  const auto table = Create(1);
  Commit(*table, {.rows = {{"a", kDay, 1, "x"}}});
  Commit(*table, {.rows = {{"a", kDay, 2, "x"}}});
  std::string third_last;
  for (int64_t version = 3; version < 9; ++version) {
    const std::string commit = Commit(*table, {.rows = {{"b", kOtherDay, version, "y"}}});
    if (version == 6) third_last = commit;
  }
  clock_.Advance(2'000'000);
  files_.SetBefore([](testing::FakeFileSystem::Step, const std::string& path) {
    return path.ends_with(".clean") ? MakeError(ErrorKind::kUnavailable, "the disk is gone")
                                    : Status::OK();
  });
  ASSERT_FALSE(
      table->Clean({.kind = CleaningKind::kLatestFileVersions, .file_versions_retained = 2}).ok());
  files_.SetBefore(nullptr);
  clock_.Advance(2'000'000);
  ASSERT_GT(*table->Clean({.commits_retained = 3}), 0);
  clock_.Advance(2'000'000);
  const auto refused = table->Restore(third_last);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.status().message(), HasSubstr("may be cleaned"));
  EXPECT_THAT(Rows(*table), SizeIs(2));
}

TEST_F(RestoreTest, ARollbackDropsWhatWasPlannedAfterTheCommit) {
  const auto table = CreateMergeOnRead(1);
  Commit(*table, {.rows = {{"a", kDay, 1, "x"}}});
  const std::string second = Commit(*table, {.rows = {{"a", kDay, 2, "y"}}});
  Schedule(*table);
  ASSERT_TRUE(RollBack(*table, second).ok());
  EXPECT_THAT(*table->PendingCompactions(), IsEmpty());
  EXPECT_THAT(Rows(*table), ElementsAre(TestRow{"a", kDay, 1, "x"}));
}

}  // namespace
}  // namespace tapelake::hudi
