#pragma once

/// The bars of one evaluation: fetched once for each interval, windows cut from them.

#include <array>
#include <optional>
#include <span>
#include <vector>

#include "market/estimators/price_bar.h"
#include "market/measure.h"

namespace tapelake::market {

/// Windows end with the bar that holds `now` and are counted in bar lengths, empty bars included.
/// Spans live as long as this and the bars of the input.
class MeasureWindows {
 public:
  explicit MeasureWindows(const MeasureInput& input);

  /// Bars with any row.
  std::span<const Bar* const> Bars(Interval interval, int64_t lengths);
  /// Bars with trades. At most kPriceBarsMax lengths of the interval.
  std::span<const PriceBar> Prices(Interval interval, int64_t lengths);
  /// Number of the bar that holds `now`.
  int64_t IndexNow(Interval interval) const;
  const MeasureInput& input() const { return input_; }

 private:
  const std::vector<const Bar*>& Fetched(Interval interval);

  const MeasureInput& input_;
  std::array<std::optional<std::vector<const Bar*>>, kIntervals> bars_;
  std::array<std::optional<std::vector<PriceBar>>, kIntervals> prices_;
};

/// Longest windows, in bars: what is fetched, and what prices are prepared of. A return needs the
/// bar before, hence the one more.
inline constexpr std::array<int64_t, kIntervals> kFetchedBarsMax = {60, 1'441,       289,
                                                                    97, 21 * 24 + 1, 0};
inline constexpr std::array<int64_t, kIntervals> kPriceBarsMax = {60, 1'441, 289, 97, 71, 0};

}  // namespace tapelake::market
