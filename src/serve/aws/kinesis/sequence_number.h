#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tapelake::serve {

/// A record's place as Kinesis clients see it: a number of 56 decimal digits that grows within a
/// shard. `49`, 30 zeros, the stream's sequence number in 20 digits, the shard in 4: of one length,
/// so that text orders as numbers do, and unique in the stream.
///
/// Clients store it: never changed.
struct SequenceNumber {
  uint32_t shard = 0;
  uint64_t sequence = 0;  ///< 0: before the first record.

  bool operator==(const SequenceNumber&) const = default;

  std::string ToText() const;
  /// nullopt: not of ours.
  static std::optional<SequenceNumber> Parse(std::string_view text);
};

/// `shardId-000000000007`
std::string ShardIdText(uint32_t shard);
/// nullopt: not such a text.
std::optional<uint32_t> ParseShardId(std::string_view text);

}  // namespace tapelake::serve
