#include "hudi/log/buffer_pool.h"

#include <utility>

namespace tapelake::hudi {

std::string BufferPool::Take() {
  const std::scoped_lock lock(mutex_);
  if (buffers_.empty()) return {};
  std::string buffer = std::move(buffers_.back());
  buffers_.pop_back();
  bytes_ -= buffer.capacity();
  return buffer;
}

void BufferPool::Give(std::string buffer) {
  buffer.clear();
  const std::scoped_lock lock(mutex_);
  if (bytes_ + buffer.capacity() > bytes_max_) return;
  bytes_ += buffer.capacity();
  buffers_.push_back(std::move(buffer));
}

}  // namespace tapelake::hudi
