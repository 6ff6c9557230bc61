#include "hudi/timeline/timeline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/local_file_system.h"
#include "tests/golden/golden_table.h"

namespace tapelake::hudi {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kT1[] = "20261122125800001";
constexpr char kT2[] = "20261122125800002";
constexpr char kT3[] = "20261122125800003";

std::vector<std::string> FileNames(const std::vector<Instant>& instants) {
  std::vector<std::string> names;
  for (const Instant& instant : instants)
    names.push_back(InstantFileName(instant));
  return names;
}

std::string Name(const char* timestamp, const char* suffix) {
  return std::string(timestamp) + suffix;
}

TEST(Timeline, InstantIsInItsHighestState) {
  const auto timeline = Timeline::FromFileNames(
      {Name(kT2, ".inflight"), Name(kT1, ".inflight"), Name(kT1, ".commit"),
       Name(kT3, ".clean.requested"), Name(kT1, ".commit.requested"), "hoodie.properties"});
  EXPECT_THAT(
      FileNames(timeline.instants()),
      ElementsAre(Name(kT1, ".commit"), Name(kT2, ".inflight"), Name(kT3, ".clean.requested")));
  EXPECT_THAT(FileNames(timeline.CompletedCommits()), ElementsAre(Name(kT1, ".commit")));
  EXPECT_THAT(FileNames(timeline.PendingInstants()),
              ElementsAre(Name(kT2, ".inflight"), Name(kT3, ".clean.requested")));
  EXPECT_EQ(timeline.NewestCompletedCommit()->timestamp, kT1);
}

TEST(Timeline, WithoutInstantsNothingIsCommitted) {
  const auto timeline = Timeline::FromFileNames({"hoodie.properties"});
  EXPECT_THAT(timeline.instants(), IsEmpty());
  EXPECT_FALSE(timeline.NewestCompletedCommit());
  EXPECT_FALSE(timeline.IsCommitted(kT1));
}

TEST(Timeline, OfTheFolderLayoutKnowsCompletionTimes) {
  const auto timeline = Timeline::FromFileNames(
      {Name(kT1, ".commit.requested"), std::string(kT1) + "_" + kT3 + ".commit",
       std::string(kT2) + "_20261122125800009.replacecommit", Name(kT2, ".clustering.requested"),
       Name(kT3, ".commit.requested")},
      TimelineLayout::kFolder);
  EXPECT_EQ(timeline.instants().size(), 3);
  EXPECT_EQ(timeline.CompletionTimeOf(kT1), kT3);
  EXPECT_EQ(timeline.CompletionTimeOf(kT2), "20261122125800009");
  EXPECT_EQ(timeline.CompletionTimeOf(kT3), "");
  EXPECT_EQ(timeline.CompletionTimeOf("20260101000000000"), "20260101000000000");  // archived
}

TEST(Timeline, UntilATimeWhatCompletedLaterIsNotThereAndWhatWasArchivedIs) {
  const auto timeline = Timeline::FromFileNames({std::string(kT1) + "_20261122125800009.commit",
                                                 std::string(kT2) + "_" + kT3 + ".commit"},
                                                TimelineLayout::kFolder)
                            .Until(kT3);
  EXPECT_FALSE(timeline.IsCommitted(kT1));
  EXPECT_TRUE(timeline.IsCommitted(kT2));
  EXPECT_TRUE(timeline.IsCommitted("20260101000000000"));
  EXPECT_TRUE(timeline.Until("0").IsCommitted("20260101000000000"));
}

TEST(Timeline, CompletedCompactionIsACommitAndNoLongerPending) {
  const auto timeline = Timeline::FromFileNames(
      {Name(kT1, ".compaction.requested"), Name(kT1, ".compaction.inflight"), Name(kT1, ".commit"),
       Name(kT2, ".logcompaction.requested"), Name(kT2, ".deltacommit"),
       Name(kT3, ".compaction.requested"), Name(kT3, ".deltacommit")});
  EXPECT_THAT(FileNames(timeline.instants()),
              ElementsAre(Name(kT1, ".commit"), Name(kT2, ".deltacommit"),
                          Name(kT3, ".deltacommit"), Name(kT3, ".compaction.requested")));
}

TEST(Timeline, CommittedIsCompletedOrOlderThanTheFirstWrite) {
  const auto timeline = Timeline::FromFileNames(
      {Name(kT2, ".commit"), Name(kT3, ".inflight"), Name(kT3, ".commit.requested")});
  EXPECT_TRUE(timeline.IsCommitted(kT2));
  EXPECT_TRUE(timeline.IsCommitted(kT1)) << "archived";
  EXPECT_FALSE(timeline.IsCommitted(kT3)) << "pending";
  EXPECT_FALSE(timeline.IsCommitted("20261122125800004")) << "unknown";
  EXPECT_FALSE(timeline.IsCommitted("20261122125800002001")) << "unknown, between the two";
}

TEST(Timeline, PendingFirstInstantIsNotTakenForArchived) {
  const auto timeline = Timeline::FromFileNames({Name(kT1, ".inflight"), Name(kT2, ".commit")});
  EXPECT_FALSE(timeline.IsCommitted(kT1));
  EXPECT_TRUE(timeline.IsCommitted("20261122125800000"));
}

TEST(Timeline, CleansAndSavepointsDoNotMarkTheBeginning) {
  const auto cleaned = Timeline::FromFileNames({Name(kT1, ".clean"), Name(kT3, ".commit")});
  EXPECT_TRUE(cleaned.IsCommitted(kT2)) << "archived after a clean that is still there";
  const auto pinned = Timeline::FromFileNames(
      {Name(kT1, ".commit"), Name(kT1, ".savepoint"), Name(kT3, ".commit")});
  EXPECT_TRUE(pinned.IsCommitted(kT1));
  EXPECT_TRUE(pinned.IsCommitted(kT2)) << "archived beyond the savepoint";
}

TEST(Timeline, CleanInstantDoesNotCommitFiles) {
  const auto timeline = Timeline::FromFileNames({Name(kT1, ".commit"), Name(kT2, ".clean")});
  EXPECT_FALSE(timeline.IsCommitted(kT2));
}

TEST(Timeline, NextInstantIsNowWhenNowIsLater) {
  const auto timeline = Timeline::FromFileNames({Name(kT1, ".commit")});
  const int64_t now_micros = *ParseInstantTime(kT2) + 17;
  const auto next = timeline.NextInstantTime(now_micros);
  ASSERT_TRUE(next.ok());
  EXPECT_EQ(next->timestamp, kT2);
  EXPECT_EQ(next->wait_micros, 0);
}

TEST(Timeline, NextInstantWaitsForTheClockToPassTheNewest) {
  const auto timeline = Timeline::FromFileNames({Name(kT1, ".commit"), Name(kT2, ".rollback")});
  const int64_t now_micros = *ParseInstantTime(kT1) + 400;
  const auto next = timeline.NextInstantTime(now_micros);
  ASSERT_TRUE(next.ok());
  EXPECT_EQ(next->timestamp, kT3);
  EXPECT_EQ(next->wait_micros, 1600);
  const auto later = timeline.NextInstantTime(now_micros + next->wait_micros);
  EXPECT_EQ(later->timestamp, kT3);
  EXPECT_EQ(later->wait_micros, 0);
}

TEST(Timeline, NextInstantIsAboveShortAndLongOnes) {
  for (const char* newest : {"20261122125800", "20261122125800001001", "20261122125800001999"}) {
    const auto timeline = Timeline::FromFileNames({Name(newest, ".commit")});
    const auto next = timeline.NextInstantTime(*ParseInstantTime(kT1) - 1'000'000);
    ASSERT_TRUE(next.ok()) << newest;
    EXPECT_GT(next->timestamp, newest);
    EXPECT_GT(next->wait_micros, 0);
  }
}

TEST(Timeline, NextInstantRefusesANewestThatNothingCanFollow) {
  for (const char* newest : {"99991231235959999", "99999999999999999"}) {
    const auto timeline = Timeline::FromFileNames({Name(newest, ".commit")});
    const auto next = timeline.NextInstantTime(*ParseInstantTime(kT1));
    EXPECT_EQ(KindOf(next.status()), ErrorKind::kCorrupt);
    EXPECT_THAT(next.status().message(), HasSubstr(newest));
  }
}

TEST(Timeline, OddInstantsOfThePastDoNotHinder) {
  const auto timeline = Timeline::FromFileNames({"00000000000000010.commit"});
  EXPECT_EQ(timeline.NextInstantTime(*ParseInstantTime(kT1))->timestamp, kT1);
}

class TimelineFiles : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(files_.CreateDirectories(folder_.path() + "/.hoodie").ok()); }

  std::string PathOf(const std::string& name) { return folder_.path() + "/.hoodie/" + name; }
  bool Exists(const std::string& name) { return files_.Exists(PathOf(name)).ValueOrDie(); }
  Timeline Loaded() { return Timeline::Load(files_, folder_.path()).ValueOrDie(); }

  golden::TemporaryFolder folder_;
  io::LocalFileSystem files_;
  TimelineWriter writer_{files_, folder_.path()};
};

