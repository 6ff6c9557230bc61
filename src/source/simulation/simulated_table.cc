#include "source/simulation/simulated_table.h"

#include <utility>

#include "base/assert.h"

namespace tapelake::source {

SimulatedTable::SimulatedTable(uint64_t sequence_seed)
    : sequence_(1'000'000'000 + sequence_seed % 1'000'000), sequence_step_(sequence_seed | 1) {}

// Real sequence numbers leave gaps; so do these.
uint64_t SimulatedTable::NextSequence() {
  sequence_step_ = sequence_step_ * 6364136223846793005 + 1442695040888963407;
  sequence_ += 1 + (sequence_step_ >> 56);
  return sequence_;
}

RowId SimulatedTable::NewRow() {
  if (!free_.empty()) {
    const RowId row = free_.back();
    free_.pop_back();
    return row;
  }
  rows_.emplace_back();
  return static_cast<RowId>(rows_.size() - 1);
}

std::optional<TableChange> SimulatedTable::Put(RowId id, Item item, int64_t change_micros) {
  Row& row = rows_[id];
  if (row.item == item) return std::nullopt;
  TableChange change;
  change.event = row.item.empty() ? record::EventName::kInsert : record::EventName::kModify;
  live_rows_ += row.item.empty() ? 1 : 0;
  change.change_micros = row.change_micros = change_micros;
  change.sequence = row.sequence = NextSequence();
  change.new_image = item;
  change.old_image = std::exchange(row.item, std::move(item));
  return change;
}

std::optional<TableChange> SimulatedTable::Delete(RowId id, int64_t change_micros) {
  Row& row = rows_[id];
  if (row.item.empty()) return std::nullopt;
  --live_rows_;
  TableChange change;
  change.event = record::EventName::kRemove;
  change.change_micros = row.change_micros = change_micros;
  change.sequence = row.sequence = NextSequence();
  change.old_image = std::exchange(row.item, Item());
  return change;
}

void SimulatedTable::Forget(RowId id) {
  if (!rows_[id].item.empty()) --live_rows_;
  rows_[id] = Row();
  free_.push_back(id);
}

}  // namespace tapelake::source
