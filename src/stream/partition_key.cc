#include "stream/partition_key.h"

#include <cstdint>

#include "stream/stream.h"

namespace tapelake::stream {
namespace {

/// Decode the character at the front of `text`. Return its length in bytes; 0 if it is none.
size_t CharacterBytes(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t lead = byte(0);
  if (lead < 0x80) return 1;
  const size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < size) return 0;
  for (size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  // overlong forms, surrogates and what lies beyond U+10FFFF show in the second byte
  if (lead == 0xe0 && byte(1) < 0xa0) return 0;
  if (lead == 0xed && byte(1) > 0x9f) return 0;
  if (lead == 0xf0 && byte(1) < 0x90) return 0;
  if (lead == 0xf4 && byte(1) > 0x8f) return 0;
  return size;
}

}  // namespace

bool IsPartitionKey(std::string_view key) {
  size_t characters = 0;
  while (!key.empty()) {
    const size_t size = CharacterBytes(key);
    if (size == 0 || ++characters > kPartitionKeyCharsMax) return false;
    key.remove_prefix(size);
  }
  return characters > 0;
}

}  // namespace tapelake::stream
