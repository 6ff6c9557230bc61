#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "io/byte_stream.h"

namespace tapelake::serve {

/// Hands the bytes that a handler's thread writes to the server's thread, one chunk at a time: the
/// writer waits while the chunk before is on its way, so a slow client slows its query down.
class StreamBridge : public io::ByteOutput {
 public:
  /// `wake` is called, from the writer's thread, when TakeChunk() or Finished() have news.
  explicit StreamBridge(std::function<void()> wake) : wake_(std::move(wake)) {}

  // The writer's thread.

  /// Errors: kUnavailable (the client has gone, or took too long).
  Status Write(std::string_view bytes) override;
  /// The writer is done: hand over the rest and say how it went.
  void Finish(Status status);

  // The server's thread.

  /// The chunk that waits to be sent; not empty. Call Sent() when it is.
  std::optional<std::string> TakeChunk();
  void Sent();
  /// How the writer ended, once all its chunks were taken.
  std::optional<Status> Finished();
  /// Let the writer fail: the client has gone.
  void Abandon();

 private:
  Status HandOver(std::unique_lock<std::mutex>* lock);

  const std::function<void()> wake_;
  std::string gathered_;  // of the writer's thread
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<std::string> chunk_;
  bool under_way_ = false;  // a chunk waits or is being sent
  bool abandoned_ = false;
  std::optional<Status> finished_;
};

}  // namespace tapelake::serve
