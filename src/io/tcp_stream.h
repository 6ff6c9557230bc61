#pragma once

/// TCP as a client, to addresses that no resolver need look up.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"
#include "io/clock.h"

namespace tapelake::io {

/// Where to connect to.
struct TcpAddress {
  std::string host;  ///< Numeric (IPv6 without brackets), or `localhost`, which means 127.0.0.1.
  uint16_t port = 0;
  bool operator==(const TcpAddress&) const = default;
};

/// Whether TcpStream::Connect can do something with `host`. Pure; any thread.
bool IsTcpHost(const std::string& host);

/// A moment of the clock's steady time that never comes.
inline constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

/// A connection. One thread. Every call waits until `until_micros` (of the clock's steady time) at
/// most. After a failure it is of no more use. Destroying it closes it.
class TcpStream {
 public:
  /// Connect. `clock` must outlive the stream.
  /// Errors: kInvalid (`address` is not numeric), kUnavailable (refused, unreachable, or no answer
  /// in time); messages name the address.
  static Result<std::unique_ptr<TcpStream>> Connect(const TcpAddress& address, Clock& clock,
                                                    int64_t until_micros);
  ~TcpStream();
  TcpStream(const TcpStream&) = delete;
  TcpStream& operator=(const TcpStream&) = delete;

  /// Read at least one and at most `size` bytes; 0: the other end has closed.
  /// Errors: kUnavailable (connection lost, or no byte in time).
  Result<size_t> Read(char* to, size_t size, int64_t until_micros);

  /// Read `size` bytes, all of them. The process is not woken for less than kWakeBytes, if more are
  /// missing. Errors: kUnavailable (also if the other end closes before, or if fewer than
  /// kWakeBytes come in time).
  Status ReadAll(char* to, size_t size, int64_t until_micros);
  static constexpr int kWakeBytes = 256 << 10;

  /// Write `head` and then `body`, all of both. On failure any part may have been sent.
  /// Errors: kUnavailable.
  Status Write(std::string_view head, std::string_view body, int64_t until_micros);

 private:
  TcpStream(int descriptor, std::string name, Clock& clock)
      : descriptor_(descriptor), name_(std::move(name)), clock_(clock) {}

  Status Wait(short events, int64_t until_micros, const char* for_what);
  Status Error(const char* action, int error) const;

  const int descriptor_;
  const std::string name_;  // of the other end, for messages
  Clock& clock_;
};

}  // namespace tapelake::io
