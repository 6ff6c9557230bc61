#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/decimal.h"
#include "base/status.h"

namespace tapelake::stream {

/// A shard, its inclusive range of MD5 hashes as decimal numbers like Kinesis writes them, and when
/// it was there. Records of it have sequence numbers from `opened_at` on and before `closed_at`.
struct ShardRange {
  uint32_t shard = 0;
  std::string starting_hash_key = {};
  std::string ending_hash_key = {};
  /// Whose range it took over: one shard that was split, or two that were merged.
  std::vector<uint32_t> parents = {};
  uint64_t opened_at = 1;
  uint64_t closed_at = 0;  ///< 0: it is open.

  bool is_open() const { return closed_at == 0; }
  /// Whether records with this sequence number could go to it.
  bool HoldsAt(uint64_t sequence) const {
    return opened_at <= sequence && (is_open() || sequence < closed_at);
  }
};

/// The shards of a stream, those that were split or merged among them, and which one a partition
/// key belongs to: MD5 of the key, read as a big-endian 128-bit number, falls into the range of one
/// open shard. Immutable: a change makes another map, whose new shards hold from a record on.
class ShardMap {
 public:
  static constexpr size_t kOpenMax = 256;
  /// Open and closed: shards are numbered once.
  static constexpr size_t kShardsMax = 10'000;

  /// The shards of a new stream: `shard_count` (1..kOpenMax) equal ranges, of which the last one
  /// takes the remainder.
  explicit ShardMap(int shard_count);

  uint32_t ShardOf(std::string_view partition_key) const;
  /// Of an explicit hash key.
  uint32_t ShardOfHash(base::UInt128 hash) const;

  /// All of them; a shard's number is its index.
  const std::vector<ShardRange>& shards() const { return shards_; }
  size_t open_count() const { return open_.size(); }

  /// Split an open shard in two: the second begins at `start`, which lies in its range and is not
  /// its first. Errors: kNotFound (no such shard), kConflict (it is closed), kInvalid (`start`),
  /// kThrottled (too many shards).
  Result<ShardMap> Split(uint32_t shard, base::UInt128 start, uint64_t at_sequence) const;
  /// Merge two open shards of which the second begins where the first ends, or the other way round.
  /// Errors: as Split(); kInvalid (they do not touch).
  Result<ShardMap> Merge(uint32_t shard, uint32_t adjacent, uint64_t at_sequence) const;
  /// Split and merge until the open shards are those of a new stream. What is opened on the way is
  /// closed at the same record. Errors: kInvalid (`shard_count`), kThrottled.
  Result<ShardMap> Uniform(int shard_count, uint64_t at_sequence) const;

  /// As text whose last line holds the checksum of the lines before, seeded with the stream's salt.
  std::string ToText(uint64_t salt) const;
  /// Errors: kCorrupt.
  static Result<ShardMap> Parse(std::string_view text, uint64_t salt);

 private:
  struct OpenShard {
    base::UInt128 start = 0;
    base::UInt128 end = 0;
    uint32_t shard = 0;
  };
  ShardMap() = default;
  Result<size_t> OpenPlace(uint32_t shard) const;
  size_t PlaceOfHash(base::UInt128 hash) const;
  void SplitAt(size_t place, base::UInt128 start, uint64_t at_sequence);
  void MergeAt(size_t place, uint64_t at_sequence);
  Status CheckRoom(size_t opened, size_t closed) const;
  /// Open a shard; it is not in `open_` yet.
  OpenShard Add(base::UInt128 start, base::UInt128 end, std::vector<uint32_t> parents,
                uint64_t at_sequence);
  Status FindOpen();

  std::vector<ShardRange> shards_;
  std::vector<OpenShard> open_;  // by range; they cover all hashes
};

/// What makes other shards of those of a stream, from the next record on.
using ShardChange = std::function<Result<ShardMap>(const ShardMap& now, uint64_t next_sequence)>;

/// A hash key, as decimal text without leading zeros; nullopt: not one of 0..2^128-1.
std::optional<base::UInt128> ParseHashKey(std::string_view text);

}  // namespace tapelake::stream
