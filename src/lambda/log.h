#pragma once

#include <string_view>

#include "io/byte_stream.h"
#include "io/clock.h"

namespace tapelake::lambda {

enum class LogLevel { kInfo, kWarn, kError };

/// The function's own log: JSON lines with the members that Lambda's log format knows (`timestamp`,
/// `level`, `message`, `requestId`). One thread. What cannot be written is lost.
class Log {
 public:
  /// Both must outlive this.
  Log(io::ByteOutput& output, io::Clock& clock) : output_(output), clock_(clock) {}

  /// `request_id` may be empty. `message` is UTF-8.
  void Write(LogLevel level, std::string_view request_id, std::string_view message);

 private:
  io::ByteOutput& output_;
  io::Clock& clock_;
};

}  // namespace tapelake::lambda
