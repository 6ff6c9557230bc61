#include "app/commit_pacer.h"

#include <gtest/gtest.h>

namespace tapelake::app {
namespace {

constexpr CommitLimits kLimits{.interval_micros = 1'000, .changes_max = 10, .bytes_max = 100};

TEST(CommitPacer, WaitsForTheInterval) {
  const CommitPacer pacer(kLimits, 5'000);
  EXPECT_FALSE(pacer.ShouldCommit(5'999, 1, 1));
  EXPECT_TRUE(pacer.ShouldCommit(6'000, 1, 1));
}

TEST(CommitPacer, CommitsNothingWhenNothingWaits) {
  const CommitPacer pacer(kLimits, 0);
  EXPECT_FALSE(pacer.ShouldCommit(1'000'000, 0, 0));
}

TEST(CommitPacer, CommitsAtOnceWhenALimitIsReached) {
  const CommitPacer pacer(kLimits, 0);
  EXPECT_TRUE(pacer.ShouldCommit(1, 10, 1));
  EXPECT_TRUE(pacer.ShouldCommit(1, 1, 100));
  EXPECT_FALSE(pacer.ShouldCommit(1, 9, 99));
}

TEST(CommitPacer, SpendsAtMostHalfOfTheTimeCommitting) {
  CommitPacer pacer(kLimits, 0);
  pacer.OnCommitted(2'000, 9'000);  // took 7,000
  EXPECT_FALSE(pacer.ShouldCommit(15'999, 1, 1));
  EXPECT_TRUE(pacer.ShouldCommit(16'000, 1, 1));
}

TEST(CommitPacer, CountsTheIntervalFromTheBeginOfTheCommitBefore) {
  CommitPacer pacer(kLimits, 0);
  pacer.OnCommitted(2'000, 2'400);
  EXPECT_FALSE(pacer.ShouldCommit(2'999, 1, 1));
  EXPECT_TRUE(pacer.ShouldCommit(3'000, 1, 1));
}

}  // namespace
}  // namespace tapelake::app
