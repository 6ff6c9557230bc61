#include <algorithm>
#include <array>
#include <cmath>

#include "market/estimators/price_bar.h"
#include "market/estimators/realized.h"
#include "market/measure.h"

namespace tapelake::market {
namespace {

constexpr int64_t kCorrelationPairsMin = 10;

struct Horizon {
  std::string_view name;
  Interval interval;
  int64_t bars;     ///< Of one window.
  int64_t history;  ///< Bars that windows are taken from: as far as the book keeps them.
};

constexpr std::array<Horizon, 5> kHorizons = {{
    {"1h", Interval::kFiveMinutes, 12, 48 * 12},
    {"4h", Interval::kQuarterHour, 16, 7 * 96},
    {"1d", Interval::kQuarterHour, 96, 7 * 96},
    {"7d", Interval::kHour, 168, 31 * 24},
    {"30d", Interval::kDay, 30, 400},
}};

/// Realised volatility of the window that ends with bar number `last`; needs returns for at least
/// half of its bars.
Measure WindowVolatility(std::span<const PriceBar> bars, const Horizon& horizon, int64_t last) {
  const auto first = std::ranges::lower_bound(bars, last - horizon.bars, {}, &PriceBar::index);
  const auto end = std::ranges::upper_bound(bars, last, {}, &PriceBar::index);
  Measure measure = RealizedVariance({first, end});
  if (measure.n < horizon.bars / 2) return NoMeasure(NoValue::kTooFew, measure.n);
  if (measure.value) measure.value = AnnualVolatility(*measure.value, horizon.interval);
  return measure;
}

/// Between order statistics, linear.
double QuantileOf(std::span<const double> sorted, double part) {
  const double place = part * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(place);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

ConePoint PointOf(const MeasureInput& input, const Horizon& horizon) {
  const int64_t length = IntervalMicros(horizon.interval);
  const int64_t now = BarStart(horizon.interval, input.now_micros) / length;
  const std::vector<PriceBar> bars = MakePriceBars(
      input.bars(horizon.interval, (now - horizon.history) * length, (now + 1) * length),
      horizon.interval);
  ConePoint point = {.horizon = horizon.name, .now = WindowVolatility(bars, horizon, now)};
  std::vector<double> values;
  for (const PriceBar& bar : bars) {
    if (bar.index - bars.front().index < horizon.bars) continue;  // reaches back too far
    const Measure measure = WindowVolatility(bars, horizon, bar.index);
    if (measure.value) values.push_back(*measure.value);
  }
  point.windows = static_cast<int64_t>(values.size());
  if (values.empty()) return point;
  std::ranges::sort(values);
  point.minimum = values.front();
  point.lower = QuantileOf(values, 0.25);
  point.median = QuantileOf(values, 0.5);
  point.upper = QuantileOf(values, 0.75);
  point.maximum = values.back();
  return point;
}

}  // namespace

std::vector<ConePoint> VolatilityCone(const MeasureInput& input) {
  std::vector<ConePoint> points;
  for (const Horizon& horizon : kHorizons)
    points.push_back(PointOf(input, horizon));
  return points;
}

Measure ReturnCorrelation(std::span<const Bar* const> a, std::span<const Bar* const> b,
                          Interval interval) {
  const std::vector<PriceBar> left = MakePriceBars(a, interval), right = MakePriceBars(b, interval);
  std::vector<double> left_returns, right_returns;
  auto other = right.begin();
  for (const PriceBar& bar : left) {
    while (other != right.end() && other->index < bar.index)
      ++other;
    if (other == right.end()) break;
    if (other->index != bar.index || !bar.adjacent() || !other->adjacent()) continue;
    left_returns.push_back(bar.close_return);
    right_returns.push_back(other->close_return);
  }
  const auto n = static_cast<int64_t>(left_returns.size());
  if (n < kCorrelationPairsMin) return NoMeasure(NoValue::kTooFew, n);
  const double left_mean = MeanOf(left_returns), right_mean = MeanOf(right_returns);
  const double squares = SquaredDeviations(left_returns) * SquaredDeviations(right_returns);
  if (squares == 0) return NoMeasure(NoValue::kUndefined, n);
  CompensatedSum products;
  for (size_t i = 0; i < left_returns.size(); ++i)
    products.Add((left_returns[i] - left_mean) * (right_returns[i] - right_mean));
  return MeasureOf(std::clamp(products.value() / std::sqrt(squares), -1.0, 1.0), n);
}

}  // namespace tapelake::market
