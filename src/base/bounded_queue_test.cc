#include "base/bounded_queue.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace tapelake::base {
namespace {

TEST(BoundedQueue, KeepsTheOrderAndBothLimits) {
  BoundedQueue<std::string> queue({.items_max = 3, .bytes_max = 10});
  std::string a = "a", b = "b", c = "c", d = "d";
  EXPECT_TRUE(queue.TryPush(&a, 6));
  EXPECT_FALSE(queue.TryPush(&b, 5)) << "by bytes";
  EXPECT_EQ(b, "b") << "what is refused stays with the producer";
  EXPECT_TRUE(queue.TryPush(&b, 2));
  EXPECT_TRUE(queue.TryPush(&c, 2));
  EXPECT_FALSE(queue.TryPush(&d, 0)) << "by items";
  EXPECT_EQ(queue.TryPop(), "a");
  EXPECT_TRUE(queue.TryPush(&d, 1));
  EXPECT_EQ(queue.TryPop(), "b");
  EXPECT_EQ(queue.TryPop(), "c");
  EXPECT_EQ(queue.TryPop(), "d");
  EXPECT_EQ(queue.TryPop(), std::nullopt);
}

TEST(BoundedQueue, TakesOneItemOfAnySizeAndALastOne) {
  BoundedQueue<int> queue({.items_max = 3, .bytes_max = 10});
  int one = 1, two = 2;
  EXPECT_TRUE(queue.TryPush(&one, 1000));
  EXPECT_FALSE(queue.TryPush(&two, 0));
  queue.PushLast(&two, 1000);
  EXPECT_EQ(queue.TryPop(), 1);
  EXPECT_EQ(queue.TryPop(), 2);
}

TEST(BoundedQueue, AClosedOneNeverHoldsUpItsProducer) {
  BoundedQueue<std::unique_ptr<int>> queue({.items_max = 1, .bytes_max = 10});
  auto one = std::make_unique<int>(1);
  auto two = std::make_unique<int>(2);
  EXPECT_TRUE(queue.TryPush(&one, 10));
  EXPECT_FALSE(queue.TryPush(&two, 10));
  queue.Close();
  EXPECT_TRUE(queue.TryPush(&two, 10));
  EXPECT_EQ(queue.size(), 0u);
  EXPECT_EQ(queue.TryPop(), std::nullopt);
}

}  // namespace
}  // namespace tapelake::base
