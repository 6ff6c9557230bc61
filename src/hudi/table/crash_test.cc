// What is left when a commit fails or power goes at any step.

#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <utility>

#include "hudi/format/service_plans.h"
#include "testing/table_fixture.h"

namespace tapelake::hudi {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Step = testing::FakeFileSystem::Step;

using testing::TableFixture;
using testing::TestRow;

constexpr const char* kDay = "2026-11-22";

/// Runs for both table types, and for indexes by hash and by look-up.
class CrashTest : public TableFixture,
                  public ::testing::WithParamInterface<std::pair<TableType, IndexKind>> {
 protected:
  std::unique_ptr<Table> Create(int bucket_count) {
    return TableFixture::Create(GetParam().first, GetParam().second, bucket_count);
  }
  static bool is_merge_on_read() { return GetParam().first == TableType::kMergeOnRead; }
  /// Suffix of the file whose appearance commits.
  static std::string Suffix() { return is_merge_on_read() ? ".deltacommit" : ".commit"; }
  /// Empty the disk, durably.
  void Wipe() {
    for (const std::string& path : files_.Paths()) {
      ASSERT_TRUE(files_.DeleteFile(path).ok());
      ASSERT_TRUE(files_.SyncDirectory(io::ParentPath(path)).ok());
    }
    files_.LosePower();
    ASSERT_THAT(files_.Paths(), IsEmpty());
  }
  /// Paths but for instants of rollbacks.
  std::vector<std::string> PathsWithoutRollbacks() {
    std::vector<std::string> paths = files_.Paths();
    std::erase_if(
        paths, [](const std::string& path) { return path.find(".rollback") != std::string::npos; });
    return paths;
  }
  /// Paths outside the timeline.
  std::vector<std::string> DataPaths() {
    std::vector<std::string> paths = files_.Paths();
    std::erase_if(
        paths, [](const std::string& path) { return path.find("/.hoodie/") != std::string::npos; });
    return paths;
  }
  std::vector<Instant> Rollbacks(Table& table) {
    std::vector<Instant> rollbacks = table.LoadTimeline()->instants();
    std::erase_if(rollbacks, [](const Instant& instant) {
      return instant.action != InstantAction::kRollback;
    });
    return rollbacks;
  }
  /// Let a writer die in the midst of a commit: its files are there, its timeline says inflight.
  std::string Die(const std::vector<TestRow>& rows) {
    const auto table = Open();
    files_.SetBefore([](Step step, const std::string& path) {
      const bool ends = step == Step::kCreate && path.ends_with(Suffix());
      return ends || step == Step::kDelete ? Gone(path) : Status::OK();
    });
    const auto result = TryUpsert(*table, {.rows = rows});
    Recover();
    EXPECT_EQ(result->outcome, CommitOutcome::kNotDone);
    return result->instant;
  }

  /// Fail every step from the `steps`-th change of the disk on.
  void FailAfter(int64_t steps) {
    steps_ = 0;
    files_.SetBefore([this, steps](Step step, const std::string& path) -> Status {
      if (step == Step::kRead || step == Step::kList) {
        return steps_.load() > steps ? Gone(path) : Status::OK();
      }
      return steps_.fetch_add(1) >= steps ? Gone(path) : Status::OK();
    });
  }
  void Recover() { files_.SetBefore(nullptr); }
  /// Let a process roll back what is dead and die after `steps` changes of the disk; return whether
  /// it had finished by then.
  bool RollBackFor(int64_t steps) {
    const auto table = Open();
    FailAfter(steps);
    const bool finished = table->CleanUpPendingCommits().ok();
    Recover();
    return finished;
  }

  static Status Gone(const std::string& path) {
    return MakeError(ErrorKind::kUnavailable, "the disk is gone: " + path);
  }

 private:
  std::atomic<int64_t> steps_ = 0;
};

INSTANTIATE_TEST_SUITE_P(TableTypes, CrashTest,
                         ::testing::Values(std::pair(TableType::kCopyOnWrite, IndexKind::kBucket),
                                           std::pair(TableType::kMergeOnRead, IndexKind::kBucket),
                                           std::pair(TableType::kCopyOnWrite, IndexKind::kBloom),
                                           std::pair(TableType::kMergeOnRead, IndexKind::kBloom)),
                         [](const auto& kind) {
                           const bool merges = kind.param.first == TableType::kMergeOnRead;
                           const bool hashes = kind.param.second == IndexKind::kBucket;
                           return std::string(merges ? "MergeOnRead" : "CopyOnWrite") +
                                  (hashes ? "" : "Bloom");
                         });

TEST_P(CrashTest, PowerLossAtAnyStepLeavesTheOldOrTheNewTable) {
  const std::vector<TestRow> old_rows = {{"a", kDay, 1, "x"}, {"b", kDay, 1, "y"}};
  const std::vector<TestRow> new_rows = {{"a", kDay, 2, "z"}, {"c", "d2", 2, {}}};
  bool finished = false;
  int64_t interrupted = 0;
  for (int64_t steps = 0; !finished; ++steps) {
    ASSERT_LT(steps, 1000) << "the commit never ends";
    Wipe();
    auto table = Create(2);
    Upsert(*table, {.rows = old_rows});
    FailAfter(steps);
    const auto result = TryUpsert(*table, {.rows = new_rows, .deletes = {{"b", kDay}}});
    finished = result.ok() && result->outcome == CommitOutcome::kDone;
    Recover();
    files_.LosePower();
    table = Open();
    const auto rows = Rows(*table);
    if (finished) {
      EXPECT_EQ(rows, new_rows);
    } else {
      ++interrupted;
      EXPECT_TRUE(rows == old_rows || rows == new_rows) << "after step " << steps;
    }
    Upsert(*table, {.rows = {{"a", kDay, 3, "again"}}});
    EXPECT_THAT(Rows(*table), Contains(TestRow{"a", kDay, 3, "again"})) << "after step " << steps;
  }
  EXPECT_GT(interrupted, 10);
}

// docs/internals/seal.md, S8
TEST_P(CrashTest, ADamagedInflightFileDeletesNothing) {
  auto table = Create(2);
  Upsert(*table, {.rows = {{"a", kDay, 1, "x"}}});
  const std::string dead = Die({{"a", kDay, 2, "y"}, {"b", kDay, 2, "z"}});
  const std::string inflight = std::string(kPath) + "/.hoodie/" + dead +
                               (is_merge_on_read() ? ".deltacommit.inflight" : ".inflight");
  const std::string whole = *files_.ReadFile(inflight);
  for (size_t at = 0; at < whole.size(); at += 7) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    ASSERT_TRUE(files_.ReplaceFile(inflight, changed).ok());
    const auto before = files_.Paths();
    const Status status = Open()->CleanUpPendingCommits();
    ASSERT_EQ(KindOf(status), ErrorKind::kCorrupt) << at;
    ASSERT_THAT(status.message(), HasSubstr(inflight));
    ASSERT_EQ(files_.Paths(), before);
  }
  ASSERT_TRUE(files_.ReplaceFile(inflight, whole).ok());
  table = Open();
  EXPECT_TRUE(table->CleanUpPendingCommits().ok());
  EXPECT_EQ(Rows(*table), (std::vector<TestRow>{{"a", kDay, 1, "x"}}));
}

