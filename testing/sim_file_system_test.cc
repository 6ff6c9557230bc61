#include "testing/sim_file_system.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include <arrow/buffer.h>

namespace tapelake::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

constexpr int64_t kNow = 1'795'370'400'000'000;

/// Gives one fate to the n-th step of an action.
class OneFate : public DiskFaults {
 public:
  OneFate(DiskAction action, StepFate fate, int steps_before = 0)
      : action_(action), fate_(fate), steps_before_(steps_before) {}
  StepFate OnStep(const DiskStep& step) override {
    return step.action == action_ && steps_before_-- == 0 ? fate_ : StepFate::kDone;
  }
  Status OnRead(const std::string&) override { return Status::OK(); }

 private:
  DiskAction action_;
  StepFate fate_;
  int steps_before_;
};

class SimFileSystemTest : public ::testing::Test {
 protected:
  SimFileSystemTest() { MakeLake(files_); }

  static void MakeLake(SimFileSystem& files) { EXPECT_TRUE(files.CreateDirectories("/lake").ok()); }

  /// Everything the file held after power losses that began from the same disk.
  std::set<std::string> Outcomes(const std::string& path,
                                 const std::function<void(SimFileSystem&)>& work) {
    std::set<std::string> seen;
    for (uint64_t seed = 0; seed < 200; ++seed) {
      FakeClock clock(kNow);
      io::SeededRandom random(seed);
      SimFileSystem files(clock, random);
      MakeLake(files);
      work(files);
      files.Restart(true);
      const auto content = files.ReadFile(path);
      seen.insert(content.ok() ? *content : "absent");
    }
    return seen;
  }

  FakeClock clock_{kNow};
  io::SeededRandom random_{1};
  SimFileSystem files_{clock_, random_};
};

TEST_F(SimFileSystemTest, SyncedBytesAndNamesSurvivePowerLoss) {
  auto file = *files_.OpenForAppend("/lake/log");
  ASSERT_TRUE(file->Append("durable").ok());
  ASSERT_TRUE(file->Sync().ok());
  ASSERT_TRUE(files_.SyncDirectory("/lake").ok());
  ASSERT_TRUE(files_.CreateIfAbsent("/lake/created", "whole").ok());
  ASSERT_TRUE(files_.ReplaceFile("/lake/replaced", "old").ok());
  ASSERT_TRUE(files_.ReplaceFile("/lake/replaced", "new").ok());
  file.reset();
  files_.Restart(true);
  EXPECT_EQ(*files_.ReadFile("/lake/log"), "durable");
  EXPECT_EQ(*files_.ReadFile("/lake/created"), "whole");
  EXPECT_EQ(*files_.ReadFile("/lake/replaced"), "new");
}

TEST_F(SimFileSystemTest, UnsyncedPagesSurviveEachByItself) {
  const std::string pages(4 * SimDisk::kPageBytes, 'x');
  bool lost_in_the_middle = false;
  for (const std::string& left : Outcomes("/lake/log", [&](SimFileSystem& files) {
         const auto file = *files.OpenForAppend("/lake/log");
         EXPECT_TRUE(file->Append("head").ok() && file->Sync().ok());
         EXPECT_TRUE(files.SyncDirectory("/lake").ok());
         EXPECT_TRUE(file->Append(pages).ok());
       })) {
    EXPECT_TRUE(left.starts_with("head"));
    const size_t hole = left.find('\0');
    lost_in_the_middle |= hole != left.npos && left.find('x', hole) != left.npos;
  }
  EXPECT_TRUE(lost_in_the_middle);
}

TEST_F(SimFileSystemTest, NamesWithoutSyncedDirectorySurviveOrNot) {
  EXPECT_THAT(Outcomes("/lake/file",
                       [](SimFileSystem& files) {
                         const auto file = *files.OpenForWrite("/lake/file");
                         EXPECT_TRUE(file->Write("content", 7).ok() && file->Close().ok());
                       }),
              UnorderedElementsAre("absent", "content"));
  EXPECT_THAT(Outcomes("/lake/file",
                       [](SimFileSystem& files) {
                         EXPECT_TRUE(files.CreateIfAbsent("/lake/file", "content").ok());
                         EXPECT_TRUE(files.DeleteFile("/lake/file").ok());
                       }),
              UnorderedElementsAre("absent", "content"));
  EXPECT_THAT(Outcomes("/lake/file",
                       [](SimFileSystem& files) {
                         EXPECT_TRUE(files.CreateIfAbsent("/lake/file", "content").ok());
                         EXPECT_TRUE(files.DeleteFile("/lake/file").ok());
                         EXPECT_TRUE(files.SyncDirectory("/lake").ok());
                       }),
              ElementsAre("absent"));
}

