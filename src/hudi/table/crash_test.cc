// What is left when a commit fails or power goes at any step.

#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>

#include "testing/table_fixture.h"

namespace tapelake::hudi {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Step = testing::FakeFileSystem::Step;

using testing::TableFixture;
using testing::TestChanges;
using testing::TestRow;

constexpr const char* kDay = "2026-11-22";

class CrashTest : public TableFixture {
 protected:
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

 private:
  static Status Gone(const std::string& path) {
    return MakeError(ErrorKind::kUnavailable, "the disk is gone: " + path);
  }
  std::atomic<int64_t> steps_ = 0;
};

TEST_F(CrashTest, PowerLossAtAnyStepLeavesTheOldOrTheNewTable) {
  const std::vector<TestRow> old_rows = {{"a", kDay, 1, "x"}, {"b", kDay, 1, "y"}};
  const std::vector<TestRow> new_rows = {{"a", kDay, 2, "z"}, {"c", "d2", 2, {}}};
  bool finished = false;
  int64_t interrupted = 0;
  for (int64_t steps = 0; !finished; ++steps) {
    ASSERT_LT(steps, 1000) << "the commit never ends";
    ASSERT_TRUE(files_.DeleteDirectory("/lake").ok());
    files_.LosePower();
    ASSERT_TRUE(files_.DeleteDirectory("/lake").ok());
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

TEST_F(CrashTest, FailureBeforePublishingRemovesFilesAndInstant) {
  const auto table = Create(2);
  Upsert(*table, {.rows = {{"a", kDay, 1, {}}}});
  const auto paths = files_.Paths();
  files_.SetBefore([](Step step, const std::string& path) {
    return step == Step::kCreate && path.ends_with(".commit")
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

TEST_F(CrashTest, FailureInOneFileGroupRemovesTheOthers) {
  const auto table = Create(4);
  Upsert(*table, {.rows = {{"a", kDay, 1, {}}}});
  const auto paths = files_.Paths();
  files_.SetBefore([](Step step, const std::string& path) {
    return step == Step::kWrite && path.find("/00000003-") != std::string::npos
               ? MakeError(ErrorKind::kUnavailable, "disk full")
               : Status::OK();
  });
  const auto result = TryUpsert(
      *table, {.rows = {{"tx000000", kDay, 2, {}}, {"tx000001", kDay, 2, {}}, {"a", kDay, 2, {}}}});
  Recover();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->outcome, CommitOutcome::kNotDone);
  EXPECT_EQ(files_.Paths(), paths);
}

TEST_F(CrashTest, LostReplyOfThePublicationIsUnknownAndTheCommitStays) {
  const auto table = Create(2);
  files_.SetAfter([](Step, const std::string& path) {
    return path.ends_with(".commit") ? MakeError(ErrorKind::kUnknownOutcome, "no reply")
                                     : Status::OK();
  });
  const auto result = TryUpsert(*table, {.rows = {{"a", kDay, 1, {}}}});
  files_.SetAfter(nullptr);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->outcome, CommitOutcome::kUnknown);
  EXPECT_EQ(table->LatestSnapshot()->instant, result->instant);
  EXPECT_THAT(Rows(*table), ElementsAre(TestRow{"a", kDay, 1, {}}));
}

TEST_F(CrashTest, AnotherWritersCommitOfTheSameInstantIsAConflict) {
  const auto table = Create(2);
  const auto paths = files_.Paths();
  bool was_first = false;
  files_.SetBefore([&](Step step, const std::string& path) {
    if (step != Step::kCreate || !path.ends_with(".commit.requested") || was_first) {
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

TEST_F(CrashTest, CleanUpRemovesWhatADeadWriterLeft) {
  const auto table = Create(1);
  Upsert(*table, {.rows = {{"a", kDay, 1, {}}}});
  const auto paths = files_.Paths();
  const std::string folder = std::string(kPath) + "/";
  const std::string dead = "20261122175959000";
  const std::string file_id = table->LatestSnapshot()->slices.at(0).file_id;
  for (const std::string& name :
       {".hoodie/" + dead + ".commit.requested", ".hoodie/" + dead + ".inflight",
        "day=2026-11-22/" + file_id + "_0-1-2_" + dead + ".parquet"}) {
    ASSERT_TRUE(files_.CreateIfAbsent(folder + name, "half").ok()) << name;
  }
  ASSERT_TRUE(files_.CreateDirectories(folder + ".hoodie/.temp/" + dead).ok());
  ASSERT_TRUE(files_.CreateIfAbsent(folder + ".hoodie/.temp/" + dead + "/MARKERS0", "x").ok());
  EXPECT_THAT(Rows(*table), ElementsAre(TestRow{"a", kDay, 1, {}})) << "pending files never count";
  ASSERT_TRUE(table->CleanUpPendingCommits().ok());
  EXPECT_EQ(files_.Paths(), paths);
}

TEST_F(CrashTest, CleanUpRepeatsWhatPowerLossUndid) {
  const auto table = Create(1);
  Upsert(*table, {.rows = {{"a", kDay, 1, {}}}});
  const auto paths = files_.Paths();
  const std::string folder = std::string(kPath) + "/";
  const std::string dead = "20261122175959000";
  const std::string file_id = table->LatestSnapshot()->slices.at(0).file_id;
  const std::string data = "day=2026-11-22/" + file_id + "_0-1-2_" + dead + ".parquet";
  ASSERT_TRUE(files_.CreateIfAbsent(folder + data, "half").ok());
  ASSERT_TRUE(files_.CreateIfAbsent(folder + ".hoodie/" + dead + ".commit.requested", "").ok());
  for (int64_t steps = 0; steps < 20; ++steps) {
    FailAfter(steps);
    (void)table->CleanUpPendingCommits();
    Recover();
    files_.LosePower();
    const auto left = files_.Paths();
    const bool has_data = std::ranges::find(left, folder + data) != left.end();
    const auto pending = table->LoadTimeline()->PendingInstants();
    EXPECT_TRUE(!has_data || !pending.empty()) << "a file outlived its instant, step " << steps;
  }
  EXPECT_EQ(files_.Paths(), paths);
}

}  // namespace
}  // namespace tapelake::hudi
