#pragma once

/// Group commit: many producers, one durable write.

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "base/status.h"
#include "metrics/instruments.h"
#include "stream/stream.h"

namespace tapelake::stream {

/// What a writer has done. Any thread.
class WriterFigures {
 public:
  /// Of one shard; bytes as Kinesis counts them, partition key and data.
  struct Shard {
    int64_t records = 0;
    int64_t bytes = 0;
  };
  WriterFigures();

  /// Durable records of each shard, by its number.
  std::vector<Shard> shards() const;
  /// There are that many shards, whether they have records or not.
  void Grow(size_t count);
  void Count(std::span<const PutEntry> entries, std::span<const RecordPlace> places);

  metrics::Counter refused;      ///< Puts that ended with an error.
  metrics::Histogram durations;  ///< Of puts that succeeded, from queue to answer.

 private:
  mutable std::mutex mutex_;  // guards the next
  std::vector<Shard> shards_;
};

/// Collects what producers put and syncs it together. Step() belongs to one thread (a worker of the
/// app, or the simulator); Put() and Offer() may be called from any other.
///
/// Nothing is copied before Append(): what waits in the queue belongs to its producers, and is
/// bounded by the stream's `pending_bytes_max`.
class StreamWriter {
 public:
  using Places = std::vector<RecordPlace>;
  /// Called once, on the thread of Step() or Close(). Must not call the writer.
  using Done = std::function<void(Result<Places>)>;

  /// `stream` must outlive the writer, and the writer every call.
  explicit StreamWriter(Stream& stream);
  ~StreamWriter();

  /// Put records durably: returns after they survive power loss, with their places. Blocks while
  /// the queue is full. Errors: those of Append and Sync; kShuttingDown after Close().
  Result<Places> Put(std::span<const PutEntry> entries);

  /// Put without waiting: `done` is called when the outcome is known. The entries and their bytes
  /// must live until then. Errors (`done` is not called): kThrottled (the queue is full),
  /// kShuttingDown.
  Status Offer(std::span<const PutEntry> entries, Done done);

  /// Change the stream's shards durably, between two groups of records. Blocks until it is done.
  /// Errors: those of Stream::Reshard(); kShuttingDown after Close().
  Status Reshard(const ShardChange& change);

  /// Take everything queued (at most a few MiB), append it, sync once, tell the producers. Return
  /// false if nothing was queued within `wait_micros`; the stream is sealed then. A failure that
  /// leaves the stream usable goes to the producers only.
  /// Errors: kUnknownOutcome (the stream is closed to writes).
  Result<bool> Step(int64_t wait_micros);

  /// Refuse further puts, end those that wait with kShuttingDown, and wake everybody. A Step()
  /// under way ends as usual.
  void Close();

  const WriterFigures& figures() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tapelake::stream
