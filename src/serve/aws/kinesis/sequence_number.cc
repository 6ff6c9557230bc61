#include "serve/aws/kinesis/sequence_number.h"

#include <array>
#include <charconv>

namespace tapelake::serve {
namespace {

constexpr std::string_view kPrefix = "49000000000000000000000000000000";
constexpr size_t kSequenceDigits = 20;
constexpr size_t kShardDigits = 4;
constexpr std::string_view kShardIdPrefix = "shardId-";
constexpr size_t kShardIdDigits = 12;

/// With zeros in front of it, so that it has at least so many digits.
void AppendPadded(uint64_t number, size_t digits, std::string* text) {
  std::array<char, 20> decimal{};
  const auto end = std::to_chars(decimal.begin(), decimal.end(), number).ptr;
  const auto size = static_cast<size_t>(end - decimal.begin());
  if (size < digits) text->append(digits - size, '0');
  text->append(decimal.data(), size);
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
  std::string text;
  text.reserve(kPrefix.size() + kSequenceDigits + kShardDigits);
  text.append(kPrefix);
  AppendPadded(sequence, kSequenceDigits, &text);
  AppendPadded(shard, kShardDigits, &text);
  return text;
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
  std::string text(kShardIdPrefix);
  AppendPadded(shard, kShardIdDigits, &text);
  return text;
}

std::optional<uint32_t> ParseShardId(std::string_view text) {
  if (text.size() != kShardIdPrefix.size() + kShardIdDigits) return std::nullopt;
  if (!text.starts_with(kShardIdPrefix)) return std::nullopt;
  return NumberOf<uint32_t>(text.substr(kShardIdPrefix.size()));
}

}  // namespace tapelake::serve