TEST_P(CrashTest, FailureBeforePublishingRemovesFilesAndInstant) {
  const auto table = Create(2);
  Upsert(*table, {.rows = {{"a", kDay, 1, {}}}});
  const auto paths = files_.Paths();
  files_.SetBefore([](Step step, const std::string& path) {
    return step == Step::kCreate && path.ends_with(Suffix())
               ? MakeError(ErrorKind::kUnavailable, "disk full")
               : Status::OK();
  });
  const auto result = TryUpsert(*table, {.rows = {{"a", kDay, 2, {}}, {"b", kDay, 2, {}}}});
  Recover();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->outcome, CommitOutcome::kNotDone);
  EXPECT_THAT(result->reason.message(), HasSubstr("disk full"));
  EXPECT_EQ(files_.Paths(), paths);
}

TEST_P(CrashTest, FailureInOneFileGroupRemovesTheOthers) {
  const auto table = Create(4);
  Upsert(*table, {.rows = {{"a", kDay, 1, {}}, {"b", "d2", 1, {}}}});
  const auto paths = files_.Paths();
  files_.SetBefore([](Step step, const std::string& path) {
    return step == Step::kWrite && path.find("/day=d2/") != std::string::npos
               ? MakeError(ErrorKind::kUnavailable, "disk full")
               : Status::OK();
  });
  const auto result = TryUpsert(*table, {.rows = {{"tx000000", kDay, 2, {}},
                                                  {"b", "d2", 2, {}},
                                                  {"c", "d2", 2, {}},
                                                  {"a", kDay, 2, {}}},
                                         .threads = 1});
  Recover();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->outcome, CommitOutcome::kNotDone);
  EXPECT_EQ(files_.Paths(), paths);
}

