#include "serve/aws/kinesis/shard_limits.h"

#include <algorithm>

namespace tapelake::serve {
namespace {

constexpr double kRecordsPerSecond = 1'000;
constexpr double kBytesPerSecond = 1 << 20;

}  // namespace

bool ShardLimits::Take(uint32_t shard, size_t bytes, int64_t now_micros) {
  const std::lock_guard lock(mutex_);
  if (shard >= buckets_.size()) {
    buckets_.resize(size_t{shard} + 1, {.records = kRecordsPerSecond, .bytes = kBytesPerSecond});
  }
  Bucket& bucket = buckets_[shard];
  const double seconds = static_cast<double>(now_micros - bucket.at_micros) / 1e6;
  if (seconds > 0) {
    bucket.records = std::min(kRecordsPerSecond, bucket.records + seconds * kRecordsPerSecond);
    bucket.bytes = std::min(kBytesPerSecond, bucket.bytes + seconds * kBytesPerSecond);
    bucket.at_micros = now_micros;
  }
  if (bucket.records < 1 || bucket.bytes < static_cast<double>(bytes)) return false;
  bucket.records -= 1;
  bucket.bytes -= static_cast<double>(bytes);
  return true;
}

}  // namespace tapelake::serve
