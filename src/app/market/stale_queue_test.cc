#include "app/market/stale_queue.h"

#include <gtest/gtest.h>

namespace tapelake::app {
namespace {

using market::Interval;
using market::StaleStretch;
using Positions = std::map<std::string, uint64_t>;

constexpr int64_t kMinute = 60'000'000;
constexpr int64_t kDay = 86'400'000'000;

StaleStretch Minute(int64_t number, const std::string& pair = "p") {
  return {pair, "x", Interval::kMinute, number * kMinute};
}

TEST(StaleQueue, ThePositionFollowsCommitsWhileNothingWaits) {
  StaleQueue queue({{"s", 1}});
  queue.Applied("s", 5);
  EXPECT_EQ(queue.positions(), (Positions{{"s", 1}})) << "not committed yet";
  queue.Committed({});
  queue.Applied("s", 9);
  EXPECT_EQ(queue.positions(), (Positions{{"s", 5}}));
}

TEST(StaleQueue, ThePositionWaitsForTheOldestStretch) {
  StaleQueue queue({});
  queue.Applied("s", 5);
  queue.Committed({Minute(1)});
  queue.Applied("s", 9);
  queue.Applied("t", 2);
  EXPECT_EQ(queue.Committed({Minute(1), Minute(2)}), std::vector{Minute(1)})
      << "waits already, and is read once for both commits";
  EXPECT_EQ(queue.positions(), Positions());
  queue.Done({Minute(1)});
  EXPECT_EQ(queue.positions(), (Positions{{"s", 5}}))
      << "the first keeps its place, and once read it holds the second commit, too";
  queue.Done({Minute(2)});
  EXPECT_EQ(queue.positions(), (Positions{{"s", 9}, {"t", 2}}));
}

TEST(StaleQueue, GivesTheOldestWithOthersOfItsDayAndInterval) {
  StaleQueue queue({});
  queue.Committed({Minute(3)});
  const StaleStretch other_day = {"p", "x", Interval::kMinute, kDay};
  const StaleStretch hour = {"p", "x", Interval::kHour, 0};
  queue.Committed({Minute(1), Minute(2), other_day, hour});
  const auto oldest = queue.Oldest(10);
  ASSERT_EQ(oldest.size(), 3u);
  EXPECT_EQ(oldest.front(), Minute(3));
  EXPECT_EQ(queue.Oldest(2).size(), 2u);
  queue.Done(oldest);
  EXPECT_EQ(queue.Oldest(10).size(), 1u) << "another day, another interval: another statement";
}

}  // namespace
}  // namespace tapelake::app
