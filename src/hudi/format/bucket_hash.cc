#include "hudi/format/bucket_hash.h"

#include <algorithm>
#include <cstring>

namespace tapelake::hudi {
namespace {

constexpr uint32_t kMultiplier = 31;
constexpr uint32_t kReplacement = 0xFFFD;

/// What four ASCII characters do to `hash`, in one step: each step waits for the one before.
uint32_t AddFour(uint32_t hash, const char* text) {
  constexpr uint32_t kSquare = kMultiplier * kMultiplier;
  const auto byte = [&](size_t i) { return static_cast<uint32_t>(static_cast<uint8_t>(text[i])); };
  return hash * (kSquare * kSquare) +
         ((byte(0) * kMultiplier + byte(1)) * kSquare + (byte(2) * kMultiplier + byte(3)));
}

bool FourAscii(const char* text) {
  uint32_t word;
  std::memcpy(&word, text, sizeof(word));
  return (word & 0x80808080U) == 0;
}

struct CodePoint {
  uint32_t value;
  size_t length;
};

/// Decode one code point; malformed, overlong and surrogate forms become U+FFFD of one byte.
CodePoint Decode(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t lead = byte(0);
  size_t length = 0;
  uint32_t value = 0;
  uint32_t least = 0;
  if (lead >= 0xC2 && lead <= 0xDF) {
    length = 2, value = lead & 0x1FU, least = 0x80;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    length = 3, value = lead & 0x0FU, least = 0x800;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    length = 4, value = lead & 0x07U, least = 0x10000;
  }
  if (length == 0 || text.size() < length) return {kReplacement, 1};
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U) return {kReplacement, 1};
    value = (value << 6U) | (byte(i) & 0x3FU);
  }
  const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
  if (value < least || value > 0x10FFFF || surrogate) return {kReplacement, 1};
  return {value, length};
}

}  // namespace

uint32_t JavaStringHash(std::string_view text) {
  uint32_t hash = 0;
  size_t at = 0;
  while (at < text.size()) {
    if (at + 4 <= text.size() && FourAscii(text.data() + at)) {
      hash = AddFour(hash, text.data() + at);
      at += 4;
      continue;
    }
    const auto byte = static_cast<uint8_t>(text[at]);
    if (byte < 0x80) {
      hash = hash * kMultiplier + byte;
      ++at;
      continue;
    }
    const CodePoint point = Decode(text.substr(at));
    at += point.length;
    if (point.value < 0x10000) {
      hash = hash * kMultiplier + point.value;
    } else {
      const uint32_t offset = point.value - 0x10000;
      hash = hash * kMultiplier + (0xD800 + (offset >> 10U));
      hash = hash * kMultiplier + (0xDC00 + (offset & 0x3FFU));
    }
  }
  return hash;
}

uint32_t BucketHash(std::string_view record_key) {
  return kMultiplier + JavaStringHash(record_key);  // List.hashCode of a list of one
}

uint32_t CompositeBucketHash(std::string_view record_key,
                             std::span<const std::string> hash_fields) {
  uint32_t hash = 1;
  bool found = false;
  std::string_view rest = record_key;
  while (!rest.empty()) {
    const size_t comma = rest.find(',');
    const std::string_view pair = rest.substr(0, comma);
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
    const size_t colon = pair.find(':');
    if (colon == std::string_view::npos) continue;
    if (std::ranges::find(hash_fields, pair.substr(0, colon)) == hash_fields.end()) continue;
    const std::string_view value = pair.substr(colon + 1);
    const bool is_zero = value == "__null__" || value == "__empty__";
    hash = hash * kMultiplier + (is_zero ? 0 : JavaStringHash(value));
    found = true;
  }
  return found ? hash : BucketHash(record_key);
}

}  // namespace tapelake::hudi
