#include "app/market/stale_queue.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace tapelake::app {

void StaleQueue::Applied(const std::string& source, uint64_t end_offset) {
  const int64_t commit = commits_ + 1;
  if (!steps_.empty() && steps_.back().commit == commit && steps_.back().source == source) {
    steps_.back().end_offset = end_offset;
    return;
  }
  steps_.push_back({commit, source, end_offset});
}

std::vector<market::StaleStretch> StaleQueue::Committed(std::vector<market::StaleStretch> stale) {
  ++commits_;
  return Add(std::move(stale));
}

std::vector<market::StaleStretch> StaleQueue::Add(std::vector<market::StaleStretch> stale) {
  std::vector<market::StaleStretch> waiting;
  for (market::StaleStretch& stretch : stale) {
    // Who waits already keeps its place.
    if (!waiting_.emplace(stretch, commits_).second) waiting.push_back(std::move(stretch));
  }
  return waiting;
}

std::vector<market::StaleStretch> StaleQueue::Oldest(size_t count_max) const {
  std::vector<market::StaleStretch> oldest;
  const auto first =
      std::min_element(waiting_.begin(), waiting_.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  if (first == waiting_.end()) return oldest;
  const auto day = [](const market::StaleStretch& stretch) {
    return market::BarStart(market::Interval::kDay, stretch.start_micros);
  };
  oldest.push_back(first->first);
  for (const auto& [stretch, commit] : waiting_) {
    if (oldest.size() >= count_max) break;
    const bool fits =
        stretch.interval == first->first.interval && day(stretch) == day(first->first);
    if (fits && stretch != first->first) oldest.push_back(stretch);
  }
  return oldest;
}

void StaleQueue::Done(const std::vector<market::StaleStretch>& stretches) {
  for (const market::StaleStretch& stretch : stretches)
    waiting_.erase(stretch);
}

const std::map<std::string, uint64_t>& StaleQueue::positions() {
  int64_t oldest = std::numeric_limits<int64_t>::max();
  for (const auto& [stretch, commit] : waiting_)
    oldest = std::min(oldest, commit);
  for (; !steps_.empty(); steps_.pop_front()) {
    const Step& step = steps_.front();
    if (step.commit > commits_ || step.commit >= oldest) break;
    positions_[step.source] = step.end_offset;
  }
  return positions_;
}

}  // namespace tapelake::app
