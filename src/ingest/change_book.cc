#include "ingest/change_book.h"

#include <algorithm>
#include <utility>

namespace tapelake::ingest {

ChangeBook::Slot& ChangeBook::SlotOf(Entry* entry) {
  if (entry->second.pending == kNotPending) {
    entry->second.pending = static_cast<int64_t>(slots_.size());
    slots_.push_back({.entry = entry});
  }
  return slots_[static_cast<size_t>(entry->second.pending)];
}

void ChangeBook::Accept(Entry* entry, const Accepted& accepted) {
  Slot& slot = SlotOf(entry);
  if (slot.accepted == 0) slot.was_there = !accepted.is_insert;
  slot.row = accepted.row;
  slot.late = slot.late || accepted.late;
  ++slot.accepted;
  std::erase(slot.left, entry->second.partition);
}

void ChangeBook::Leave(Entry* entry, uint32_t partition) {
  if (partition == kNoPartition || partition == entry->second.partition) return;
  Slot& slot = SlotOf(entry);
  if (std::find(slot.left.begin(), slot.left.end(), partition) == slot.left.end()) {
    slot.left.push_back(partition);
  }
}

std::vector<ChangeBook::Entry*> ChangeBook::LateEntries() const {
  std::vector<Entry*> late;
  for (const Slot& slot : slots_) {
    if (slot.late) late.push_back(slot.entry);
  }
  return late;
}

ChangeBook::RowCounts ChangeBook::CountRows() const {
  RowCounts counts;
  for (const Slot& slot : slots_) {
    if (slot.accepted == 0) continue;
    const bool is_there = slot.row != hudi::RecordChange::kDelete;
    if (is_there) ++(slot.was_there ? counts.updated : counts.inserted);
    if (!is_there && slot.was_there) ++counts.deleted;
  }
  return counts;
}

int64_t ChangeBook::Refuse(Entry* entry, uint32_t partition) {
  Slot& slot = SlotOf(entry);
  entry->second.partition = partition;
  std::erase(slot.left, partition);
  slot.row = hudi::RecordChange::kDelete;
  return std::exchange(slot.accepted, 0);
}

std::vector<hudi::RecordChange> ChangeBook::MakeWrites(int64_t delete_ordering) const {
  std::vector<hudi::RecordChange> writes;
  writes.reserve(slots_.size());
  for (const Slot& slot : slots_) {
    const auto& [key, recent] = *slot.entry;
    if (slot.row != hudi::RecordChange::kDelete) {
      writes.push_back({.record_key = key, .partition = recent.partition, .row = slot.row});
    }
    for (uint32_t partition : slot.left) {
      writes.push_back(
          {.record_key = key, .partition = partition, .delete_ordering = delete_ordering});
    }
  }
  return writes;
}

void ChangeBook::Clear() {
  for (Slot& slot : slots_)
    slot.entry->second.pending = kNotPending;
  slots_.clear();
}

}  // namespace tapelake::ingest
