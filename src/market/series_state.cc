#include "market/series_state.h"

#include <algorithm>
#include <utility>

namespace tapelake::market {

BarEntry* IntervalBars::Find(int64_t start_micros) {
  const auto found = by_start_.find(start_micros);
  return found == by_start_.end() ? nullptr : &found->second;
}

BarEntry* IntervalBars::FindOrAdd(int64_t start_micros) {
  const auto [at, added] = by_start_.try_emplace(start_micros);
  if (added) at->second.book.bar.start_micros = start_micros;
  return &at->second;
}

void IntervalBars::Unlink(BarEntry* entry) {
  if (entry->older != nullptr) entry->older->newer = entry->newer;
  if (entry->newer != nullptr) entry->newer->older = entry->older;
  if (newest_ == entry) newest_ = entry->older;
  entry->older = entry->newer = nullptr;
}

void IntervalBars::SetVersion(BarEntry* entry, uint64_t version) {
  entry->book.version = version;
  if (newest_ == entry) return;
  Unlink(entry);
  entry->older = newest_;
  if (newest_ != nullptr) newest_->newer = entry;
  newest_ = entry;
}

IntervalBars::Map::iterator IntervalBars::Erase(Map::iterator at) {
  Unlink(&at->second);
  return by_start_.erase(at);
}

std::vector<const BookBar*> IntervalBars::Between(int64_t from_micros, int64_t to_micros) const {
  std::vector<const BookBar*> bars;
  for (auto at = by_start_.lower_bound(from_micros); at != by_start_.end() && at->first < to_micros;
       ++at) {
    if (at->second.book.bar.rows() > 0) bars.push_back(&at->second.book);
  }
  return bars;
}

std::vector<const BookBar*> IntervalBars::Since(uint64_t version) const {
  std::vector<const BookBar*> bars;
  for (const BarEntry* entry = newest_; entry != nullptr && entry->book.version > version;
       entry = entry->older) {
    bars.push_back(&entry->book);
  }
  std::sort(bars.begin(), bars.end(), [](const BookBar* a, const BookBar* b) {
    return a->bar.start_micros < b->bar.start_micros;
  });
  return bars;
}

void AddStart(int64_t start_micros, std::vector<int64_t>* starts) {
  if (starts->empty() || starts->back() != start_micros) starts->push_back(start_micros);
}

std::vector<int64_t> TakeStarts(std::vector<int64_t>* starts) {
  std::vector<int64_t> taken = std::exchange(*starts, {});
  std::sort(taken.begin(), taken.end());
  taken.erase(std::unique(taken.begin(), taken.end()), taken.end());
  return taken;
}

}  // namespace tapelake::market
