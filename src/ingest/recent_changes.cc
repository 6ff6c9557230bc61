#include "ingest/recent_changes.h"

#include <algorithm>

namespace tapelake::ingest {
namespace {

/// Below this an eviction sweep costs more than the memory it frees.
constexpr size_t kSweepEntriesMin = 1024;

int64_t Middle(std::vector<int64_t>* times) {
  const auto middle = times->begin() + static_cast<std::ptrdiff_t>(times->size() / 2);
  std::nth_element(times->begin(), middle, times->end());
  return *middle;
}

}  // namespace

int64_t RecentChanges::BytesOf(const Map::value_type& entry) {
  // Node, hash slot and the string bodies; the sequence is about as long as what is stored first.
  return static_cast<int64_t>(sizeof(Map::value_type) + 2 * sizeof(void*) + entry.first.size() +
                              32);
}

RecentChanges::Map::value_type* RecentChanges::Find(std::string_view key) {
  const auto found = entries_.find(key);
  return found == entries_.end() ? nullptr : &*found;
}

RecentChanges::Map::value_type* RecentChanges::FindOrAdd(std::string_view key) {
  const auto [entry, added] = entries_.try_emplace(std::string(key));
  if (added) bytes_ += BytesOf(*entry);
  return &*entry;
}

void RecentChanges::Drop(const std::function<bool(const RecentChange&)>& drop) {
  for (auto entry = entries_.begin(); entry != entries_.end();) {
    const auto current = entry++;
    if (current->second.pending != kNotPending || !drop(current->second)) continue;
    bytes_ -= BytesOf(*current);
    entries_.erase(current);
  }
  size_after_eviction_ = entries_.size();
}

void RecentChanges::RaiseFloor(int64_t time_micros) {
  floor_micros_ = std::max(floor_micros_, time_micros - 1);
}

void RecentChanges::DropLateTombstones(int64_t from_micros) {
  std::vector<int64_t> late;
  for (const auto& [key, change] : entries_) {
    if (change.order.time_micros < from_micros) late.push_back(change.order.time_micros);
  }
  if (late.size() <= kLateTombstonesMax) return;
  const int64_t middle = Middle(&late);
  Drop([middle](const RecentChange& change) { return change.order.time_micros <= middle; });
}

void RecentChanges::Forget(std::string_view key) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return;
  bytes_ -= BytesOf(*found);
  entries_.erase(found);
}

void RecentChanges::Clear(int64_t newest_micros) {
  entries_.clear();
  bytes_ = 0;
  size_after_eviction_ = 0;
  floor_micros_ = std::max(floor_micros_, newest_micros);
}

void RecentChanges::Evict(int64_t newest_micros) {
  const bool over_memory = bytes_ > bytes_max_;
  const size_t sweep_at = std::max(kSweepEntriesMin, size_after_eviction_ * 2);
  if (!over_memory && entries_.size() < sweep_at) return;
  const int64_t from = newest_micros - horizon_micros_;
  Drop([&](const RecentChange& change) {
    if (change.partition == kNoPartition) return !Remembers(change, newest_micros);
    return change.order.time_micros < from;
  });
  RaiseFloor(from);
  DropLateTombstones(from);
  if (bytes_ <= bytes_max_) return;
  std::vector<int64_t> times;
  times.reserve(entries_.size());
  for (const auto& [key, change] : entries_)
    times.push_back(change.order.time_micros);
  const int64_t middle = Middle(&times);
  Drop([middle](const RecentChange& change) { return change.order.time_micros < middle; });
  RaiseFloor(middle);
}

}  // namespace tapelake::ingest
