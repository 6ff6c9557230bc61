#pragma once

/// Where the lines of stream batches go. An event source mapping takes no data back, so a function
/// behind one must bring its rows somewhere (docs/decisions/0013-lambda-row-target.md).

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"
#include "io/byte_stream.h"
#include "io/http_client.h"

namespace tapelake::lambda {

/// Takes NDJSON lines. One thread.
class LineTarget {
 public:
  virtual ~LineTarget() = default;

  /// Bring `lines` (whole ones, at least one) to where they are safe, within `micros_max`
  /// (io::kNever: as long as it takes). On failure any part may have arrived; sending all of them
  /// again is how to go on. Errors: kUnavailable, kUnknownOutcome, naming the target.
  virtual Status Send(std::string_view lines, int64_t micros_max) = 0;
};

/// Writes to a stream: standard output, which Lambda keeps as the function's log.
class StreamTarget : public LineTarget {
 public:
  /// `output` must outlive this.
  explicit StreamTarget(io::ByteOutput& output) : output_(output) {}
  Status Send(std::string_view lines, int64_t micros_max) override;

 private:
  io::ByteOutput& output_;
};

/// Posts all lines as one request, `Content-Type: application/x-ndjson`; any status of 200 to 299
/// says that they are safe.
class HttpTarget : public LineTarget {
 public:
  /// `url`: one that ParseHttpUrl takes. `http` belongs to this target.
  HttpTarget(std::string url, std::unique_ptr<io::HttpClient> http)
      : url_(std::move(url)), http_(std::move(http)) {}
  Status Send(std::string_view lines, int64_t micros_max) override;

 private:
  const std::string url_;
  const std::unique_ptr<io::HttpClient> http_;
};

}  // namespace tapelake::lambda
