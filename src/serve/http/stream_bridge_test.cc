#include "serve/http/stream_bridge.h"

#include <condition_variable>
#include <mutex>
#include <thread>

#include <gtest/gtest.h>

namespace tapelake::serve {
namespace {

constexpr size_t kChunkBytes = 64 << 10;

/// What the server's thread sleeps on.
class Bell {
 public:
  void Ring() {
    const std::lock_guard lock(mutex_);
    ++rings_;
    changed_.notify_all();
  }
  void Wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return rings_ > 0; });
    --rings_;
  }
  int rings() {
    const std::lock_guard lock(mutex_);
    return rings_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int rings_ = 0;
};

TEST(StreamBridge, CarriesAllBytesInChunks) {
  Bell bell;
  StreamBridge bridge([&] { bell.Ring(); });
  std::string sent;
  std::thread writer([&] {
    Status status;
    for (int i = 0; i < 30'000 && status.ok(); ++i) {
      const std::string line = std::to_string(i) + "\n";
      sent += line;
      status = bridge.Write(line);
    }
    bridge.Finish(status);
  });
  std::string received;
  while (true) {
    bell.Wait();
    while (const auto chunk = bridge.TakeChunk()) {
      EXPECT_LE(chunk->size(), kChunkBytes);
      received += *chunk;
      bridge.Sent();
    }
    if (const auto finished = bridge.Finished()) {
      EXPECT_TRUE(finished->ok());
      break;
    }
  }
  writer.join();
  EXPECT_EQ(received, sent);
}

TEST(StreamBridge, HoldsTheWriterWhileAChunkIsUnderWay) {
  Bell bell;
  StreamBridge bridge([&] { bell.Ring(); });
  std::thread writer([&] { bridge.Finish(bridge.Write(std::string(3 * kChunkBytes, 'x'))); });
  bell.Wait();
  ASSERT_TRUE(bridge.TakeChunk());
  EXPECT_FALSE(bridge.TakeChunk());
  EXPECT_EQ(bell.rings(), 0);
  EXPECT_FALSE(bridge.Finished());
  for (int i = 0; i < 2; ++i) {
    bridge.Sent();
    bell.Wait();
    ASSERT_TRUE(bridge.TakeChunk());
  }
  bridge.Sent();
  writer.join();
  EXPECT_TRUE(bridge.Finished()->ok());
}

TEST(StreamBridge, FailsTheWriterWhenTheClientHasGone) {
  Bell bell;
  StreamBridge bridge([&] { bell.Ring(); });
  Status status;
  std::thread writer([&] { status = bridge.Write(std::string(3 * kChunkBytes, 'x')); });
  bell.Wait();
  bridge.Abandon();
  writer.join();
  EXPECT_EQ(KindOf(status), ErrorKind::kUnavailable);
}

TEST(StreamBridge, LeavesOutWhatAFailedWriterGathered) {
  StreamBridge bridge([] {});
  EXPECT_TRUE(bridge.Write("half a").ok());
  bridge.Finish(MakeError(ErrorKind::kInvalid, "no"));
  EXPECT_FALSE(bridge.TakeChunk());
  EXPECT_EQ(KindOf(*bridge.Finished()), ErrorKind::kInvalid);
}

}  // namespace
}  // namespace tapelake::serve
