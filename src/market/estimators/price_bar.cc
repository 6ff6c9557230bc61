#include "market/estimators/price_bar.h"

#include <cmath>

namespace tapelake::market {
namespace {

constexpr int kMoneyScale = 2 * kAmountScale;

}  // namespace

double LogRatio(base::Int128 from, base::Int128 to) {
  const double change = SimpleReturn(from, to);
  if (change > -0.5) return std::log1p(change);
  return std::log(static_cast<double>(to)) - std::log(static_cast<double>(from));
}

double SimpleReturn(base::Int128 from, base::Int128 to) {
  return static_cast<double>(to - from) / static_cast<double>(from);
}

std::vector<PriceBar> MakePriceBars(std::span<const Bar* const> bars, Interval interval) {
  const int64_t length = IntervalMicros(interval);
  std::vector<PriceBar> made;
  made.reserve(bars.size());
  for (const Bar* bar : bars) {
    if (!bar->has_prices()) continue;
    made.push_back({.index = BarStart(interval, bar->start_micros) / length,
                    .trades = bar->trades,
                    .open = bar->open_price(),
                    .high = bar->high,
                    .low = bar->low,
                    .close = bar->close_price(),
                    .money = bar->money.ToDouble(kMoneyScale),
                    .signed_money = (bar->buy_money - bar->sell_money).ToDouble(kMoneyScale),
                    .sided_money = (bar->buy_money + bar->sell_money).ToDouble(kMoneyScale),
                    .buy_quantity = bar->buy_quantity.ToDouble(kAmountScale),
                    .sell_quantity = bar->sell_quantity.ToDouble(kAmountScale),
                    .tick_returns = bar->tick_returns,
                    .squared_tick_returns = bar->squared_tick_returns});
  }
  LinkPriceBars(made);
  return made;
}

void LinkPriceBars(std::span<PriceBar> bars) {
  const PriceBar* before = nullptr;
  for (PriceBar& bar : bars) {
    bar.up = LogRatio(bar.open, bar.high);
    bar.down = LogRatio(bar.open, bar.low);
    // The same two prices must give the same bits: a bar that closes at its high has no rest.
    bar.move = bar.close == bar.high  ? bar.up
               : bar.close == bar.low ? bar.down
                                      : LogRatio(bar.open, bar.close);
    if (before != nullptr) {
      bar.step = bar.index - before->index;
      bar.gap = LogRatio(before->close, bar.open);
      bar.close_return = LogRatio(before->close, bar.close);
    }
    before = &bar;
  }
}

double MeanOf(std::span<const double> values) {
  CompensatedSum sum;
  for (const double value : values)
    sum.Add(value);
  return sum.value() / static_cast<double>(values.size());
}

double SquaredDeviations(std::span<const double> values) {
  if (values.empty()) return 0;
  const double shift = values.front();
  CompensatedSum shifted;
  for (const double value : values)
    shifted.Add(value - shift);
  const double mean = shifted.value() / static_cast<double>(values.size());
  CompensatedSum squares;
  for (const double value : values) {
    const double deviation = (value - shift) - mean;
    squares.Add(deviation * deviation);
  }
  return squares.value();
}

Measure MeasureOf(double value, int64_t n, MeasureNote note) {
  return {.value = value, .note = note, .n = n};
}

Measure NoMeasure(NoValue reason, int64_t n) {
  return {.reason = reason, .n = n};
}

Measure TooFewOf(int64_t n, int64_t possible, int64_t n_min) {
  return NoMeasure(possible >= n_min ? NoValue::kGap : NoValue::kTooFew, n);
}

}  // namespace tapelake::market
