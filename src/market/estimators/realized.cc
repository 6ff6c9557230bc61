#include "market/estimators/realized.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <vector>

namespace tapelake::market {
namespace {

MeasureNote GapsIf(bool gaps) {
  return gaps ? MeasureNote::kGaps : MeasureNote::kNone;
}

/// What the slow scale adds up to over all its grids.
struct SparseSums {
  double squares = 0;
  int64_t returns = 0;
  int64_t bars = 0;  ///< Time that the returns span.
  bool gaps = false;
};

SparseSums SumSparse(std::span<const PriceBar> bars) {
  std::array<const PriceBar*, kSparseBars> before = {};
  SparseSums sums;
  CompensatedSum squares;
  for (const PriceBar& bar : bars) {
    const auto grid = static_cast<size_t>((bar.index % kSparseBars + kSparseBars) % kSparseBars);
    if (const PriceBar* last = before[grid]; last != nullptr) {
      const double sparse_return = LogRatio(last->close, bar.close);
      squares.Add(sparse_return * sparse_return);
      ++sums.returns;
      sums.bars += bar.index - last->index;
      sums.gaps |= bar.index - last->index > kSparseBars;
    }
    before[grid] = &bar;
  }
  sums.squares = squares.value();
  return sums;
}

}  // namespace

double AnnualVolatility(double variance, Interval interval) {
  constexpr int64_t kYearMicros = 365 * IntervalMicros(Interval::kDay);
  return std::sqrt(variance * static_cast<double>(kYearMicros / IntervalMicros(interval)));
}

Measure RealizedVariance(std::span<const PriceBar> bars) {
  CompensatedSum squares;
  for (size_t i = 1; i < bars.size(); ++i)
    squares.Add(bars[i].close_return * bars[i].close_return);
  const auto n = std::max<int64_t>(0, static_cast<int64_t>(bars.size()) - 1);
  if (n < kRealizedReturnsMin) return NoMeasure(NoValue::kTooFew, n);
  const int64_t spanned = bars.back().index - bars.front().index;
  return MeasureOf(squares.value() / static_cast<double>(spanned), n, GapsIf(spanned > n));
}

Measure BipowerVariation(std::span<const PriceBar> bars) {
  CompensatedSum products;
  int64_t n = 0;
  for (size_t i = 2; i < bars.size(); ++i) {
    if (!bars[i].adjacent() || !bars[i - 1].adjacent()) continue;
    products.Add(std::abs(bars[i].close_return * bars[i - 1].close_return));
    ++n;
  }
  const auto possible = std::max<int64_t>(0, static_cast<int64_t>(bars.size()) - 2);
  if (n < kRealizedReturnsMin) return TooFewOf(n, possible, kRealizedReturnsMin);
  const double bipower = std::numbers::pi / 2 * products.value() / static_cast<double>(n);
  Measure measure = MeasureOf(bipower, n, GapsIf(n < possible));
  const double realized = *RealizedVariance(bars).value;
  if (realized > 0) measure.detail = std::max(0.0, realized - bipower) / realized;
  return measure;
}

Measure TwoScaleVariance(std::span<const PriceBar> bars) {
  int64_t ticks = 0;
  CompensatedSum tick_squares;
  for (const PriceBar& bar : bars) {
    ticks += bar.tick_returns;
    tick_squares.Add(bar.squared_tick_returns);
  }
  const SparseSums sparse = SumSparse(bars);
  if (sparse.returns < kSparseReturnsMin || ticks < kSparseReturnsMin) {
    return NoMeasure(NoValue::kTooFew, ticks);
  }
  const double tick_square = tick_squares.value() / static_cast<double>(ticks);
  // Both the average variance and the average time are over grids: their number cancels.
  const double variance = (sparse.squares - static_cast<double>(sparse.returns) * tick_square) /
                          static_cast<double>(sparse.bars);
  Measure measure = MeasureOf(std::max(0.0, variance), ticks,
                              variance < 0 ? MeasureNote::kFloored : GapsIf(sparse.gaps));
  measure.detail = 1e4 * std::sqrt(tick_square / 2);
  return measure;
}

Measure CloseToClose(std::span<const PriceBar> bars) {
  std::vector<double> returns;
  returns.reserve(bars.size());
  for (size_t i = 1; i < bars.size(); ++i) {
    if (bars[i].adjacent()) returns.push_back(bars[i].close_return);
  }
  const auto n = static_cast<int64_t>(returns.size());
  const auto possible = std::max<int64_t>(0, static_cast<int64_t>(bars.size()) - 1);
  if (n < kCloseReturnsMin) return TooFewOf(n, possible, kCloseReturnsMin);
  return MeasureOf(SquaredDeviations(returns) / static_cast<double>(n - 1), n,
                   GapsIf(n < possible));
}

}  // namespace tapelake::market
