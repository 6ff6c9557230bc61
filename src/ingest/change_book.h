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

  /// What an accepted change does to its key.
  struct Accepted {
    int64_t row = hudi::RecordChange::kDelete;  ///< Written into the entry's partition.
    bool late = false;                          ///< The table may hold something newer.
    bool is_insert = false;                     ///< It says that the key is new.
  };

  /// Take note of the newest change of `entry`, which is already brought up to date.
  void Accept(Entry* entry, const Accepted& accepted);

  /// Take note that the key must be gone from a partition, unless that is where it is now.
  void Leave(Entry* entry, uint32_t partition);

  /// Keys that were late when first accepted; the stored rows have the last word on them.
  std::vector<Entry*> LateEntries() const;

  /// Whether the key is among LateEntries(). `entry` must be pending.
  bool IsLate(const Entry* entry) const { return SlotOf(entry).late; }

  /// The newest row of a pending key, or kDelete.
  int64_t RowOf(const Entry* entry) const { return SlotOf(entry).row; }

  /// Rows before and after, as the changes themselves say: a key whose first change was an INSERT
  /// was not there. Refused keys count nothing.
  struct RowCounts {
    int64_t inserted = 0;
    int64_t updated = 0;
    int64_t deleted = 0;
  };
  RowCounts CountRows() const;

  /// Drop everything accepted for a key: the table holds a newer change, in `partition`, which
  /// becomes the entry's. What the key has left it has left all the same. Return how many changes.
  int64_t Refuse(Entry* entry, uint32_t partition);

  /// The writes of the next commit. Deletes get this place in the order of `_change_seq`. Keys are
  /// views that live until Clear().
  std::vector<hudi::RecordChange> MakeWrites(int64_t delete_ordering) const;

  bool empty() const { return slots_.empty(); }

  /// Forget all slots.
  void Clear();

 private:
  struct Slot {
    Entry* entry = nullptr;
    int64_t row = hudi::RecordChange::kDelete;
    int64_t accepted = 0;
    bool late = false;
    bool was_there = false;  // by what its first change says
    std::vector<uint32_t> left;
  };
  Slot& SlotOf(Entry* entry);
  const Slot& SlotOf(const Entry* entry) const {
    return slots_[static_cast<size_t>(entry->second.pending)];
  }

  std::vector<Slot> slots_;
};

}  // namespace tapelake::ingest
