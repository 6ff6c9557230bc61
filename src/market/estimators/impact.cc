#include "market/estimators/impact.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace tapelake::market {
namespace {

constexpr double kMillion = 1e6;
constexpr double kBasisPoints = 1e4;
constexpr double kSignificant = 2;

int64_t ReturnsOf(std::span<const PriceBar> bars) {
  return std::max<int64_t>(0, static_cast<int64_t>(bars.size()) - 1);
}

struct AmihudBars {
  std::vector<double> moves;  ///< |R|
  std::vector<double> money;

  explicit AmihudBars(std::span<const PriceBar> bars) {
    moves.reserve(bars.size());
    money.reserve(bars.size());
    for (size_t i = 1; i < bars.size(); ++i) {
      if (!bars[i].adjacent() || bars[i].money <= 0) continue;
      moves.push_back(std::abs(SimpleReturn(bars[i - 1].close, bars[i].close)));
      money.push_back(bars[i].money);
    }
  }
  int64_t n() const { return static_cast<int64_t>(moves.size()); }
  std::vector<double> Ratios() const {
    std::vector<double> ratios(moves.size());
    std::ranges::transform(moves, money, ratios.begin(), std::divides<>());
    return ratios;
  }
};

/// The measure of a value that `of` makes of enough bars.
template <typename Of>
Measure AmihudOf(std::span<const PriceBar> bars, Of of) {
  const AmihudBars used(bars);
  if (used.n() < kAmihudBarsMin) return TooFewOf(used.n(), ReturnsOf(bars), kAmihudBarsMin);
  return MeasureOf(kMillion * of(used), used.n(),
                   used.n() < ReturnsOf(bars) ? MeasureNote::kGaps : MeasureNote::kNone);
}

double MedianOf(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  if (values.size() % 2 == 1) return *middle;
  return (*middle + *std::max_element(values.begin(), middle)) / 2;
}

double SumOf(std::span<const double> values) {
  return MeanOf(values) * static_cast<double>(values.size());
}

double SquareSum(std::span<const double> values) {
  CompensatedSum sum;
  for (const double value : values)
    sum.Add(value * value);
  return sum.value();
}

/// Take the mean off; values that are all equal become exactly 0.
std::vector<double> Centred(std::vector<double> values) {
  const double shift = values.front();
  for (double& value : values)
    value -= shift;
  const double mean = MeanOf(values);
  for (double& value : values)
    value -= mean;
  return values;
}

KyleFit FitLine(std::vector<double> flows, std::vector<double> moves, MeasureNote note) {
  const auto n = static_cast<int64_t>(flows.size());
  const std::vector<double> x = Centred(std::move(flows)), y = Centred(std::move(moves));
  const double x_squares = SquareSum(x), y_squares = SquareSum(y);
  if (x_squares == 0) {
    return {NoMeasure(NoValue::kUndefined, n), NoMeasure(NoValue::kUndefined, n)};
  }
  CompensatedSum products;
  for (size_t i = 0; i < x.size(); ++i)
    products.Add(x[i] * y[i]);
  const double slope = products.value() / x_squares;
  CompensatedSum residuals;
  for (size_t i = 0; i < x.size(); ++i)
    residuals.Add((y[i] - slope * x[i]) * (y[i] - slope * x[i]));
  KyleFit fit = {MeasureOf(slope, n, note), NoMeasure(NoValue::kUndefined, n)};
  if (y_squares > 0) fit.r_squared = MeasureOf(1 - residuals.value() / y_squares, n, note);
  if (residuals.value() > 0) {
    const double error = std::sqrt(residuals.value() / static_cast<double>(n - 2) / x_squares);
    fit.lambda.detail = slope / error;
  }
  if (!(std::abs(fit.lambda.detail.value_or(y_squares > 0 ? kSignificant : 0)) >= kSignificant)) {
    fit.lambda.note = MeasureNote::kNotSignificant;
  }
  return fit;
}

}  // namespace

Measure AmihudMean(std::span<const PriceBar> bars) {
  Measure measure = AmihudOf(bars, [](const AmihudBars& used) { return MeanOf(used.Ratios()); });
  if (measure.value) {
    const auto stretch = static_cast<double>(bars.back().index - bars.front().index + 1);
    measure.detail = 1 - static_cast<double>(bars.size()) / stretch;
  }
  return measure;
}

Measure AmihudMedian(std::span<const PriceBar> bars) {
  return AmihudOf(bars, [](const AmihudBars& used) { return MedianOf(used.Ratios()); });
}

Measure AmihudRatio(std::span<const PriceBar> bars) {
  return AmihudOf(bars,
                  [](const AmihudBars& used) { return SumOf(used.moves) / SumOf(used.money); });
}

KyleFit KyleLambda(std::span<const PriceBar> bars) {
  std::vector<double> flows, moves;
  for (size_t i = 1; i < bars.size(); ++i) {
    if (!bars[i].adjacent() || bars[i].sided_money <= 0) continue;
    flows.push_back(bars[i].signed_money / kMillion);
    moves.push_back(kBasisPoints * bars[i].close_return);
  }
  const auto n = static_cast<int64_t>(flows.size());
  const int64_t possible = ReturnsOf(bars);
  if (n < kKyleBarsMin) {
    const Measure none = TooFewOf(n, possible, kKyleBarsMin);
    return {none, none};
  }
  return FitLine(std::move(flows), std::move(moves),
                 n < possible ? MeasureNote::kGaps : MeasureNote::kNone);
}

Measure KyleObizhaeva(const Measure& daily_variance, double daily_money) {
  if (!daily_variance.value) return daily_variance;
  if (!(daily_money > 0)) return NoMeasure(NoValue::kUndefined, daily_variance.n);
  return MeasureOf(std::cbrt(*daily_variance.value / daily_money), daily_variance.n,
                   daily_variance.note);
}

}  // namespace tapelake::market
