#include "ingest/recent_changes.h"

#include <algorithm>

namespace tapelake::ingest {
namespace {

/// Below this an eviction sweep costs more than the memory it frees.
constexpr size_t kSweepEntriesMin = 1024;

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

void RecentChanges::EvictBefore(int64_t time_micros) {
  for (auto entry = entries_.begin(); entry != entries_.end();) {
    const auto current = entry++;
    const RecentChange& change = current->second;
    if (change.pending != kNotPending || change.order.time_micros >= time_micros) continue;
    bytes_ -= BytesOf(*current);
    entries_.erase(current);
  }
  size_after_eviction_ = entries_.size();
  floor_micros_ = std::max(floor_micros_, time_micros - 1);
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
  EvictBefore(newest_micros - horizon_micros_);
  if (bytes_ <= bytes_max_) return;
  std::vector<int64_t> times;
  times.reserve(entries_.size());
  for (const auto& [key, change] : entries_)
    times.push_back(change.order.time_micros);
  const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
  std::nth_element(times.begin(), middle, times.end());
  EvictBefore(*middle);
}

}  // namespace tapelake::ingest
