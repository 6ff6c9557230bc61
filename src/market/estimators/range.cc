#include "market/estimators/range.h"

#include <numbers>
#include <optional>
#include <vector>

namespace tapelake::market {
namespace {

constexpr int64_t kBarTradesMin = 2;

/// Means and the note that all range estimators have in common.
class RangeMean {
 public:
  void Add(const PriceBar& bar, double term) {
    sum_.Add(term);
    trades_ += bar.trades;
    ++bars_;
  }
  int64_t n() const { return bars_; }
  double mean() const { return sum_.value() / static_cast<double>(bars_); }
  bool thin() const { return trades_ < kThinTrades * bars_; }

 private:
  CompensatedSum sum_;
  int64_t trades_ = 0;
  int64_t bars_ = 0;
};

/// Mean of `term` over bars of at least two trades, where it is not negative.
template <typename Term>
Measure MeanOverBars(std::span<const PriceBar> bars, Term term) {
  RangeMean mean;
  for (const PriceBar& bar : bars) {
    if (bar.trades < kBarTradesMin) continue;
    const double value = term(bar);
    if (value >= 0) mean.Add(bar, value);
  }
  if (mean.n() < kRangeBarsMin) return NoMeasure(NoValue::kTooFew, mean.n());
  return MeasureOf(mean.mean(), mean.n(), mean.thin() ? MeasureNote::kThin : MeasureNote::kNone);
}

double RogersSatchellTerm(const PriceBar& bar) {
  return bar.up * (bar.up - bar.move) + bar.down * (bar.down - bar.move);
}

}  // namespace

Measure Parkinson(std::span<const PriceBar> bars) {
  return MeanOverBars(bars, [](const PriceBar& bar) {
    const double range = bar.up - bar.down;
    return range * range / (4 * std::numbers::ln2);
  });
}

Measure GarmanKlass(std::span<const PriceBar> bars) {
  return MeanOverBars(bars, [](const PriceBar& bar) {
    const double range = bar.up - bar.down;
    return 0.5 * range * range - (2 * std::numbers::ln2 - 1) * bar.move * bar.move;
  });
}

Measure RogersSatchell(std::span<const PriceBar> bars) {
  return MeanOverBars(bars, RogersSatchellTerm);
}

Measure YangZhang(std::span<const PriceBar> bars) {
  std::vector<double> gaps, moves;
  RangeMean satchell;
  int64_t possible = 0;
  for (size_t i = 1; i < bars.size(); ++i) {
    const PriceBar& bar = bars[i];
    if (bar.trades < kBarTradesMin) continue;
    ++possible;
    if (!bar.adjacent()) continue;
    gaps.push_back(bar.gap);
    moves.push_back(bar.move);
    satchell.Add(bar, RogersSatchellTerm(bar));
  }
  const int64_t n = satchell.n();
  if (n < kRangeBarsMin) return TooFewOf(n, possible, kRangeBarsMin);
  const auto count = static_cast<double>(n);
  const double weight = 0.34 / (1.34 + (count + 1) / (count - 1));
  const double variance = SquaredDeviations(gaps) / (count - 1) +
                          weight * SquaredDeviations(moves) / (count - 1) +
                          (1 - weight) * satchell.mean();
  const MeasureNote note = satchell.thin() ? MeasureNote::kThin
                           : n < possible  ? MeasureNote::kGaps
                                           : MeasureNote::kNone;
  return MeasureOf(variance, n, note);
}

}  // namespace tapelake::market
