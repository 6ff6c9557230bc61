#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

namespace tapelake::serve {

/// What Kinesis takes per shard, for producers that are tried out here and run there: 1,000 records
/// and 1 MiB a second, of which one second's worth may come at once. Any thread; times are of a
/// steady clock.
class ShardLimits {
 public:
  /// Take what one record costs from its shard. False, and nothing is taken, if not enough is left.
  bool Take(uint32_t shard, size_t bytes, int64_t now_micros);

 private:
  struct Bucket {
    double records = 0;
    double bytes = 0;
    int64_t at_micros = 0;
  };

  std::mutex mutex_;
  std::vector<Bucket> buckets_;  // by shard; those that took nothing yet may lack
};

}  // namespace tapelake::serve
