#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "delivery/assembly.h"
#include "delivery/cut_content.h"
#include "delivery/object_layout.h"
#include "delivery/transform_call.h"
#include "delivery/transform_queue.h"
#include "io/aws/lambda_function.h"
#include "io/clock.h"

namespace tapelake::delivery {

/// How records come to a function.
struct TransformOptions {
  /// Who makes the lines of raw objects; nullptr: nobody, they are the changes'.
  std::shared_ptr<io::aws::LambdaFunction> function = nullptr;
  std::string stream_arn = {};         ///< What the function is told of the stream.
  int64_t buffer_bytes = 1 << 20;      ///< Of the records of one invocation.
  int64_t buffer_micros = 60'000'000;  ///< How long a record waits for others.
  int retries = kTransformRetries;     ///< Of a batch, before all its records have failed.
};

/// Of all invocations.
struct TransformCounts {
  int64_t invocations = 0;
  int64_t failed_invocations = 0;  ///< Retries count, too.
  int64_t dropped_records = 0;
  int64_t failed_records = 0;
};

/// Has the records of cuts transformed. One thread. All arguments must outlive it.
class Transformer {
 public:
  Transformer(io::Clock& clock, TransformOptions options, std::string stream)
      : clock_(clock), options_(std::move(options)), stream_(std::move(stream)) {}

  /// Take the first batch of `queue`, if there is one (`all`: no more records come), call the
  /// function, and append what became of it to `*content`: lines, and error lines of what failed.
  /// Nothing is written, and nothing remembered of a batch: if the program dies it never was.
  ///
  /// Return whether there was one. Takes as long as the function and its retries do.
  bool Step(TransformQueue& queue, bool all, const ObjectLayout& layout, CutContent* content);

  /// Of the bytes of records (QueuedRecord::bytes), those that are taken for good.
  int64_t taken_bytes() const { return taken_bytes_; }
  const TransformCounts& counts() const { return counts_; }

 private:
  /// What became of a batch.
  struct Answer {
    std::vector<TransformOutcome> outcomes;  ///< Of each record, in their order.
    int attempts = 0;
    int64_t ended_micros = 0;  ///< Wall time.
  };

  TransformCaller Caller() const;
  Answer Call(const std::vector<QueuedRecord>& batch);
  void Append(const QueuedRecord& record, TransformOutcome outcome, const Answer& answer,
              const ObjectLayout& layout, CutContent* content);

  io::Clock& clock_;
  const TransformOptions options_;
  const std::string stream_;
  int64_t taken_bytes_ = 0;
  TransformCounts counts_;
};

}  // namespace tapelake::delivery
