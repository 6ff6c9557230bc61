#pragma once

/// The interface between Lambda and a custom runtime: HTTP on an address inside the sandbox.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"
#include "io/http_client.h"
#include "record/record_block.h"

namespace tapelake::lambda {

/// One call of the function.
struct Invocation {
  std::string request_id;
  int64_t deadline_micros = 0;  ///< Since 1970 UTC: when Lambda kills the sandbox; 0: unknown.
  std::string buffer;           ///< The event, then record::kRecordPaddingBytes of anything.

  std::string_view event() const {
    return std::string_view(buffer).substr(0, buffer.size() - record::kRecordPaddingBytes);
  }
};

/// Why an invocation, or the start of the function, failed.
struct FunctionError {
  std::string type;  ///< `Category.Reason`, for example `Function.InvalidEvent`.
  std::string message;
};

/// Asks for events and answers them. One thread.
class RuntimeApi {
 public:
  /// `address` is what AWS_LAMBDA_RUNTIME_API holds: `HOST:PORT`. `http` must outlive this.
  RuntimeApi(const std::string& address, io::HttpClient& http);

  /// Wait, as long as it takes, for the next invocation and put it in the place of `*invocation`,
  /// whose memory is used again. Errors: those of io::HttpClient, and kShuttingDown (any other
  /// answer than an event): the process should end.
  Status Next(Invocation* invocation);

  /// Answer an invocation. Errors, whose message says what the server answered: kInvalid (this
  /// answer was refused, for example as too large; the next invocation can be asked for),
  /// kShuttingDown and those of io::HttpClient (the process should end).
  Status Respond(const std::string& request_id, std::string_view answer);

  /// Say that an invocation failed: whoever invoked sees an error and tries again by its own rules.
  /// Errors: as of Respond().
  Status Fail(const std::string& request_id, const FunctionError& error);

  /// Say that the function cannot start; the process should end afterwards. Errors: as of
  /// Respond().
  Status FailInit(const FunctionError& error);

 private:
  Status Post(const std::string& path, std::string_view body, const FunctionError* error);

  const std::string prefix_;  // of every URL
  io::HttpClient& http_;
};

}  // namespace tapelake::lambda
