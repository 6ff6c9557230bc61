#include "serve/aws/kinesis/sequence_number.h"

#include <charconv>

namespace tapelake::serve {
namespace {

constexpr std::string_view kPrefix = "49000000000000000000000000000000";
constexpr size_t kSequenceDigits = 20;
constexpr size_t kShardDigits = 4;
constexpr std::string_view kShardIdPrefix = "shardId-";
constexpr size_t kShardIdDigits = 12;

std::string Padded(uint64_t number, size_t digits) {
  std::string text = std::to_string(number);
  return text.size() < digits ? text.insert(0, digits - text.size(), '0') : text;
}

template <typename Number>
std::optional<Number> NumberOf(std::string_view digits) {
  if (digits.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  Number number = 0;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return parsed.ec == std::errc() ? std::optional(number) : std::nullopt;
}

}  // namespace

std::string SequenceNumber::ToText() const {
  return std::string(kPrefix) + Padded(sequence, kSequenceDigits) + Padded(shard, kShardDigits);
}

std::optional<SequenceNumber> SequenceNumber::Parse(std::string_view text) {
  if (text.size() != kPrefix.size() + kSequenceDigits + kShardDigits) return std::nullopt;
  if (!text.starts_with(kPrefix)) return std::nullopt;
  const auto sequence = NumberOf<uint64_t>(text.substr(kPrefix.size(), kSequenceDigits));
  const auto shard = NumberOf<uint32_t>(text.substr(kPrefix.size() + kSequenceDigits));
  if (!sequence || !shard) return std::nullopt;
  return SequenceNumber{.shard = *shard, .sequence = *sequence};
}

std::string ShardIdText(uint32_t shard) {
  return std::string(kShardIdPrefix) + Padded(shard, kShardIdDigits);
}

std::optional<uint32_t> ParseShardId(std::string_view text) {
  if (text.size() != kShardIdPrefix.size() + kShardIdDigits) return std::nullopt;
  if (!text.starts_with(kShardIdPrefix)) return std::nullopt;
  return NumberOf<uint32_t>(text.substr(kShardIdPrefix.size()));
}

}  // namespace tapelake::serve
