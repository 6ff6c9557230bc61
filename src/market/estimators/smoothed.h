#pragma once

/// Measures that carry a state from bar to bar.

#include <span>

#include "market/estimators/price_bar.h"

namespace tapelake::market {

inline constexpr double kEwmaLambda = 0.94;
inline constexpr int64_t kEwmaSeedReturns = 20;
inline constexpr int64_t kAtrBars = 14;
inline constexpr int64_t kBollingerBars = 20;

/// Exponentially weighted variance of one bar's length (RiskMetrics 1996), zero mean. The mean of
/// r^2 / dt over the first kEwmaSeedReturns returns starts it; each later return that spans dt bars
/// feeds r^2 / dt with weight 1 - lambda^dt. n is returns; long ones are noted kGaps.
Measure EwmaVariance(std::span<const PriceBar> bars);

/// Average true range (Wilder 1978), in quote units: the mean of the first kAtrBars true ranges,
/// then smoothed by 1 / kAtrBars. The first bar's is high - low. Empty bars are skipped, noted
/// kGaps. n is true ranges; `detail` is the result in percent of the last close.
Measure AverageTrueRange(std::span<const PriceBar> bars);

/// Where the last close stands within mean +- 2 population standard deviations of the last
/// kBollingerBars closes (Bollinger 2001): 0 at the lower band, 1 at the upper. kUndefined if all
/// are equal. `detail` is the mean, in quote units. Empty bars are skipped, noted kGaps.
Measure BollingerPosition(std::span<const PriceBar> bars);

/// (upper - lower) / mean of the same bands; `detail` is the mean.
Measure BollingerBandwidth(std::span<const PriceBar> bars);

}  // namespace tapelake::market
