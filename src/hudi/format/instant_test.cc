#include "hudi/format/instant.h"

#include <gtest/gtest.h>

#include "base/time.h"
#include "io/random.h"

namespace tapelake::hudi {
namespace {

constexpr char kTime[] = "20261122125856285";

TEST(Instant, NamesFollowTheStateMachine) {
  const struct {
    const char* suffix;
    InstantAction action;
    InstantState state;
  } cases[] = {
      {".commit.requested", InstantAction::kCommit, InstantState::kRequested},
      {".inflight", InstantAction::kCommit, InstantState::kInflight},
      {".commit", InstantAction::kCommit, InstantState::kCompleted},
      {".deltacommit.requested", InstantAction::kDeltaCommit, InstantState::kRequested},
      {".deltacommit.inflight", InstantAction::kDeltaCommit, InstantState::kInflight},
      {".deltacommit", InstantAction::kDeltaCommit, InstantState::kCompleted},
      {".replacecommit.requested", InstantAction::kReplaceCommit, InstantState::kRequested},
      {".replacecommit.inflight", InstantAction::kReplaceCommit, InstantState::kInflight},
      {".replacecommit", InstantAction::kReplaceCommit, InstantState::kCompleted},
      {".compaction.requested", InstantAction::kCompaction, InstantState::kRequested},
      {".compaction.inflight", InstantAction::kCompaction, InstantState::kInflight},
      {".logcompaction.requested", InstantAction::kLogCompaction, InstantState::kRequested},
      {".logcompaction.inflight", InstantAction::kLogCompaction, InstantState::kInflight},
      {".clean.requested", InstantAction::kClean, InstantState::kRequested},
      {".clean.inflight", InstantAction::kClean, InstantState::kInflight},
      {".clean", InstantAction::kClean, InstantState::kCompleted},
      {".rollback.requested", InstantAction::kRollback, InstantState::kRequested},
      {".rollback.inflight", InstantAction::kRollback, InstantState::kInflight},
      {".rollback", InstantAction::kRollback, InstantState::kCompleted},
      {".savepoint.inflight", InstantAction::kSavepoint, InstantState::kInflight},
      {".savepoint", InstantAction::kSavepoint, InstantState::kCompleted},
      {".restore.requested", InstantAction::kRestore, InstantState::kRequested},
      {".restore.inflight", InstantAction::kRestore, InstantState::kInflight},
      {".restore", InstantAction::kRestore, InstantState::kCompleted},
      {".indexing.requested", InstantAction::kIndexing, InstantState::kRequested},
      {".indexing.inflight", InstantAction::kIndexing, InstantState::kInflight},
      {".indexing", InstantAction::kIndexing, InstantState::kCompleted},
  };
  for (const auto& one : cases) {
    const Instant instant{kTime, one.action, one.state};
    EXPECT_EQ(InstantFileName(instant), std::string(kTime) + one.suffix);
    EXPECT_EQ(ParseInstantFileName(std::string(kTime) + one.suffix), instant) << one.suffix;
  }
}

TEST(Instant, CompletedCompactionsCarryCommitNames) {
  EXPECT_EQ(InstantFileName({kTime, InstantAction::kCompaction, InstantState::kCompleted}),
            std::string(kTime) + ".commit");
  EXPECT_EQ(InstantFileName({kTime, InstantAction::kLogCompaction, InstantState::kCompleted}),
            std::string(kTime) + ".deltacommit");
}

TEST(Instant, TakesFourteenToTwentyDigits) {
  EXPECT_TRUE(ParseInstantFileName("20261122125856.commit"));
  EXPECT_TRUE(ParseInstantFileName("20261122125856285001.commit"));
  EXPECT_TRUE(ParseInstantFileName("00000000000000010.deltacommit"));
  EXPECT_FALSE(ParseInstantFileName("2026112212585.commit"));
  EXPECT_FALSE(ParseInstantFileName("202611221258562850011.commit"));
}

TEST(Instant, OtherNamesAreNoInstants) {
  for (const char* name :
       {"hoodie.properties", ".hoodie.properties.crc", "", ".", "..", "20261122125856285",
        "20261122125856285.", "20261122125856285.commit.tmp", "20261122125856285.commit.inflight",
        "20261122125856285.compaction", "20261122125856285.savepoint.requested",
        "20261122125856285.COMMIT", "20261122125856285 .commit", ".20261122125856285.commit.crc",
        "-0261122125856285.commit", "20261122125856285_20261122125857000.commit", ".tmp-17-3",
        "archived"}) {
    EXPECT_FALSE(ParseInstantFileName(name)) << name;
  }
}

TEST(Instant, TimeIsUtcToTheMillisecond) {
  EXPECT_EQ(FormatInstantTime(0), "19700101000000000");
  EXPECT_EQ(FormatInstantTime(1'795'352'336'285'999), "20261122125856285");
  EXPECT_EQ(ParseInstantTime("20261122125856285"), 1'795'352'336'285'000);
  EXPECT_EQ(ParseInstantTime("20261122125856"), 1'795'352'336'999'000);
  EXPECT_EQ(ParseInstantTime("20261122125856285001"), 1'795'352'336'285'000);
  EXPECT_EQ(FormatInstantTime(kInstantMicrosMax), "99991231235959999");
}

TEST(Instant, WhatIsNoCalendarTimeHasNoMicros) {
  for (const char* text : {"00000000000000010", "20260230000000000", "20261122245856285",
                           "20261122126056285", "2026112212585628", "2026112212585x285", ""}) {
    EXPECT_FALSE(ParseInstantTime(text)) << text;
  }
}

TEST(Instant, TimesSurviveARoundTripAndKeepTheirOrder) {
  io::SeededRandom random(5);
  int64_t previous_micros = 0;
  for (int i = 0; i < 20'000; ++i) {
    const int64_t micros = static_cast<int64_t>(random.Below(4'000'000'000'000)) * 1000;
    const std::string text = FormatInstantTime(micros);
    ASSERT_EQ(ParseInstantTime(text), micros) << text;
    EXPECT_EQ(text < FormatInstantTime(previous_micros), micros < previous_micros);
    previous_micros = micros;
  }
}

TEST(Instant, OfTheFolderLayoutSaysWhenItCompleted) {
  constexpr TimelineLayout kFolder = TimelineLayout::kFolder;
  const std::string name = "20261122130519010_20261122130522949.commit";
  const auto completed = ParseInstantFileName(name, kFolder);
  ASSERT_TRUE(completed);
  EXPECT_EQ(completed->timestamp, "20261122130519010");
  EXPECT_EQ(completed->completion_time, "20261122130522949");
  EXPECT_EQ(completed->state, InstantState::kCompleted);
  EXPECT_EQ(InstantFileName(*completed), name);
  EXPECT_EQ(OrderTime(*completed), "20261122130522949");
  const auto pending = ParseInstantFileName("20261122130519010.clustering.requested", kFolder);
  ASSERT_TRUE(pending);
  EXPECT_EQ(pending->action, InstantAction::kClustering);
  EXPECT_EQ(OrderTime(*pending), "20261122130519010");
  for (const char* other : {"20261122130519010.commit", "20261122130519010_x.commit",
                            "20261122130519010_20261122130522949.inflight", "_version_"}) {
    EXPECT_FALSE(ParseInstantFileName(other, kFolder)) << other;
  }
  EXPECT_FALSE(ParseInstantFileName(name));
}

TEST(Instant, OrderIsThatOfTheTimestampText) {
  const Instant early{"20261122125856", InstantAction::kSavepoint, InstantState::kCompleted};
  const Instant late{"20261122125856285", InstantAction::kCommit, InstantState::kRequested};
  EXPECT_LT(early, late);
}

}  // namespace
}  // namespace tapelake::hudi
