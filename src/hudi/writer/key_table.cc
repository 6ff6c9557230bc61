#include "hudi/writer/key_table.h"

#include <algorithm>
#include <bit>

#include <absl/hash/hash.h>

namespace tapelake::hudi {
namespace {

uint32_t TagOf(uint64_t hash) {
  return static_cast<uint32_t>(hash >> 32U);
}

}  // namespace

std::optional<uint32_t> KeyTable::Fill(std::span<const RecordChange> changes) {
  changes_ = changes;
  slots_.assign(std::bit_ceil(2 * std::max<size_t>(changes.size(), 1)), Slot());
  const size_t mask = slots_.size() - 1;
  for (uint32_t number = 0; number < changes.size(); ++number) {
    const std::string_view key = changes[number].record_key;
    const uint64_t hash = absl::HashOf(key);
    size_t at = hash & mask;
    for (; slots_[at].change != kFree; at = (at + 1) & mask) {
      if (slots_[at].tag == TagOf(hash) && changes[slots_[at].change].record_key == key) {
        return number;
      }
    }
    slots_[at] = {TagOf(hash), number};
  }
  return std::nullopt;
}

std::optional<uint32_t> KeyTable::Find(std::string_view key) const {
  const size_t mask = slots_.size() - 1;
  const uint64_t hash = absl::HashOf(key);
  for (size_t at = hash & mask; slots_[at].change != kFree; at = (at + 1) & mask) {
    if (slots_[at].tag == TagOf(hash) && changes_[slots_[at].change].record_key == key) {
      return slots_[at].change;
    }
  }
  return std::nullopt;
}

}  // namespace tapelake::hudi