TEST_F(SimFileSystemTest, AFileThatWasNotClosedMayHoldAnyPart) {
  const auto outcomes = Outcomes("/lake/file", [](SimFileSystem& files) {
    const auto file = *files.OpenForWrite("/lake/file");
    EXPECT_TRUE(file->Write("abcdef", 6).ok());
    EXPECT_TRUE(files.SyncDirectory("/lake").ok());
  });
  EXPECT_TRUE(outcomes.contains(""));
  EXPECT_TRUE(outcomes.contains("abcdef"));
  EXPECT_GT(outcomes.size(), 4U);
}

TEST_F(SimFileSystemTest, TruncationCountsAfterSync) {
  const auto truncate = [](SimFileSystem& files, bool sync) {
    const auto file = *files.OpenForAppend("/lake/log");
    EXPECT_TRUE(file->Append("0123").ok() && file->Sync().ok());
    EXPECT_TRUE(files.SyncDirectory("/lake").ok());
    EXPECT_TRUE(file->Truncate(2).ok());
    EXPECT_TRUE(!sync || file->Sync().ok());
  };
  EXPECT_THAT(Outcomes("/lake/log", [&](SimFileSystem& files) { truncate(files, false); }),
              UnorderedElementsAre("01", "0123"));
  EXPECT_THAT(Outcomes("/lake/log", [&](SimFileSystem& files) { truncate(files, true); }),
              ElementsAre("01"));
}

TEST_F(SimFileSystemTest, ARemovedDirectoryMayComeBackUntilItsParentIsSynced) {
  const auto remove = [](SimFileSystem& files, bool sync) {
    EXPECT_TRUE(files.CreateDirectories("/lake/a/b").ok());
    EXPECT_TRUE(files.CreateIfAbsent("/lake/a/b/file", "x").ok());
    EXPECT_TRUE(files.DeleteDirectory("/lake/a").ok());
    EXPECT_FALSE(*files.Exists("/lake/a/b/file"));
    EXPECT_TRUE(!sync || files.SyncDirectory("/lake").ok());
  };
  EXPECT_THAT(Outcomes("/lake/a/b/file", [&](SimFileSystem& files) { remove(files, false); }),
              UnorderedElementsAre("absent", "x"));
  EXPECT_THAT(Outcomes("/lake/a/b/file", [&](SimFileSystem& files) { remove(files, true); }),
              ElementsAre("absent"));
}

TEST_F(SimFileSystemTest, NewDirectoriesSurviveUnlessTheProcessDiedWhileItMadeThem) {
  const auto create = [](SimFileSystem& files, StepFate fate) {
    OneFate faults(DiskAction::kMakeDirectory, fate);
    files.SetFaults(&faults);
    EXPECT_EQ(files.CreateDirectories("/lake/a/b").ok(), fate == StepFate::kDone);
    files.Restart(false);
    files.SetFaults(nullptr);
    EXPECT_TRUE(files.CreateDirectories("/lake/a/b").ok());
    EXPECT_TRUE(files.CreateIfAbsent("/lake/a/b/file", "x").ok());
  };
  EXPECT_THAT(
      Outcomes("/lake/a/b/file", [&](SimFileSystem& files) { create(files, StepFate::kDieTorn); }),
      UnorderedElementsAre("absent", "x"));
  EXPECT_THAT(
      Outcomes("/lake/a/b/file", [&](SimFileSystem& files) { create(files, StepFate::kDone); }),
      ElementsAre("x"));
}

TEST_F(SimFileSystemTest, DyingInsideACreationLeavesEitherOutcomeAndPerhapsATemporary) {
  std::map<bool, int> present;
  bool temporary = false;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    io::SeededRandom random(seed);
    SimFileSystem files(clock_, random);
    MakeLake(files);
    OneFate faults(DiskAction::kCreate, StepFate::kDieTorn);
    files.SetFaults(&faults);
    EXPECT_EQ(KindOf(files.CreateIfAbsent("/lake/file", "content")), ErrorKind::kShuttingDown);
    EXPECT_TRUE(files.dead());
    EXPECT_EQ(KindOf(files.List("/lake").status()), ErrorKind::kShuttingDown);
    files.Restart(seed % 2 == 0);
    const auto content = files.ReadFile("/lake/file");
    ++present[content.ok()];
    EXPECT_EQ(content.ValueOr("content"), "content") << "it appears whole or not at all";
    for (const std::string& path : files.disk().Paths())
      temporary |= path.starts_with("/lake/.tmp-");
  }
  EXPECT_GT(present[true], 10);
  EXPECT_GT(present[false], 10);
  EXPECT_TRUE(temporary);
}