TEST_P(CrashTest, LostReplyOfThePublicationIsUnknownAndTheCommitStays) {
  const auto table = Create(2);
  files_.SetAfter([](Step, const std::string& path) {
    return path.ends_with(Suffix()) ? MakeError(ErrorKind::kUnknownOutcome, "no reply")
                                    : Status::OK();
  });
  const auto result = TryUpsert(*table, {.rows = {{"a", kDay, 1, {}}}});
  files_.SetAfter(nullptr);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->outcome, CommitOutcome::kUnknown);
  EXPECT_EQ(table->LatestSnapshot()->instant, result->instant);
  EXPECT_THAT(Rows(*table), ElementsAre(TestRow{"a", kDay, 1, {}}));
}

TEST_P(CrashTest, AnotherWritersCommitOfTheSameInstantIsAConflict) {
  const auto table = Create(2);
  const auto paths = files_.Paths();
  bool was_first = false;
  files_.SetBefore([&](Step step, const std::string& path) {
    if (step != Step::kCreate || !path.ends_with(Suffix() + ".requested") || was_first) {
      return Status::OK();
    }
    was_first = true;
    return files_.CreateIfAbsent(path, "");
  });
  const auto result = TryUpsert(*table, {.rows = {{"a", kDay, 1, {}}}});
  Recover();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->outcome, CommitOutcome::kNotDone);
  EXPECT_EQ(KindOf(result->reason), ErrorKind::kConflict);
  EXPECT_EQ(files_.Paths().size(), paths.size() + 1) << "the other writer's file must stay";
}

TEST_P(CrashTest, RollbackRemovesWhatADeadWriterLeft) {
  const auto table = Create(1);
  Upsert(*table, {.rows = {{"a", kDay, 1, {}}}});
  const auto paths = files_.Paths();
  const std::string dead = Die({{"a", kDay, 2, {}}, {"b", "d2", 2, {}}});
  const std::string markers = std::string(kPath) + "/.hoodie/.temp/" + dead;
  ASSERT_TRUE(files_.CreateDirectories(markers).ok());
  ASSERT_TRUE(files_.CreateIfAbsent(markers + "/MARKERS0", "x").ok());
  EXPECT_GT(files_.Paths().size(), paths.size() + 3);
  EXPECT_THAT(Rows(*table), ElementsAre(TestRow{"a", kDay, 1, {}})) << "pending files never count";
  ASSERT_TRUE(table->CleanUpPendingCommits().ok());
  auto left = PathsWithoutRollbacks();
  std::erase(left, std::string(kPath) + "/day=d2/.hoodie_partition_metadata");
  EXPECT_EQ(left, paths);
  const auto rollbacks = Rollbacks(*table);
  ASSERT_EQ(rollbacks.size(), 1U);
  EXPECT_EQ(rollbacks[0].state, InstantState::kCompleted);
  const RollbackPlan plan = *ParseRollbackPlan(*files_.ReadFile(
      std::string(kPath) + "/.hoodie/" + rollbacks[0].timestamp + ".rollback.requested"));
  EXPECT_EQ(plan.instant, dead);
  EXPECT_EQ("." + plan.action, Suffix());
  EXPECT_THAT(Rows(*table), ElementsAre(TestRow{"a", kDay, 1, {}}));
}

