#include "serve/http/task_pool.h"

#include <atomic>
#include <future>

#include <gtest/gtest.h>

namespace tapelake::serve {
namespace {

TEST(TaskPool, RefusesWhatWouldWaitBeyondItsBound) {
  TaskPool pool({.threads = 1, .waiting_max = 1});
  std::promise<void> started;
  std::promise<void> release;
  std::atomic<int> ran = 0;
  ASSERT_TRUE(pool.Submit([&] {
    started.set_value();
    release.get_future().wait();
  }));
  started.get_future().wait();
  EXPECT_TRUE(pool.Submit([&] { ++ran; }));
  EXPECT_FALSE(pool.Submit([&] { ++ran; }));
  release.set_value();
  pool.Stop();
  EXPECT_EQ(ran.load(), 1);
}

TEST(TaskPool, RunsWhatWaitsWhenItStopsAndTakesNothingAfter) {
  TaskPool pool({.threads = 2});
  std::atomic<int> ran = 0;
  for (int i = 0; i < 20; ++i)
    EXPECT_TRUE(pool.Submit([&] { ++ran; }));
  pool.Stop();
  EXPECT_EQ(ran.load(), 20);
  EXPECT_FALSE(pool.Submit([&] { ++ran; }));
}

}  // namespace
}  // namespace tapelake::serve
