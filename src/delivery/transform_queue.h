#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "delivery/transform_call.h"

namespace tapelake::delivery {

/// A record on its way to a function, and what delivery must know of it afterwards.
struct QueuedRecord {
  std::string raw;
  std::string place;  ///< Its source's name for people.
  uint64_t offset = 0;
  int64_t arrival_micros = 0;  ///< Wall time.
  std::string partition = {};  ///< As far as its attributes say it.
  std::string refusal = {};    ///< Why they do not; empty: they do.
  std::string id = {};         ///< Made by the queue: unlike all others of the cut.

  /// What it takes of memory, about. The same before and after it was in the queue.
  int64_t bytes() const {
    return static_cast<int64_t>(sizeof(QueuedRecord) + raw.size() + place.size() +
                                partition.size() + refusal.size());
  }
  TransformRecord view() const { return {.id = id, .arrival_micros = arrival_micros, .data = raw}; }
};

/// The records of one cut that wait for their function, in order. Any thread. In memory: whoever
/// fills it bounds it.
class TransformQueue {
 public:
  /// When records are a batch. Times are steady.
  struct BatchRule {
    size_t buffer_bytes = 0;  ///< This much data is one, at most; a single record may be more.
    int64_t wait_micros = 0;  ///< What has waited so long is one, however little it is.
    int64_t now_micros = 0;
    bool all = false;  ///< No more come: so is whatever waits.
  };

  void Push(QueuedRecord record, int64_t now_micros);

  /// Take the first batch, of one request's size at most; none if there is not one yet.
  std::vector<QueuedRecord> Take(const TransformCaller& caller, const BatchRule& rule);

 private:
  std::mutex mutex_;  // guards the rest
  std::deque<QueuedRecord> records_;
  size_t data_bytes_ = 0;
  uint64_t next_number_ = 0;
  int64_t since_micros_ = 0;  // from when on the first record has waited
};

}  // namespace tapelake::delivery