TEST_F(TimelineFiles, CommitGoesThroughThreeFilesThatStay) {
  ASSERT_TRUE(writer_.CreateRequested(kT1, InstantAction::kCommit, "").ok());
  EXPECT_THAT(FileNames(Loaded().instants()), ElementsAre(Name(kT1, ".commit.requested")));
  ASSERT_TRUE(writer_.CreateInflight(kT1, InstantAction::kCommit, "{}").ok());
  EXPECT_FALSE(Loaded().IsCommitted(kT1));
  CommitMetadata metadata;
  metadata.extra_metadata["k"] = "v";
  ASSERT_TRUE(writer_.Complete(kT1, InstantAction::kCommit, FormatCommitMetadata(metadata)).ok());
  EXPECT_TRUE(Loaded().IsCommitted(kT1));
  EXPECT_TRUE(Exists(Name(kT1, ".commit.requested")));
  EXPECT_TRUE(Exists(Name(kT1, ".inflight")));
  const auto read = ReadCommitMetadata(files_, folder_.path(), Loaded().CompletedCommits().at(0));
  ASSERT_TRUE(read.ok()) << read.status().ToString();
  EXPECT_EQ(read->instant, kT1);
  EXPECT_EQ(read->extra_metadata.at("k"), "v");
}

TEST_F(TimelineFiles, TakenTimeIsAConflictAndChangesNothing) {
  ASSERT_TRUE(files_.CreateIfAbsent(PathOf(Name(kT1, ".commit.requested")), "theirs").ok());
  const Status status = writer_.CreateRequested(kT1, InstantAction::kCommit, "");
  EXPECT_EQ(KindOf(status), ErrorKind::kConflict);
  EXPECT_THAT(status.message(), HasSubstr(kT1));
  EXPECT_EQ(*files_.ReadFile(PathOf(Name(kT1, ".commit.requested"))), "theirs");
}

