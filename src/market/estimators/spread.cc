#include "market/estimators/spread.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <optional>
#include <vector>

#include "market/estimators/range.h"

namespace tapelake::market {
namespace {

int64_t PairsOf(std::span<const PriceBar> bars, int64_t length) {
  return std::max<int64_t>(0, static_cast<int64_t>(bars.size()) - length + 1);
}

/// Middle of the range less the open, in logarithms.
double MiddleOf(const PriceBar& bar) {
  return (bar.up + bar.down) / 2;
}

/// The value is max(0, signed root).
Measure FlooredRoot(double square, int64_t n, MeasureNote note) {
  const double root = std::copysign(std::sqrt(std::abs(square)), square);
  Measure measure = MeasureOf(std::max(0.0, root), n, square < 0 ? MeasureNote::kFloored : note);
  measure.detail = root;
  return measure;
}

/// What EDGE needs of one pair of neighbours: open o, middle m, closes c, the bar before marked 1.
struct EdgePair {
  double moved;          ///< 1 if the bar has a range or left the close before, else 0.
  double middle_open;    ///< m - o
  double open_middle1;   ///< o - m1
  double middle_close1;  ///< m - c1
  double close1_middle1;
  double open_close1;
};

struct EdgeSums {
  std::vector<EdgePair> pairs;
  int64_t bars = 0;            ///< Bars after the first, neighbours or not.
  CompensatedSum middle_open;  ///< Over all of them: it needs no bar before.
  int64_t moved = 0;
  int64_t open_inside = 0;   ///< Opens that are not the high, and that are not the low, if moved.
  int64_t close_inside = 0;  ///< The same of the closes before.
};

EdgeSums SumEdge(std::span<const PriceBar> bars) {
  EdgeSums sums;
  for (size_t i = 1; i < bars.size(); ++i) {
    const PriceBar& bar = bars[i];
    const PriceBar& before = bars[i - 1];
    const double middle = MiddleOf(bar);
    sums.middle_open.Add(middle);
    ++sums.bars;
    if (!bar.adjacent()) continue;
    const bool moved = bar.high != bar.low || bar.low != before.close;
    if (moved) {
      ++sums.moved;
      sums.open_inside += (bar.open != bar.high) + (bar.open != bar.low);
      sums.close_inside += (before.close != before.high) + (before.close != before.low);
    }
    const double close1_middle1 = before.move - MiddleOf(before);
    sums.pairs.push_back({.moved = moved ? 1.0 : 0.0,
                          .middle_open = middle,
                          .open_middle1 = bar.gap + close1_middle1,
                          .middle_close1 = middle + bar.gap,
                          .close1_middle1 = close1_middle1,
                          .open_close1 = bar.gap});
  }
  return sums;
}

/// The square of the spread; nullopt if prices do not move enough to tell.
std::optional<double> EdgeSquare(const EdgeSums& sums) {
  if (sums.moved < 2 || sums.open_inside == 0 || sums.close_inside == 0) return std::nullopt;
  const auto n = static_cast<double>(sums.pairs.size());
  CompensatedSum middle_close, open_close;
  for (const EdgePair& pair : sums.pairs) {
    middle_close.Add(pair.middle_close1);
    open_close.Add(pair.open_close1);
  }
  // Means over the bars that moved.
  const auto moved = static_cast<double>(sums.moved);
  const double middle_open_mean =
      sums.middle_open.value() / static_cast<double>(sums.bars) * n / moved;
  const double middle_close_mean = middle_close.value() / moved;
  const double open_close_mean = open_close.value() / moved;
  const double open_factor = -4 * n / static_cast<double>(sums.open_inside);
  const double close_factor = -4 * n / static_cast<double>(sums.close_inside);
  std::vector<double> first, second;
  for (const EdgePair& pair : sums.pairs) {
    const double from_open = open_factor * (pair.middle_open - middle_open_mean * pair.moved);
    const double from_middle = pair.middle_close1 - middle_close_mean * pair.moved;
    const double from_close = pair.open_close1 - open_close_mean * pair.moved;
    first.push_back(from_open * pair.open_middle1 +
                    close_factor * from_middle * pair.close1_middle1);
    second.push_back(from_open * pair.open_close1 +
                     close_factor * from_close * pair.close1_middle1);
  }
  const double first_mean = MeanOf(first), second_mean = MeanOf(second);
  const double first_variance = SquaredDeviations(first),
               second_variance = SquaredDeviations(second);
  const double total = first_variance + second_variance;
  if (total > 0) return (second_variance * first_mean + first_variance * second_mean) / total;
  return (first_mean + second_mean) / 2;
}

/// From the lowest low to the highest high of two neighbours, the second moved to where the first
/// closed if it does not reach that. A bar that covers the other gives its own range to the bit.
double RangeOfBoth(const PriceBar& bar, const PriceBar& next) {
  const double range = bar.up - bar.down, next_range = next.up - next.down;
  const double high = bar.up - bar.move, low = bar.down - bar.move;  // as seen from the close
  if (next.low > bar.close) return std::max(high, next_range) - low;
  if (next.high < bar.close) return high - std::min(low, -next_range);
  if (bar.high >= next.high && bar.low <= next.low) return range;
  if (next.high >= bar.high && next.low <= bar.low) return next_range;
  const double next_high = next.gap + next.up, next_low = next.gap + next.down;
  return std::max(high, next_high) - std::min(low, next_low);
}

/// The estimate of two neighbours. The paper's alpha, with (sqrt 2 - 1)^2 for its 3 - 2 sqrt 2:
/// (sqrt(beta) - sqrt(gamma)) / (sqrt 2 - 1), which is exactly 0 if one of the bars has no range.
double CorwinSchultzPair(const PriceBar& bar, const PriceBar& next) {
  const double range = bar.up - bar.down, next_range = next.up - next.down;
  if (range == 0 || next_range == 0) return 0;
  const double root_beta = std::sqrt(range * range + next_range * next_range);
  const double alpha = (root_beta - RangeOfBoth(bar, next)) * (std::numbers::sqrt2 + 1);
  return 2 * std::tanh(alpha / 2);  // 2 (e^alpha - 1) / (1 + e^alpha)
}

struct CorwinSchultzSums {
  CompensatedSum value;
  int64_t n = 0;
  int64_t negative = 0;
  int64_t trades = 0;
};

CorwinSchultzSums SumCorwinSchultz(std::span<const PriceBar> bars, bool floored) {
  CorwinSchultzSums sums;
  for (size_t i = 1; i < bars.size(); ++i) {
    if (!bars[i].adjacent()) continue;
    const double spread = CorwinSchultzPair(bars[i - 1], bars[i]);
    sums.negative += spread < 0;
    sums.value.Add(floored ? std::max(0.0, spread) : spread);
    sums.trades += bars[i].trades;
    ++sums.n;
  }
  return sums;
}

Measure CorwinSchultzOf(std::span<const PriceBar> bars, const CorwinSchultzSums& sums) {
  const int64_t possible = PairsOf(bars, 2);
  if (sums.n < kSpreadPairsMin) return TooFewOf(sums.n, possible, kSpreadPairsMin);
  const MeasureNote note = sums.trades < kThinTrades * sums.n ? MeasureNote::kThin
                           : sums.n < possible                ? MeasureNote::kGaps
                                                              : MeasureNote::kNone;
  return MeasureOf(sums.value.value() / static_cast<double>(sums.n), sums.n, note);
}

}  // namespace

Measure EdgeSpread(std::span<const PriceBar> bars) {
  const EdgeSums sums = SumEdge(bars);
  const auto n = static_cast<int64_t>(sums.pairs.size());
  if (n < kSpreadPairsMin) return TooFewOf(n, PairsOf(bars, 2), kSpreadPairsMin);
  const std::optional<double> square = EdgeSquare(sums);
  if (!square) return NoMeasure(NoValue::kUndefined, n);
  return FlooredRoot(*square, n, n < sums.bars ? MeasureNote::kGaps : MeasureNote::kNone);
}

Measure CorwinSchultz(std::span<const PriceBar> bars) {
  const CorwinSchultzSums sums = SumCorwinSchultz(bars, true);
  Measure measure = CorwinSchultzOf(bars, sums);
  if (measure.value) {
    measure.detail = static_cast<double>(sums.negative) / static_cast<double>(sums.n);
  }
  return measure;
}

Measure CorwinSchultzSigned(std::span<const PriceBar> bars) {
  return CorwinSchultzOf(bars, SumCorwinSchultz(bars, false));
}

Measure AbdiRanaldo(std::span<const PriceBar> bars) {
  CompensatedSum products;
  int64_t n = 0;
  for (size_t i = 1; i < bars.size(); ++i) {
    if (!bars[i].adjacent()) continue;
    const double from_own = bars[i - 1].move - MiddleOf(bars[i - 1]);
    const double from_next = -(bars[i].gap + MiddleOf(bars[i]));
    products.Add(from_own * from_next);
    ++n;
  }
  const int64_t possible = PairsOf(bars, 2);
  if (n < kSpreadPairsMin) return TooFewOf(n, possible, kSpreadPairsMin);
  return FlooredRoot(4 * products.value() / static_cast<double>(n), n,
                     n < possible ? MeasureNote::kGaps : MeasureNote::kNone);
}

Measure RollSpread(std::span<const PriceBar> bars) {
  std::vector<double> returns, before;
  for (size_t i = 2; i < bars.size(); ++i) {
    if (!bars[i].adjacent() || !bars[i - 1].adjacent()) continue;
    returns.push_back(bars[i].close_return);
    before.push_back(bars[i - 1].close_return);
  }
  const auto n = static_cast<int64_t>(returns.size());
  const int64_t possible = PairsOf(bars, 3);
  if (n < kRollPairsMin) return TooFewOf(n, possible, kRollPairsMin);
  const double return_mean = MeanOf(returns), before_mean = MeanOf(before);
  CompensatedSum products;
  for (size_t i = 0; i < returns.size(); ++i)
    products.Add((returns[i] - return_mean) * (before[i] - before_mean));
  const double covariance = products.value() / static_cast<double>(n);
  if (covariance > 0) return NoMeasure(NoValue::kUndefined, n);
  return MeasureOf(2 * std::sqrt(std::max(0.0, -covariance)), n,
                   n < possible ? MeasureNote::kGaps : MeasureNote::kNone);
}

}  // namespace tapelake::market
