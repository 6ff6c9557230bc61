#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>

#include "base/status.h"
#include "io/byte_stream.h"

namespace tapelake::transform {

/// Bytes on their way to a ByteOutput, written in place. One thread. The owner decides when to
/// flush; what is not flushed is lost.
class OutputBuffer {
 public:
  explicit OutputBuffer(io::ByteOutput& output) : output_(output) { Grow(kFirstBytes); }

  /// Room for `size` bytes; valid until the next Reserve. Commit its used end afterwards.
  char* Reserve(size_t size) {
    if (capacity_ - size_ < size) [[unlikely]]
      Grow(size_ + size);
    return bytes_.get() + size_;
  }
  void Commit(const char* end) { size_ = static_cast<size_t>(end - bytes_.get()); }
  void Append(std::string_view text) {
    std::memcpy(Reserve(text.size()), text.data(), text.size());
    size_ += text.size();
  }

  size_t size() const { return size_; }
  /// Forget all bytes after the first `size`.
  void Truncate(size_t size) { size_ = size; }

  /// Bytes written so far, flushed ones included.
  uint64_t total_bytes() const { return flushed_bytes_ + size_; }

  /// Write everything. Errors: those of ByteOutput::Write.
  Status Flush() {
    if (size_ == 0) return Status::OK();
    flushed_bytes_ += size_;
    const std::string_view bytes(bytes_.get(), size_);
    size_ = 0;
    return output_.Write(bytes);
  }

 private:
  static constexpr size_t kFirstBytes = 512 << 10;

  void Grow(size_t needed) {
    const size_t capacity = std::max(needed, capacity_ * 2);
    std::unique_ptr<char[]> bytes(new char[capacity]);
    if (size_ > 0) std::memcpy(bytes.get(), bytes_.get(), size_);
    bytes_ = std::move(bytes);
    capacity_ = capacity;
  }

  io::ByteOutput& output_;
  std::unique_ptr<char[]> bytes_;
  size_t capacity_ = 0;
  size_t size_ = 0;
  uint64_t flushed_bytes_ = 0;
};

}  // namespace tapelake::transform
