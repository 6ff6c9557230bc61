#pragma once

/// Volatility from the open, high, low and close of bars.
///
/// Each gives the variance of one bar's length; n is the number of bars used. Bars of a single
/// trade are left out: that high equals low is no sign of calm there. The note is kThin below
/// kThinTrades trades a bar on average: all of these then understate.

#include <span>

#include "market/estimators/price_bar.h"

namespace tapelake::market {

inline constexpr int64_t kRangeBarsMin = 10;
inline constexpr int64_t kThinTrades = 100;

/// Parkinson 1980: mean (h - l)^2 / (4 ln 2).
Measure Parkinson(std::span<const PriceBar> bars);

/// Garman and Klass 1980, the practical form: mean [(h - l)^2 / 2 - (2 ln 2 - 1) (c - o)^2]. A bar
/// with a negative term has an open or close outside its range and is left out.
Measure GarmanKlass(std::span<const PriceBar> bars);

/// Rogers and Satchell 1991: mean [(h - c)(h - o) + (l - c)(l - o)].
Measure RogersSatchell(std::span<const PriceBar> bars);

/// Yang and Zhang 2000: Var(gap) + w Var(c - o) + (1 - w) RS. The first bar only gives the close
/// before the second; a bar after empty bars is left out (its gap spans more), noted kGaps.
Measure YangZhang(std::span<const PriceBar> bars);

}  // namespace tapelake::market
