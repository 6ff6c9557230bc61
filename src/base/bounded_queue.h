#pragma once

#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace tapelake::base {

/// How much a BoundedQueue takes.
struct QueueLimits {
  size_t items_max = 64;
  size_t bytes_max = size_t{64} << 20;
};

/// Hands things over from one thread to another, at most so many and so many bytes at a time; a
/// full queue takes nothing, so that who fills it waits. Any thread; one lock. Nothing here blocks.
template <typename T>
class BoundedQueue {
 public:
  explicit BoundedQueue(const QueueLimits& limits) : limits_(limits) {}

  /// Take `*item` and return true; false, with `*item` as it was, if the queue is full. An empty
  /// queue takes an item of any size. A closed one takes and forgets it.
  bool TryPush(T* item, size_t bytes) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (Full(bytes)) return false;
    Append(item, bytes);
    return true;
  }

  /// Take `*item` whatever the limits: the last thing that a producer hands over when it ends.
  void PushLast(T* item, size_t bytes) {
    const std::lock_guard<std::mutex> lock(mutex_);
    Append(item, bytes);
  }

  /// The oldest item; nullopt if there is none.
  std::optional<T> TryPop() {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (items_.empty()) return std::nullopt;
    std::optional<T> item(std::move(items_.front().item));
    bytes_ -= items_.front().bytes;
    items_.pop_front();
    return item;
  }

  /// The consumer has gone: forget what waits, and all that comes.
  void Close() {
    const std::lock_guard<std::mutex> lock(mutex_);
    closed_ = true;
    items_.clear();
    bytes_ = 0;
  }

  bool closed() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return closed_;
  }
  size_t size() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return items_.size();
  }

 private:
  struct Entry {
    T item;
    size_t bytes = 0;
  };

  bool Full(size_t bytes) const {
    if (items_.empty() || closed_) return false;
    return items_.size() >= limits_.items_max || bytes_ + bytes > limits_.bytes_max;
  }
  void Append(T* item, size_t bytes) {
    if (closed_) return;
    items_.push_back({std::move(*item), bytes});
    bytes_ += bytes;
  }

  const QueueLimits limits_;
  mutable std::mutex mutex_;  // guards all below
  std::deque<Entry> items_;
  size_t bytes_ = 0;
  bool closed_ = false;
};

}  // namespace tapelake::base
