#include "market/stale_list.h"

#include <limits>

namespace tapelake::market {
namespace {

constexpr std::array kStretchIntervals = {Interval::kMinute, Interval::kHour, Interval::kDay};

}  // namespace

StaleList::Place StaleList::PlaceOf(const SeriesState& series, Interval interval,
                                    int64_t start_micros) {
  return {series.name.pair, start_micros, interval, series.name.exchange};
}

StaleList::Marked StaleList::Mark(SeriesState* series, Interval interval, int64_t start_micros) {
  auto& marks = series->stale[static_cast<size_t>(interval)];
  auto found = marks.find(start_micros);
  const bool fresh = found == marks.end();
  if (fresh) {
    if (count_ >= count_max_) return Marked::kNoRoom;
    found = marks.try_emplace(start_micros).first;
    ++count_;
  }
  if (!found->second.waiting) {
    found->second.waiting = true;
    waiting_.insert({PlaceOf(*series, interval, start_micros), series});
  }
  return fresh ? Marked::kNew : Marked::kAgain;
}

std::vector<StaleStretch> StaleList::Take(size_t count_max, uint64_t change) {
  std::vector<StaleStretch> taken;
  const Place behind_last = {last_pair_, std::numeric_limits<int64_t>::max(), Interval::kDay, ""};
  auto at = waiting_.lower_bound({behind_last, nullptr});
  while (taken.size() < count_max && !waiting_.empty()) {
    if (at == waiting_.end()) at = waiting_.begin();
    const auto& [pair, start, interval, exchange] = at->place;
    StaleMark& mark = at->series->stale[static_cast<size_t>(interval)].find(start)->second;
    mark.waiting = false;
    if (mark.in_flight++ == 0) mark.taken_at = change;
    last_pair_ = pair;
    taken.push_back({pair, exchange, interval, start});
    at = waiting_.erase(at);
  }
  return taken;
}

void StaleList::Seal(SeriesState* series, int64_t start_micros, uint64_t changed_at) {
  for (const Interval interval : kStretchIntervals) {
    const auto& marks = series->stale[static_cast<size_t>(interval)];
    const auto found = marks.find(BarStart(interval, start_micros));
    if (found == marks.end() || found->second.in_flight == 0) continue;
    if (changed_at > found->second.taken_at) Mark(series, interval, found->first);
  }
}

bool StaleList::Rebuilt(SeriesState* series, Interval interval, int64_t start_micros) {
  auto& marks = series->stale[static_cast<size_t>(interval)];
  const auto found = marks.find(start_micros);
  if (found == marks.end()) return false;
  if (found->second.in_flight > 0) --found->second.in_flight;
  if (found->second.waiting || found->second.in_flight > 0) return false;
  marks.erase(found);
  --count_;
  return true;
}

void StaleList::Join(SeriesState* series, Interval interval, int64_t start_micros) {
  auto& marks = series->stale[static_cast<size_t>(interval)];
  const auto found = marks.find(start_micros);
  if (found != marks.end() && found->second.in_flight > 1) --found->second.in_flight;
}

bool StaleList::IsMarked(const SeriesState& series, Interval interval, int64_t start_micros) {
  return series.stale[static_cast<size_t>(interval)].contains(start_micros);
}

bool StaleList::Overlaps(const SeriesState& series, Interval interval, int64_t start_micros) {
  for (const Interval length : kStretchIntervals) {
    const auto& marks = series.stale[static_cast<size_t>(length)];
    if (marks.empty()) continue;
    const auto at = marks.lower_bound(BarStart(length, start_micros));
    if (at != marks.end() && at->first < start_micros + IntervalMicros(interval)) return true;
  }
  return false;
}

}  // namespace tapelake::market
