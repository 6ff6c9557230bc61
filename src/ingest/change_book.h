#pragma once

/// The changes accepted for the next commit, one slot a key: what its rows will be told.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "hudi/writer/upsert.h"
#include "ingest/recent_changes.h"

namespace tapelake::ingest {

/// Turns a stream of accepted changes into at most one write per (partition, key). One thread.
///
/// Invariants: a slot's entry outlives it (pending entries are never evicted); a slot's row, if
/// any, is in its entry's partition; `left` never holds that partition.
class ChangeBook {
 public:
  using Entry = RecentChanges::Map::value_type;

  /// Take note that the newest change of `entry` (already brought up to date) wrote `row` into
  /// entry's partition, or deleted the key (kDelete). `late`: the table may hold something newer.
  void Accept(Entry* entry, int64_t row, bool late);

  /// Take note that the key must be gone from a partition, unless that is where it is now.
  void Leave(Entry* entry, uint32_t partition);

  /// Keys that were late when first accepted; the stored rows have the last word on them.
  std::vector<Entry*> LateEntries() const;

  /// Drop everything accepted for a key: the table holds a newer change. Return how many changes.
  int64_t Refuse(Entry* entry);

  /// The writes of the next commit. Keys are views that live until Clear().
  std::vector<hudi::RecordChange> MakeWrites() const;

  bool empty() const { return slots_.empty(); }

  /// Forget all slots.
  void Clear();

 private:
  struct Slot {
    Entry* entry = nullptr;
    int64_t row = hudi::RecordChange::kDelete;
    int64_t accepted = 0;
    bool late = false;
    std::vector<uint32_t> left;
  };
  Slot& SlotOf(Entry* entry);

  std::vector<Slot> slots_;
};

}  // namespace tapelake::ingest
