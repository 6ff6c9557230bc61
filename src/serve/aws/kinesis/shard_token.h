#pragma once

/// Tokens that Kinesis clients carry: iterators of shards, and where a list goes on. They are the
/// state of a reader, signed; the door keeps none. They outlive a restart of the program, not a
/// change of their version.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "security/token_signer.h"
#include "serve/aws/kinesis/shard_reader.h"

namespace tapelake::serve {

/// How long a token is good after it was given.
inline constexpr int64_t kTokenMicrosMax = 300 * int64_t{1'000'000};

/// An iterator of a shard.
struct ShardIterator {
  uint64_t stream_salt = 0;  ///< Which stream: its metadata's.
  uint32_t shard = 0;
  ReadPosition position;
  int64_t issued_micros = 0;  ///< Wall time.

  std::string ToToken(const security::TokenSigner& signer) const;
  /// nullopt: not one that was given here.
  static std::optional<ShardIterator> Parse(std::string_view token,
                                            const security::TokenSigner& signer);
};

/// Where ListShards or ListStreams goes on.
struct ListToken {
  uint64_t stream_salt = 0;  ///< Of ListShards; 0: of ListStreams.
  std::string after;         ///< Id or name of the last one that was listed.
  int64_t issued_micros = 0;
  // Of ListShards: which shards its filter leaves.
  uint64_t living_at = 0;
  uint64_t opened_until = ~0ULL;

  std::string ToToken(const security::TokenSigner& signer) const;
  static std::optional<ListToken> Parse(std::string_view token,
                                        const security::TokenSigner& signer);
};

/// Whether a token given at `issued_micros` is too old.
inline bool IsTokenExpired(int64_t issued_micros, int64_t now_micros) {
  return now_micros - issued_micros > kTokenMicrosMax;
}

}  // namespace tapelake::serve
