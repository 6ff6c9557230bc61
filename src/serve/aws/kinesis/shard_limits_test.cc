#include "serve/aws/kinesis/shard_limits.h"

#include <gtest/gtest.h>

namespace tapelake::serve {
namespace {

constexpr int64_t kNow = 5'000'000;
constexpr size_t kMebibyte = 1 << 20;

TEST(ShardLimits, TakesOneSecondsWorthAtOnce) {
  ShardLimits limits;
  for (int i = 0; i < 1'000; ++i)
    EXPECT_TRUE(limits.Take(0, 1, kNow));
  EXPECT_FALSE(limits.Take(0, 1, kNow));
  EXPECT_TRUE(limits.Take(1, 1, kNow));
  EXPECT_FALSE(limits.Take(0, 1, kNow + 900));
  EXPECT_TRUE(limits.Take(0, 1, kNow + 2'000));
}

TEST(ShardLimits, CountsBytes) {
  ShardLimits limits;
  EXPECT_TRUE(limits.Take(0, kMebibyte, kNow));
  EXPECT_FALSE(limits.Take(0, 1, kNow));
  EXPECT_FALSE(limits.Take(0, kMebibyte / 2, kNow + 400'000));
  EXPECT_TRUE(limits.Take(0, kMebibyte / 2, kNow + 500'000));
}

TEST(ShardLimits, SavesNothingUp) {
  ShardLimits limits;
  int taken = 0;
  while (limits.Take(0, 0, kNow * 1'000))
    ++taken;
  EXPECT_EQ(taken, 1'000);
}

}  // namespace
}  // namespace tapelake::serve
