#pragma once

#include <cstdint>
#include <string>

#include "app/worker.h"
#include "delivery/delivery.h"
#include "io/clock.h"
#include "stream/stream.h"
#include "stream/stream_writer.h"

namespace tapelake::app {

/// Group commits of a stream, and its retention. One thread.
class StreamWorker : public Worker {
 public:
  /// Waits up to `wait_micros` for records in each step. All arguments must outlive the worker.
  StreamWorker(stream::Stream& stream, stream::StreamWriter& writer, io::Clock& clock,
               int64_t wait_micros)
      : stream_(stream), writer_(writer), clock_(clock), wait_micros_(wait_micros) {}

  std::string name() const override { return "stream"; }

  /// After an error the writer is closed: producers that wait or come are refused. Errors: those of
  /// stream::StreamWriter::Step and stream::Stream::DropExpired.
  Result<bool> Step() override;

  /// Refuse further records; those that were put are durable already.
  Status Drain() override;

 private:
  Result<bool> Work();

  stream::Stream& stream_;
  stream::StreamWriter& writer_;
  io::Clock& clock_;
  int64_t wait_micros_;
  int64_t last_drop_micros_ = 0;
};

/// Writes what delivery has cut. One thread.
class DeliveryWorker : public Worker {
 public:
  /// Both must outlive the worker.
  DeliveryWorker(delivery::Delivery& delivery, io::Clock& clock)
      : delivery_(delivery), clock_(clock) {}

  std::string name() const override { return "delivery"; }

  /// A failure that may pass is tried again after a pause. Errors: kCorrupt and the like.
  Result<bool> Step() override;

  /// Write everything that was added and cut. Errors: those of delivery::Delivery::Step.
  Status Drain() override;

 private:
  delivery::Delivery& delivery_;
  io::Clock& clock_;
  int64_t retry_micros_ = 0;  // steady time of the next try
};

}  // namespace tapelake::app
