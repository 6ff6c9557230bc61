#include "serve/http/rate_limiter.h"

#include <gtest/gtest.h>

namespace tapelake::serve {
namespace {

TEST(RateLimiter, LetsABurstThroughAndThenItsRate) {
  RateLimiter limiter({.per_second = 10, .burst = 3});
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(limiter.Take("a", 0), 0);
  EXPECT_EQ(limiter.Take("a", 0), 100'000);
  EXPECT_EQ(limiter.Take("a", 50'000), 50'000);
  EXPECT_EQ(limiter.Take("a", 100'000), 0);
  EXPECT_GT(limiter.Take("a", 100'000), 0);
}

TEST(RateLimiter, CountsAddressesApart) {
  RateLimiter limiter({.per_second = 1, .burst = 1});
  EXPECT_EQ(limiter.Take("a", 0), 0);
  EXPECT_EQ(limiter.Take("b", 0), 0);
  EXPECT_GT(limiter.Take("a", 0), 0);
}

TEST(RateLimiter, NeverGainsMoreThanItsBurst) {
  RateLimiter limiter({.per_second = 1'000, .burst = 2});
  EXPECT_EQ(limiter.Take("a", 0), 0);
  EXPECT_EQ(limiter.Take("a", 3'600'000'000), 0);
  EXPECT_EQ(limiter.Take("a", 3'600'000'000), 0);
  EXPECT_GT(limiter.Take("a", 3'600'000'000), 0);
}

TEST(RateLimiter, AsksWithoutTaking) {
  RateLimiter limiter({.per_second = 1, .burst = 1});
  EXPECT_EQ(limiter.Ask("a", 0), 0);
  EXPECT_EQ(limiter.Ask("a", 0), 0);
  EXPECT_EQ(limiter.Take("a", 0), 0);
  EXPECT_GT(limiter.Ask("a", 0), 0);
}

TEST(RateLimiter, ForgetsTheAddressNotSeenForLongest) {
  RateLimiter limiter({.per_second = 0.001, .burst = 1, .addresses_max = 2});
  limiter.Take("a", 0);
  limiter.Take("b", 0);
  EXPECT_GT(limiter.Take("a", 0), 0);
  limiter.Take("c", 0);  // b goes
  EXPECT_GT(limiter.Take("a", 0), 0);
  EXPECT_EQ(limiter.Take("b", 0), 0);
}

}  // namespace
}  // namespace tapelake::serve
