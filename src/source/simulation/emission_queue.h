#pragma once

/// Events held back by the simulator, to come out late.

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace tapelake::source {

/// A heap of records by the moment they are due; equal moments leave in order of arrival. One
/// thread. Memory: what is due within the disorder bound.
class EmissionQueue {
 public:
  void Push(int64_t due_micros, std::string record) {
    held_.push_back({due_micros, next_order_++, std::move(record)});
    std::push_heap(held_.begin(), held_.end(), Later);
  }
  bool empty() const { return held_.empty(); }
  /// When the next record is due; only if not empty.
  int64_t due_micros() const { return held_.front().due_micros; }
  /// Take the next record; only if not empty.
  std::string Pop() {
    std::pop_heap(held_.begin(), held_.end(), Later);
    std::string record = std::move(held_.back().record);
    held_.pop_back();
    return record;
  }

 private:
  struct Held {
    int64_t due_micros = 0;
    uint64_t order = 0;
    std::string record;
  };
  static bool Later(const Held& a, const Held& b) {
    return std::pair(a.due_micros, a.order) > std::pair(b.due_micros, b.order);
  }

  std::vector<Held> held_;
  uint64_t next_order_ = 0;
};

}  // namespace tapelake::source
