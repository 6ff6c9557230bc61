#pragma once

/// How far trading moves the price.

#include <span>

#include "market/estimators/price_bar.h"

namespace tapelake::market {

inline constexpr int64_t kAmihudBarsMin = 30;
inline constexpr int64_t kKyleBarsMin = 10;

/// Amihud 2002: |R| / D of a bar, R the simple return from the close of the neighbour before, D the
/// money of the bar, in 1 per million quote units. Bars after empty bars are left out, noted kGaps;
/// so are bars without money. n is bars. Values of different bar lengths do not compare.
///
/// Mean of the bars' values; `detail` is the share of empty bars in the stretch.
Measure AmihudMean(std::span<const PriceBar> bars);
/// Median of them: a single tiny D does not blow it up.
Measure AmihudMedian(std::span<const PriceBar> bars);
/// Sum of |R| by sum of D.
Measure AmihudRatio(std::span<const PriceBar> bars);

/// A line through (x, y) by least squares.
struct KyleFit {
  Measure lambda;     ///< `detail` is t; none if the fit is perfect or prices are constant.
  Measure r_squared;  ///< kUndefined if prices are constant.
};

/// Kyle's lambda (Kyle 1985; regression of Hasbrouck 2009): slope of the close-to-close log return,
/// in bp, on signed money (bought less sold) of the bar, in million quote units. Bars after empty
/// bars are left out, noted kGaps; so are bars whose trades have no side. |t| < 2 is noted
/// kNotSignificant. kUndefined if signed money never varies.
KyleFit KyleLambda(std::span<const PriceBar> bars);

/// Kyle and Obizhaeva 2016: (sigma^2 / D)^(1/3), both of one day; the constant is left out.
/// `variance` is one that has a value, else its reason is handed on. Undefined without money.
Measure KyleObizhaeva(const Measure& daily_variance, double daily_money);

}  // namespace tapelake::market