TEST_F(SimFileSystemTest, DyingBeforeOrAfterAStepDoesNothingOrAll) {
  for (const bool after : {false, true}) {
    const std::string path = after ? "/lake/after" : "/lake/before";
    OneFate faults(DiskAction::kCreate, after ? StepFate::kDieAfter : StepFate::kDieBefore);
    files_.SetFaults(&faults);
    EXPECT_FALSE(files_.CreateIfAbsent(path, "x").ok());
    files_.Restart(true);
    EXPECT_EQ(*files_.Exists(path), after);
  }
}

TEST_F(SimFileSystemTest, WithoutPowerLossEverythingVisibleStays) {
  auto file = *files_.OpenForAppend("/lake/log");
  ASSERT_TRUE(file->Append("not synced").ok());
  files_.Die();
  EXPECT_EQ(KindOf(file->Sync()), ErrorKind::kShuttingDown);
  files_.Restart(false);
  EXPECT_EQ(*files_.ReadFile("/lake/log"), "not synced");
  EXPECT_EQ(KindOf(file->Sync()), ErrorKind::kShuttingDown) << "the process of the file is dead";
}

TEST_F(SimFileSystemTest, InjectedFailuresAreOfTheirKindAndPass) {
  OneFate faults(DiskAction::kCreate, StepFate::kFail);
  files_.SetFaults(&faults);
  EXPECT_EQ(KindOf(files_.CreateIfAbsent("/lake/a", "x")), ErrorKind::kUnavailable);
  EXPECT_FALSE(files_.dead());
  OneFate lost(DiskAction::kCreate, StepFate::kLostReply);
  files_.SetFaults(&lost);
  EXPECT_EQ(KindOf(files_.CreateIfAbsent("/lake/b", "x")), ErrorKind::kUnknownOutcome);
  EXPECT_TRUE(*files_.Exists("/lake/b"));
  EXPECT_EQ(KindOf(files_.CreateIfAbsent("/lake/b", "x")), ErrorKind::kAlreadyExists);
}

TEST_F(SimFileSystemTest, ALockIsExclusiveAndEndsWithItsProcess) {
  auto lock = files_.Lock("/lake/lock");
  ASSERT_TRUE(lock.ok());
  EXPECT_EQ(KindOf(files_.Lock("/lake/lock").status()), ErrorKind::kConflict);
  files_.Die();
  files_.Restart(false);
  auto again = files_.Lock("/lake/lock");
  EXPECT_TRUE(again.ok());
  lock->reset();
  EXPECT_EQ(KindOf(files_.Lock("/lake/lock").status()), ErrorKind::kConflict);
}

TEST_F(SimFileSystemTest, ListsFilesAndDirectories) {
  ASSERT_TRUE(files_.CreateDirectories("/lake/b/c").ok());
  ASSERT_TRUE(files_.CreateIfAbsent("/lake/a", "12").ok());
  ASSERT_TRUE(files_.CreateIfAbsent("/lake/b/d", "").ok());
  EXPECT_THAT(*files_.ListNames("/lake"), ElementsAre("a", "b"));
  const auto list = *files_.List("/lake");
  EXPECT_EQ(list[0].size_bytes, 2);
  EXPECT_EQ(list[0].modified_micros, kNow);
  EXPECT_TRUE(list[1].is_directory);
  EXPECT_EQ(KindOf(files_.List("/lake/absent").status()), ErrorKind::kNotFound);
}

TEST_F(SimFileSystemTest, AReaderSeesWhatIsAppendedLater) {
  auto file = *files_.OpenForAppend("/lake/log");
  const auto reader = *files_.OpenForRead("/lake/log");
  ASSERT_TRUE(file->Append("abc").ok());
  EXPECT_EQ(*reader->GetSize(), 3);
  EXPECT_EQ((*reader->ReadAt(1, 10))->ToString(), "bc");
}

}  // namespace
}  // namespace tapelake::testing
