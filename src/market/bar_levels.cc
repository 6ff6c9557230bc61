#include "market/bar_levels.h"

#include "market/series_state.h"

namespace tapelake::market {

void BarLevels::Append(const Bar& shorter, Interval interval) {
  std::vector<Bar>& bars = bars_[static_cast<size_t>(interval)];
  const int64_t start = BarStart(interval, shorter.start_micros);
  if (bars.empty() || bars.back().start_micros != start) {
    bars.emplace_back().start_micros = start;
  }
  AppendBar(shorter, &bars.back());
}

void BarLevels::AddSecond(const Bar& bar) {
  if (bar.start_micros >= seconds_from_micros_) bars_[0].push_back(bar);
  Append(bar, Interval::kMinute);
}

void BarLevels::Finish() {
  for (Interval interval = Interval::kMinute; interval < top_; interval = NextInterval(interval)) {
    for (const Bar& bar : of(interval))
      Append(bar, NextInterval(interval));
  }
}

}  // namespace tapelake::market
