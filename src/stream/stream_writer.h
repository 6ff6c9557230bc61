#pragma once

/// Group commit: many producers, one durable write.

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/status.h"
#include "stream/stream.h"

namespace tapelake::stream {

/// Collects what producers put and syncs it together. Step() belongs to one thread (a worker of the
/// app, or the simulator); Put() may be called from any other.
class StreamWriter {
 public:
  /// `stream` must outlive the writer.
  explicit StreamWriter(Stream& stream);
  ~StreamWriter();

  /// Put records durably: returns after they survive power loss, with their places. Blocks while
  /// the queue is full. Errors: those of Append and Sync; kShuttingDown after Close().
  Result<std::vector<RecordPlace>> Put(std::span<const PutEntry> entries);

  /// Take everything queued, append it, sync once, wake the producers. Return false if nothing was
  /// queued within `wait_micros`. Errors: those of Sync() that end the stream.
  Result<bool> Step(int64_t wait_micros);

  /// Refuse further puts and wake everybody.
  void Close();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tapelake::stream
