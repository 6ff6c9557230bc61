#pragma once

/// Plain byte streams: standard input and output, pipes. (Files that need seeking: file_system.h.)

#include <cstddef>
#include <string_view>

#include "base/status.h"

namespace tapelake::io {

/// A source of bytes that is read once. One thread.
class ByteInput {
 public:
  virtual ~ByteInput() = default;

  /// Read at least one and at most `size` bytes to `to`; 0 means the end. Blocks until there is
  /// something. Errors: kUnavailable; the stream may be read again.
  virtual Result<size_t> Read(char* to, size_t size) = 0;

  /// Return whether Read() would return at once, after waiting for that for at most `wait_micros`
  /// (whole milliseconds) or until a signal. With 0: whether it is time to flush what waits.
  virtual bool Ready(int64_t wait_micros) = 0;
};

/// A sink of bytes. One thread.
class ByteOutput {
 public:
  virtual ~ByteOutput() = default;

  /// Write all of `bytes`. On failure any part may have been written.
  /// Errors: kUnavailable, also when the reader has gone.
  virtual Status Write(std::string_view bytes) = 0;
};

/// An open file descriptor, not owned. SIGPIPE should be ignored by the program that writes to
/// pipes.
class DescriptorInput : public ByteInput {
 public:
  explicit DescriptorInput(int descriptor) : descriptor_(descriptor) {}
  Result<size_t> Read(char* to, size_t size) override;
  bool Ready(int64_t wait_micros) override;

 private:
  int descriptor_;
};

/// An open file descriptor, not owned. Nothing is buffered.
class DescriptorOutput : public ByteOutput {
 public:
  explicit DescriptorOutput(int descriptor) : descriptor_(descriptor) {}
  Status Write(std::string_view bytes) override;

 private:
  int descriptor_;
};

}  // namespace tapelake::io
