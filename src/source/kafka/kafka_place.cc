#include "source/kafka/kafka_place.h"

#include <charconv>
#include <cstddef>

#include <xxhash.h>

namespace tapelake::source {
namespace {

constexpr size_t kHexDigits = 16;
constexpr uint64_t kAbsentKey = 1;
constexpr uint64_t kAbsentValue = 2;

/// The digits up to the next space, which go from `*text` with it.
std::optional<int64_t> TakeOffset(std::string_view* text) {
  const std::string_view word = text->substr(0, text->find(' '));
  int64_t value = 0;
  const auto parsed = std::from_chars(word.data(), word.data() + word.size(), value);
  const bool whole = parsed.ec == std::errc() && parsed.ptr == word.data() + word.size();
  if (!whole || value < 0 || word.size() == text->size()) return std::nullopt;
  text->remove_prefix(word.size() + 1);
  return value;
}

bool TakeFingerprint(std::string_view text, std::optional<uint64_t>* fingerprint) {
  if (text == "-") return true;
  uint64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  *fingerprint = value;
  return text.size() == kHexDigits && parsed.ec == std::errc() &&
         parsed.ptr == text.data() + text.size();
}

}  // namespace

std::string FormatKafkaPlace(const KafkaPlace& place) {
  std::string text = std::to_string(place.reference) + " " + std::to_string(place.next) + " ";
  if (!place.fingerprint) return text + "-";
  char digits[kHexDigits];
  const auto end = std::to_chars(digits, digits + kHexDigits, *place.fingerprint, 16).ptr;
  const auto size = static_cast<size_t>(end - digits);
  return text.append(kHexDigits - size, '0').append(digits, size);
}

Result<KafkaPlace> ParseKafkaPlace(std::string_view text) {
  std::string_view rest = text;
  KafkaPlace place;
  const auto reference = TakeOffset(&rest);
  const auto next = reference ? TakeOffset(&rest) : std::nullopt;
  if (!next || *reference > *next || !TakeFingerprint(rest, &place.fingerprint)) {
    return MakeError(ErrorKind::kCorrupt, "'" + std::string(text) + "' is no place in a partition");
  }
  place.reference = *reference;
  place.next = *next;
  return place;
}

uint64_t KafkaFingerprint(std::optional<std::string_view> key,
                          std::optional<std::string_view> value, int64_t timestamp_millis) {
  const auto seed = static_cast<uint64_t>(timestamp_millis);
  const uint64_t of_key =
      key ? XXH3_64bits_withSeed(key->data(), key->size(), seed) : seed + kAbsentKey;
  return value ? XXH3_64bits_withSeed(value->data(), value->size(), of_key) : of_key + kAbsentValue;
}

}  // namespace tapelake::source