TEST_P(CrashTest, RollbackGoesOnWherePowerLossStoppedIt) {
  bool finished = false;
  for (int64_t steps = 0; !finished; ++steps) {
    ASSERT_LT(steps, 100) << "the rollback never ends";
    Wipe();
    auto table = Create(2);
    Upsert(*table, {.rows = {{"a", kDay, 1, {}}}});
    const auto paths = files_.Paths();
    const std::string dead = Die({{"a", kDay, 2, {}}, {"b", kDay, 2, {}}});
    files_.LosePower();
    finished = RollBackFor(steps);
    files_.LosePower();
    table = Open();
    const bool has_data = std::ranges::any_of(files_.Paths(), [&](const std::string& path) {
      return std::ranges::find(paths, path) == paths.end() && path.find("/day=") != path.npos;
    });
    const auto pending = table->LoadTimeline()->PendingInstants();
    const bool known = std::ranges::find(pending, dead, &Instant::timestamp) != pending.end();
    EXPECT_TRUE(!has_data || known) << "a file outlived its instant, step " << steps;
    ASSERT_TRUE(table->CleanUpPendingCommits().ok()) << "step " << steps;
    EXPECT_EQ(PathsWithoutRollbacks(), paths) << "step " << steps;
    EXPECT_EQ(Rollbacks(*table).size(), 1U) << "step " << steps;
    EXPECT_THAT(table->LoadTimeline()->PendingInstants(), IsEmpty()) << "step " << steps;
  }
}

TEST_P(CrashTest, WhatADeadRollbackDeletedStaysGoneWhenPowerIsLostAfterTheNext) {
  bool finished = false;
  for (int64_t steps = 0; !finished; ++steps) {
    ASSERT_LT(steps, 100) << "the rollback never ends";
    Wipe();
    auto table = Create(2);
    Upsert(*table, {.rows = {{"a", kDay, 1, {}}}});
    const auto data = DataPaths();
    Die({{"a", kDay, 2, {}}, {"b", kDay, 2, {}}});
    finished = RollBackFor(steps);
    table = Open();
    ASSERT_TRUE(table->CleanUpPendingCommits().ok()) << "step " << steps;
    files_.LosePower();
    EXPECT_EQ(DataPaths(), data) << "step " << steps;
  }
}

TEST_P(CrashTest, SeveralDeadInstantsAreRolledBackNewestFirst) {
  const auto table = Create(1);
  Upsert(*table, {.rows = {{"a", kDay, 1, {}}}});
  const auto paths = files_.Paths();
  const std::string older = Die({{"a", kDay, 2, {}}});
  // Another writer does not look for the dead.
  const std::string newer = FormatInstantTime(clock_.WallMicros() + 5'000'000);
  clock_.Advance(6'000'000);
  const std::string prefix = std::string(kPath) + "/.hoodie/" + newer;
  ASSERT_TRUE(files_.CreateIfAbsent(prefix + Suffix() + ".requested", "").ok());
  ASSERT_TRUE(table->CleanUpPendingCommits().ok());
  EXPECT_EQ(PathsWithoutRollbacks(), paths);
  std::vector<std::string> rolled_back;
  for (const Instant& rollback : Rollbacks(*table)) {
    rolled_back.push_back(
        ParseRollbackPlan(*files_.ReadFile(std::string(kPath) + "/.hoodie/" + rollback.timestamp +
                                           ".rollback.requested"))
            ->instant);
  }
  EXPECT_THAT(rolled_back, ElementsAre(newer, older));
}

TEST_P(CrashTest, ARollbackThatWasNotBegunIsDropped) {
  const auto table = Create(1);
  const std::string completed = Upsert(*table, {.rows = {{"a", kDay, 1, {}}}}).instant;
  const auto paths = files_.Paths();
  clock_.Advance(5'000);
  const std::string rollback = FormatInstantTime(clock_.WallMicros());
  const std::string name = std::string(kPath) + "/.hoodie/" + rollback + ".rollback.requested";
  ASSERT_TRUE(files_
                  .CreateIfAbsent(name, FormatRollbackPlan({.instant = completed,
                                                            .action = Suffix().substr(1),
                                                            .requests = {}}))
                  .ok());
  ASSERT_TRUE(table->CleanUpPendingCommits().ok());
  EXPECT_EQ(files_.Paths(), paths);
  EXPECT_THAT(Rows(*table), ElementsAre(TestRow{"a", kDay, 1, {}}));
}

}  // namespace
}  // namespace tapelake::hudi
