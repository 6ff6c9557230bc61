#pragma once

/// What the estimators see of a bar, and what they share.
///
/// The gap rule: a stretch without trades is no bar and no observation. A return reaches from one
/// bar with trades to the next; over empty bars it is one long return. Estimators that need
/// neighbours leave long returns out; the others count them by the time they span, and note it.

#include <cstdint>
#include <span>
#include <vector>

#include "base/decimal.h"
#include "market/bar.h"
#include "market/interval.h"
#include "market/measure.h"

namespace tapelake::market {

/// A bar with trades. Prices are raw (scaled by 10^18) where equality matters; logarithms are of
/// exact price differences, so that they are right to the last bits also for tiny moves.
struct PriceBar {
  int64_t index = 0;  ///< Start divided by the interval: neighbours differ by 1.
  int64_t step = 0;   ///< index less that of the bar before; 0: there is none before.
  int64_t trades = 0;
  base::Int128 open = 0;
  base::Int128 high = 0;
  base::Int128 low = 0;
  base::Int128 close = 0;
  double up = 0;            ///< ln(high / open)
  double down = 0;          ///< ln(low / open)
  double move = 0;          ///< ln(close / open)
  double gap = 0;           ///< ln(open / close before). Only if step > 0, as the next.
  double close_return = 0;  ///< ln(close / close before)

  double money = 0;         ///< In quote units, as all money.
  double signed_money = 0;  ///< Bought less sold.
  double sided_money = 0;   ///< Bought and sold: of trades whose side is known.
  double buy_quantity = 0;  ///< In base units.
  double sell_quantity = 0;
  int64_t tick_returns = 0;
  double squared_tick_returns = 0;

  /// Whether the bar before is the one right before.
  bool adjacent() const { return step == 1; }
};

/// ln(to / from) of two positive prices.
double LogRatio(base::Int128 from, base::Int128 to);

/// to / from - 1 of two positive prices.
double SimpleReturn(base::Int128 from, base::Int128 to);

/// The bars that have trades, each linked to the one before. `bars` are ascending.
std::vector<PriceBar> MakePriceBars(std::span<const Bar* const> bars, Interval interval);

/// Set step, gap and close_return of each bar from the bar before, and its own logarithms.
void LinkPriceBars(std::span<PriceBar> bars);

/// A sum of doubles whose rounding errors do not add up (Neumaier 1974).
class CompensatedSum {
 public:
  void Add(double value) {
    const double sum = sum_ + value;
    const bool sum_larger = (sum_ < 0 ? -sum_ : sum_) >= (value < 0 ? -value : value);
    lost_ += sum_larger ? (sum_ - sum) + value : (value - sum) + sum_;
    sum_ = sum;
  }
  double value() const { return sum_ + lost_; }

 private:
  double sum_ = 0;
  double lost_ = 0;
};

double MeanOf(std::span<const double> values);

/// Sum of squared differences from the mean; exactly 0 if all values are equal.
double SquaredDeviations(std::span<const double> values);

/// A measure with a value.
Measure MeasureOf(double value, int64_t n, MeasureNote note = MeasureNote::kNone);

/// A measure without one.
Measure NoMeasure(NoValue reason, int64_t n);

/// Why `n` observations are too few: kGap if the `possible` ones of the bars, had all been
/// neighbours, would have been enough.
Measure TooFewOf(int64_t n, int64_t possible, int64_t n_min);

}  // namespace tapelake::market