TEST_F(TimelineFiles, CompletingTwiceIsAConflict) {
  ASSERT_TRUE(writer_.CreateRequested(kT1, InstantAction::kCommit, "").ok());
  ASSERT_TRUE(writer_.CreateInflight(kT1, InstantAction::kCommit, "").ok());
  ASSERT_TRUE(writer_.Complete(kT1, InstantAction::kCommit, "{}").ok());
  EXPECT_EQ(KindOf(writer_.Complete(kT1, InstantAction::kCommit, "{\"a\":1}")),
            ErrorKind::kConflict);
  EXPECT_EQ(*files_.ReadFile(PathOf(Name(kT1, ".commit"))), "{}");
}

TEST_F(TimelineFiles, InstantRolledBackByAnotherCannotComplete) {
  ASSERT_TRUE(writer_.CreateRequested(kT1, InstantAction::kCommit, "").ok());
  ASSERT_TRUE(writer_.CreateInflight(kT1, InstantAction::kCommit, "").ok());
  ASSERT_TRUE(files_.DeleteFile(PathOf(Name(kT1, ".inflight"))).ok());
  EXPECT_EQ(KindOf(writer_.Complete(kT1, InstantAction::kCommit, "{}")), ErrorKind::kConflict);
  EXPECT_FALSE(Exists(Name(kT1, ".commit")));
  ASSERT_TRUE(files_.DeleteFile(PathOf(Name(kT1, ".commit.requested"))).ok());
  EXPECT_EQ(KindOf(writer_.CreateInflight(kT1, InstantAction::kCommit, "")), ErrorKind::kConflict);
  EXPECT_THAT(Loaded().instants(), IsEmpty());
}

