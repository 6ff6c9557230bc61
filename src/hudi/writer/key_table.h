#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "hudi/writer/upsert.h"

namespace tapelake::hudi {

/// Finds the change of a key among the changes of one file group.
///
/// A slot is eight bytes, so the table of a large group stays in a core's own cache, which one that
/// holds the keys does not. One thread while Fill() runs, then any.
class KeyTable {
 public:
  /// Know the keys of `changes` (fewer than 2^31), which must outlive this. Returns the number of a
  /// change whose key another one has, too; then the table is not to be used.
  std::optional<uint32_t> Fill(std::span<const RecordChange> changes);

  /// The number of the change of `key`. After a Fill() that found no repeated key.
  std::optional<uint32_t> Find(std::string_view key) const;

 private:
  struct Slot {
    uint32_t tag = 0;         // of the key's hash
    uint32_t change = kFree;  // its number
  };
  static constexpr uint32_t kFree = UINT32_MAX;

  std::span<const RecordChange> changes_;
  std::vector<Slot> slots_;  // a power of two, at most half of them taken
};

}  // namespace tapelake::hudi
