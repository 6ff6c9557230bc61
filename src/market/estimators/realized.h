#pragma once

/// Volatility from returns between closes. Each gives the variance of one bar's length.

#include <span>

#include "market/estimators/price_bar.h"

namespace tapelake::market {

inline constexpr int64_t kRealizedReturnsMin = 2;
inline constexpr int64_t kCloseReturnsMin = 10;
inline constexpr int64_t kSparseReturnsMin = 10;
/// Bars between two prices of TwoScale's slow scale.
inline constexpr int64_t kSparseBars = 5;

/// The volatility of a year of 365 days: sqrt(variance * bars in a year).
double AnnualVolatility(double variance, Interval interval);

/// Realized variance (Andersen, Bollerslev, Diebold, Labys 2001): the sum of squared returns, no
/// mean taken off, by the time they span. Long returns count, noted kGaps. n is returns.
Measure RealizedVariance(std::span<const PriceBar> bars);

/// Bipower variation (Barndorff-Nielsen, Shephard 2004): (pi / 2) mean |r_i r_(i-1)| over pairs of
/// neighbours. `detail` is the share of jumps in the realized variance, max(0, RV - BV) / RV; none
/// if RV is 0. n is pairs.
Measure BipowerVariation(std::span<const PriceBar> bars);

/// Two-scale realized variance (Zhang, Mykland, Ait-Sahalia 2005), without their small-sample
/// factor. Slow scale: squared returns over kSparseBars bars, averaged over the kSparseBars grids
/// they can stand on. Fast scale: the tick returns within the bars (across exchanges, each
/// exchange's own), whose mean square is what the noise adds to each slow return. A negative result
/// is shown as 0, noted kFloored. n is tick returns; `detail` the standard deviation of the noise
/// of one price, in bp.
Measure TwoScaleVariance(std::span<const PriceBar> bars);

/// The sample variance (divisor n - 1) of returns between neighbours.
Measure CloseToClose(std::span<const PriceBar> bars);

}  // namespace tapelake::market
