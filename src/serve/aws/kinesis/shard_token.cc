#include "serve/aws/kinesis/shard_token.h"

#include <array>
#include <bit>
#include <cstring>

namespace tapelake::serve {
namespace {

// The first byte of a payload: kind and version.
constexpr char kIteratorKind = 'I';
constexpr char kListKind = 'M';
constexpr size_t kNumberBytes = 8;
constexpr size_t kIteratorNumbers = 6;
constexpr size_t kListNumbers = 4;

static_assert(std::endian::native == std::endian::little);

void Append(uint64_t number, std::string* payload) {
  std::array<char, kNumberBytes> bytes{};
  std::memcpy(bytes.data(), &number, bytes.size());
  payload->append(bytes.data(), bytes.size());
}

/// The number at `index` behind the kind.
uint64_t NumberAt(std::string_view payload, size_t index) {
  uint64_t number = 0;
  std::memcpy(&number, payload.data() + 1 + index * kNumberBytes, kNumberBytes);
  return number;
}

}  // namespace

std::string ShardIterator::ToToken(const security::TokenSigner& signer) const {
  std::string payload(1, kIteratorKind);
  for (const uint64_t number : {stream_salt, uint64_t{shard}, position.sequence, position.segment,
                                position.offset, static_cast<uint64_t>(issued_micros)}) {
    Append(number, &payload);
  }
  return signer.Sign(payload);
}

std::optional<ShardIterator> ShardIterator::Parse(std::string_view token,
                                                  const security::TokenSigner& signer) {
  const auto payload = signer.Open(token);
  if (!payload || payload->size() != 1 + kIteratorNumbers * kNumberBytes) return std::nullopt;
  if (payload->front() != kIteratorKind) return std::nullopt;
  return ShardIterator{.stream_salt = NumberAt(*payload, 0),
                       .shard = static_cast<uint32_t>(NumberAt(*payload, 1)),
                       .position = {.sequence = NumberAt(*payload, 2),
                                    .segment = NumberAt(*payload, 3),
                                    .offset = NumberAt(*payload, 4)},
                       .issued_micros = static_cast<int64_t>(NumberAt(*payload, 5))};
}

std::string ListToken::ToToken(const security::TokenSigner& signer) const {
  std::string payload(1, kListKind);
  for (const uint64_t number :
       {stream_salt, static_cast<uint64_t>(issued_micros), living_at, opened_until}) {
    Append(number, &payload);
  }
  return signer.Sign(payload + after);
}

std::optional<ListToken> ListToken::Parse(std::string_view token,
                                          const security::TokenSigner& signer) {
  const auto payload = signer.Open(token);
  constexpr size_t kHeadBytes = 1 + kListNumbers * kNumberBytes;
  if (!payload || payload->size() < kHeadBytes || payload->front() != kListKind) {
    return std::nullopt;
  }
  return ListToken{.stream_salt = NumberAt(*payload, 0),
                   .after = payload->substr(kHeadBytes),
                   .issued_micros = static_cast<int64_t>(NumberAt(*payload, 1)),
                   .living_at = NumberAt(*payload, 2),
                   .opened_until = NumberAt(*payload, 3)};
}

}  // namespace tapelake::serve
