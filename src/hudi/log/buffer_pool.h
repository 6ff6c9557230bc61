#pragma once

#include <cstddef>
#include <mutex>
#include <string>
#include <vector>

namespace tapelake::hudi {

/// Buffers that keep their memory from one commit to the next: to write into memory that is new to
/// the process costs more than to encode what is written. Any thread.
class BufferPool {
 public:
  /// Keep at most `bytes_max` while nobody uses them.
  explicit BufferPool(size_t bytes_max) : bytes_max_(bytes_max) {}

  /// An empty buffer, with memory if there is one. The caller gives it back, or not.
  std::string Take();

  /// Take a buffer back. It is freed if too much is kept already.
  void Give(std::string buffer);

 private:
  const size_t bytes_max_;
  std::mutex mutex_;
  std::vector<std::string> buffers_;  // guarded by mutex_
  size_t bytes_ = 0;                  // guarded by mutex_; capacity of buffers_
};

}  // namespace tapelake::hudi
