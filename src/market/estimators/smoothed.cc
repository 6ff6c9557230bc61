#include "market/estimators/smoothed.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace tapelake::market {
namespace {

constexpr double kAmountUnit = 1e18;

int64_t ReturnsOf(std::span<const PriceBar> bars) {
  return std::max<int64_t>(0, static_cast<int64_t>(bars.size()) - 1);
}

bool HasGaps(std::span<const PriceBar> bars) {
  return bars.back().index - bars.front().index > ReturnsOf(bars);
}

MeasureNote GapsIf(bool gaps) {
  return gaps ? MeasureNote::kGaps : MeasureNote::kNone;
}

/// Raw units.
double TrueRange(const PriceBar& bar, const PriceBar* before) {
  base::Int128 high = bar.high, low = bar.low;
  if (before != nullptr) {
    high = std::max(high, before->close);
    low = std::min(low, before->close);
  }
  return static_cast<double>(high - low);
}

struct Bands {
  double mean = 0;       ///< Raw units, as the next.
  double deviation = 0;  ///< Standard deviation.
  double last = 0;       ///< Last close less the mean.
};

/// Precondition: kBollingerBars bars.
Bands BandsOf(std::span<const PriceBar> bars) {
  const base::Int128 shift = bars.front().close;
  std::vector<double> shifted;
  for (const PriceBar& bar : bars)
    shifted.push_back(static_cast<double>(bar.close - shift));
  const double mean = MeanOf(shifted);
  return {.mean = static_cast<double>(shift) + mean,
          .deviation = std::sqrt(SquaredDeviations(shifted) / static_cast<double>(shifted.size())),
          .last = shifted.back() - mean};
}

}  // namespace

Measure EwmaVariance(std::span<const PriceBar> bars) {
  const int64_t n = ReturnsOf(bars);
  if (n < kEwmaSeedReturns) return NoMeasure(NoValue::kTooFew, n);
  CompensatedSum seed;
  double variance = 0;
  for (int64_t i = 1; i <= n; ++i) {
    const PriceBar& bar = bars[static_cast<size_t>(i)];
    const auto step = static_cast<double>(bar.step);
    const double square = bar.close_return * bar.close_return / step;
    if (i <= kEwmaSeedReturns) {
      seed.Add(square);
      variance = seed.value() / static_cast<double>(i);
    } else {
      const double decay = bar.adjacent() ? kEwmaLambda : std::pow(kEwmaLambda, step);
      variance = decay * variance + (1 - decay) * square;
    }
  }
  return MeasureOf(variance, n, GapsIf(HasGaps(bars)));
}

Measure AverageTrueRange(std::span<const PriceBar> bars) {
  const auto n = static_cast<int64_t>(bars.size());
  if (n < kAtrBars) return NoMeasure(NoValue::kTooFew, n);
  constexpr auto kBars = static_cast<double>(kAtrBars);
  CompensatedSum seed;
  double average = 0;
  for (int64_t i = 0; i < n; ++i) {
    const PriceBar& bar = bars[static_cast<size_t>(i)];
    const double range = TrueRange(bar, i == 0 ? nullptr : &bars[static_cast<size_t>(i) - 1]);
    if (i < kAtrBars) {
      seed.Add(range);
      average = seed.value() / kBars;
    } else {
      average = (average * (kBars - 1) + range) / kBars;
    }
  }
  Measure measure = MeasureOf(average / kAmountUnit, n, GapsIf(HasGaps(bars)));
  measure.detail = 100 * average / static_cast<double>(bars.back().close);
  return measure;
}

Measure BollingerPosition(std::span<const PriceBar> bars) {
  const auto n = static_cast<int64_t>(bars.size());
  if (n < kBollingerBars) return NoMeasure(NoValue::kTooFew, n);
  const std::span<const PriceBar> last = bars.last(kBollingerBars);
  const Bands bands = BandsOf(last);
  if (bands.deviation == 0) return NoMeasure(NoValue::kUndefined, kBollingerBars);
  Measure measure =
      MeasureOf(0.5 + bands.last / (4 * bands.deviation), kBollingerBars, GapsIf(HasGaps(last)));
  measure.detail = bands.mean / kAmountUnit;
  return measure;
}

Measure BollingerBandwidth(std::span<const PriceBar> bars) {
  const auto n = static_cast<int64_t>(bars.size());
  if (n < kBollingerBars) return NoMeasure(NoValue::kTooFew, n);
  const std::span<const PriceBar> last = bars.last(kBollingerBars);
  const Bands bands = BandsOf(last);
  Measure measure =
      MeasureOf(4 * bands.deviation / bands.mean, kBollingerBars, GapsIf(HasGaps(last)));
  measure.detail = bands.mean / kAmountUnit;
  return measure;
}

}  // namespace tapelake::market