TEST_F(TimelineFiles, NothingEmptyIsPublished) {
  EXPECT_EQ(KindOf(writer_.Complete(kT1, InstantAction::kCommit, "")), ErrorKind::kInvalid);
  EXPECT_THAT(Loaded().instants(), IsEmpty());
}

TEST_F(TimelineFiles, DeletedPendingInstantNeverWas) {
  ASSERT_TRUE(writer_.CreateRequested(kT1, InstantAction::kReplaceCommit, "x").ok());
  ASSERT_TRUE(writer_.CreateInflight(kT1, InstantAction::kReplaceCommit, "").ok());
  ASSERT_TRUE(writer_.DeletePending(kT1, InstantAction::kReplaceCommit).ok());
  EXPECT_THAT(Loaded().instants(), IsEmpty());
  EXPECT_TRUE(writer_.DeletePending(kT1, InstantAction::kReplaceCommit).ok()) << "repeat";
}

TEST_F(TimelineFiles, CompletedInstantIsNotDeleted) {
  ASSERT_TRUE(writer_.CreateRequested(kT1, InstantAction::kCommit, "").ok());
  ASSERT_TRUE(writer_.CreateInflight(kT1, InstantAction::kCommit, "").ok());
  ASSERT_TRUE(writer_.Complete(kT1, InstantAction::kCommit, "{}").ok());
  EXPECT_EQ(KindOf(writer_.DeletePending(kT1, InstantAction::kCommit)), ErrorKind::kInvalid);
  EXPECT_TRUE(Exists(Name(kT1, ".inflight")));
}

TEST_F(TimelineFiles, EmptyOrBrokenCommitFileIsNamed) {
  ASSERT_TRUE(files_.CreateIfAbsent(PathOf(Name(kT1, ".commit")), "").ok());
  ASSERT_TRUE(files_.CreateIfAbsent(PathOf(Name(kT2, ".commit")), "{\"compacted\":7}").ok());
  for (const Instant& instant : Loaded().CompletedCommits()) {
    const auto read = ReadCommitMetadata(files_, folder_.path(), instant);
    EXPECT_EQ(KindOf(read.status()), ErrorKind::kCorrupt);
    EXPECT_THAT(read.status().message(), HasSubstr(instant.timestamp + ".commit"));
  }
}

TEST(Timeline, WithOneMoreFileIsAsIfListed) {
  const std::vector<std::string> names = {Name(kT1, ".deltacommit.requested"),
                                          Name(kT1, ".deltacommit.inflight"),
                                          Name(kT1, ".deltacommit"),
                                          Name(kT2, ".savepoint.inflight"),
                                          Name(kT2, ".savepoint"),
                                          Name(kT2, ".commit.requested"),
                                          Name(kT3, ".rollback.requested")};
  std::vector<std::string> listed;
  Timeline grown = Timeline::FromFileNames({});
  for (const std::string& name : names) {
    listed.push_back(name);
    grown = grown.With(*ParseInstantFileName(name));
    const Timeline all = Timeline::FromFileNames(listed);
    EXPECT_EQ(grown.instants(), all.instants()) << name;
    for (const char* timestamp : {kT1, kT2, kT3})
      EXPECT_EQ(grown.IsCommitted(timestamp), all.IsCommitted(timestamp)) << name << timestamp;
  }
}

TEST_F(TimelineFiles, FolderWithoutTimelineIsNotFound) {
  EXPECT_EQ(KindOf(Timeline::Load(files_, folder_.path() + "/none").status()),
            ErrorKind::kNotFound);
}

}  // namespace
}  // namespace tapelake::hudi
