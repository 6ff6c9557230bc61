#include "market/measure_windows.h"

#include <algorithm>

#include "base/assert.h"

namespace tapelake::market {

MeasureWindows::MeasureWindows(const MeasureInput& input) : input_(input) {}

int64_t MeasureWindows::IndexNow(Interval interval) const {
  return BarStart(interval, input_.now_micros) / IntervalMicros(interval);
}

const std::vector<const Bar*>& MeasureWindows::Fetched(Interval interval) {
  const auto place = static_cast<size_t>(interval);
  if (!bars_[place]) {
    const int64_t end = (IndexNow(interval) + 1) * IntervalMicros(interval);
    bars_[place] =
        input_.bars(interval, end - kFetchedBarsMax[place] * IntervalMicros(interval), end);
  }
  return *bars_[place];
}

std::span<const Bar* const> MeasureWindows::Bars(Interval interval, int64_t lengths) {
  TAPELAKE_ASSERT(lengths <= kFetchedBarsMax[static_cast<size_t>(interval)]);
  const std::span<const Bar* const> all = Fetched(interval);
  const int64_t from = (IndexNow(interval) + 1 - lengths) * IntervalMicros(interval);
  const auto first = std::ranges::lower_bound(all, from, {}, &Bar::start_micros);
  return {first, all.end()};
}

std::span<const PriceBar> MeasureWindows::Prices(Interval interval, int64_t lengths) {
  const auto place = static_cast<size_t>(interval);
  TAPELAKE_ASSERT(lengths <= kPriceBarsMax[place]);
  if (!prices_[place]) {
    prices_[place] = MakePriceBars(Bars(interval, kPriceBarsMax[place]), interval);
  }
  const std::span<const PriceBar> all = *prices_[place];
  const auto first =
      std::ranges::lower_bound(all, IndexNow(interval) + 1 - lengths, {}, &PriceBar::index);
  return {first, all.end()};
}

}  // namespace tapelake::market
