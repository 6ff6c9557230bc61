#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "stream/stream.h"

namespace tapelake::stream {

/// Which shard a partition key belongs to: MD5 of the key, read as a big-endian 128-bit number,
/// falls into one of `shard_count` equal ranges (the last takes the remainder). Immutable.
class ShardMap {
 public:
  /// `shard_count` is 1..256.
  explicit ShardMap(int shard_count);

  uint32_t ShardOf(std::string_view partition_key) const;
  const std::vector<ShardRange>& ranges() const { return ranges_; }

 private:
  __extension__ using Hash = unsigned __int128;

  std::vector<Hash> starts_;
  std::vector<ShardRange> ranges_;
};

}  // namespace tapelake::stream
