#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <thread>

#include "app/stream_worker.h"
#include "io/clock.h"
#include "stream/stream.h"
#include "stream/stream_writer.h"

namespace tapelake::app {

/// A log that a client made, and the thread that writes what is put into it. Any thread.
class MadeLog {
 public:
  /// `clock` must outlive it.
  MadeLog(std::unique_ptr<stream::Stream> log, io::Clock& clock);
  /// Stops.
  ~MadeLog();

  stream::Stream* log() { return log_.get(); }
  stream::StreamWriter* writer() { return &writer_; }

  /// Begin to write what is put, and to drop what retention says: all who hold records back have
  /// declared it. Once.
  void Start();

  /// Refuse further records and end the thread. What was acknowledged is durable.
  void Stop();

 private:
  void Run();

  std::unique_ptr<stream::Stream> log_;
  stream::StreamWriter writer_;
  StreamWorker worker_;
  std::atomic<bool> stop_{false};
  std::mutex mutex_;  // guards the next
  std::thread thread_;
};

}  // namespace tapelake::app
