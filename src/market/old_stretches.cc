#include "market/old_stretches.h"

#include <algorithm>

namespace tapelake::market {

void OldStretches::Put(const Stretch& stretch, const SeriesState* exchange, BarLevels levels) {
  // What a shorter stretch within it still waits for would come with older bars of this exchange.
  const int64_t end = stretch.start_micros + IntervalMicros(stretch.interval);
  for (const Interval shorter : {Interval::kMinute, Interval::kHour}) {
    if (shorter >= stretch.interval) break;
    stretches_.erase(stretches_.lower_bound({stretch.pair, shorter, stretch.start_micros}),
                     stretches_.lower_bound({stretch.pair, shorter, end}));
  }
  stretches_[stretch].insert_or_assign(exchange, std::move(levels));
}

std::vector<SeriesState*> OldStretches::Missing(const Stretch& stretch) const {
  std::vector<SeriesState*> missing;
  const auto found = stretches_.find(stretch);
  for (const auto& [name, series] : stretch.pair->exchanges) {
    if (found == stretches_.end() || !found->second.contains(series.get())) {
      missing.push_back(series.get());
    }
  }
  return missing;
}

Bar OldStretches::Across(const Stretch& stretch, Interval interval, int64_t start_micros) const {
  std::vector<const Bar*> bars;
  const auto& exchanges = stretches_.find(stretch)->second;
  for (const auto& [name, series] : stretch.pair->exchanges) {
    const std::vector<Bar>& all = exchanges.find(series.get())->second.of(interval);
    const auto at =
        std::lower_bound(all.begin(), all.end(), start_micros,
                         [](const Bar& bar, int64_t start) { return bar.start_micros < start; });
    if (at != all.end() && at->start_micros == start_micros) bars.push_back(&*at);
  }
  Bar merged = MergeExchanges(bars);
  merged.start_micros = start_micros;
  return merged;
}

}  // namespace tapelake::market
