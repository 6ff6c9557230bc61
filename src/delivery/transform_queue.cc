#include "delivery/transform_queue.h"

#include <cstdio>
#include <utility>

namespace tapelake::delivery {

void TransformQueue::Push(QueuedRecord record, int64_t now_micros) {
  const std::lock_guard<std::mutex> lock(mutex_);
  char id[48];
  std::snprintf(id, sizeof(id), "%020lld%012llu", static_cast<long long>(record.arrival_micros),
                static_cast<unsigned long long>(next_number_++));
  record.id = id;
  if (records_.empty()) since_micros_ = now_micros;
  data_bytes_ += record.raw.size();
  records_.push_back(std::move(record));
}

std::vector<QueuedRecord> TransformQueue::Take(const TransformCaller& caller,
                                               const BatchRule& rule) {
  std::vector<QueuedRecord> batch;
  const std::lock_guard<std::mutex> lock(mutex_);
  if (records_.empty()) return batch;
  const bool due = rule.all || data_bytes_ >= rule.buffer_bytes ||
                   rule.now_micros - since_micros_ >= rule.wait_micros;
  if (!due) return batch;
  std::vector<TransformRecord> candidates;
  size_t data_bytes = 0;
  for (const QueuedRecord& record : records_) {
    candidates.push_back(record.view());
    data_bytes += record.raw.size();
    if (data_bytes > rule.buffer_bytes) break;
  }
  const size_t count = CountOfBatch(caller, candidates, rule.buffer_bytes);
  batch.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    data_bytes_ -= records_.front().raw.size();
    batch.push_back(std::move(records_.front()));
    records_.pop_front();
  }
  // The rest came later than the batch's first: that it waits anew is at most one interval more.
  since_micros_ = rule.now_micros;
  return batch;
}

}  // namespace tapelake::delivery
