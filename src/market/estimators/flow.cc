#include "market/estimators/flow.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace tapelake::market {
namespace {

constexpr int kMoneyScale = 2 * kAmountScale;
constexpr int kPriceMoneyScale = 3 * kAmountScale;

constexpr double kBasisPoints = 1e4;
constexpr double kMicrosPerSecond = 1e6;
/// Decade of the smallest threshold of large trades: the first bucket of sizes begins below it.
constexpr int kLargeDecadeMin = -4;

/// Money less shift times quantity: where the mean stands, seen from a price.
FixedInt<6> MoneyFrom(base::Int128 shift, const VwapSums& sums) {
  return FixedInt<6>(sums.money) - Multiply(sums.quantity, shift);
}

/// Standard deviation of the price by volume, in quote units.
double PriceDeviation(const VwapSums& sums) {
  // Around the raw price next to the mean, so that nothing cancels: sum (p - s)^2 q, exact. The
  // first quotient is right to a double's bits, the second finds what those leave out.
  const double raw_quantity = sums.quantity.ToDouble();
  auto shift = static_cast<base::Int128>(sums.money.ToDouble() / raw_quantity);
  shift += static_cast<base::Int128>(MoneyFrom(shift, sums).ToDouble() / raw_quantity);
  const FixedInt<6> from_shift = MoneyFrom(shift, sums);
  const FixedInt<9> squares = FixedInt<9>(sums.price_money) -
                              FixedInt<9>(Multiply(sums.money, shift)) -
                              Multiply(from_shift, shift);
  const double quantity = sums.quantity.ToDouble(kAmountScale);
  const double mean = from_shift.ToDouble(kMoneyScale) / quantity;
  return std::sqrt(std::max(0.0, squares.ToDouble(kPriceMoneyScale) / quantity - mean * mean));
}

struct TradeSums {
  int64_t trades = 0;
  FixedInt<5> money;
  std::array<int64_t, Bar::kSizeBuckets> sizes = {};
};

TradeSums SumTrades(std::span<const Bar* const> bars) {
  TradeSums sums;
  for (const Bar* bar : bars) {
    sums.trades += bar->trades;
    sums.money += bar->money;
    for (size_t i = 0; i < Bar::kSizeBuckets; ++i)
      sums.sizes[i] += bar->sizes[i];
  }
  return sums;
}

/// Precondition: trades > 0.
int LargeDecade(const TradeSums& sums) {
  const double floor = 10 * sums.money.ToDouble(kMoneyScale) / static_cast<double>(sums.trades);
  int decade = kLargeDecadeMin;
  double power = 1e-4;
  while (power <= floor) {
    ++decade;
    power = decade <= 0 ? 1 / std::pow(10, -decade) : std::pow(10, decade);
  }
  return decade;
}

double SumQuantity(std::span<const Bar* const> bars) {
  FixedInt<3> quantity;
  for (const Bar* bar : bars)
    quantity += bar->quantity;
  return quantity.ToDouble(kAmountScale);
}

}  // namespace

VwapSums VwapSums::Of(std::span<const Bar* const> bars) {
  VwapSums sums;
  for (const Bar* bar : bars) {
    sums.trades += bar->trades;
    sums.quantity += bar->quantity;
    sums.money += bar->money;
    sums.price_money += bar->price_money;
  }
  return sums;
}

Measure Vwap(const VwapSums& sums) {
  if (sums.quantity.zero()) return NoMeasure(NoValue::kTooFew, sums.trades);
  Measure measure = MeasureOf(
      sums.money.ToDouble(kMoneyScale) / sums.quantity.ToDouble(kAmountScale), sums.trades);
  measure.detail = PriceDeviation(sums);
  return measure;
}

Measure VwapDeviation(base::Int128 last_price, const VwapSums& sums) {
  if (sums.quantity.zero()) return NoMeasure(NoValue::kTooFew, sums.trades);
  // (last - M / Q) / (M / Q) = (last Q - M) / M.
  const FixedInt<6> distance = Multiply(sums.quantity, last_price) - FixedInt<6>(sums.money);
  Measure measure =
      MeasureOf(kBasisPoints * (distance.ToDouble() / sums.money.ToDouble()), sums.trades);
  if (const double deviation = PriceDeviation(sums); deviation > 0) {
    measure.detail =
        distance.ToDouble(kMoneyScale) / sums.quantity.ToDouble(kAmountScale) / deviation;
  }
  return measure;
}

Measure TradeImbalance(std::span<const Bar* const> bars) {
  int64_t trades = 0;
  FixedInt<5> money, bought, sold;
  for (const Bar* bar : bars) {
    trades += bar->trades;
    money += bar->money;
    bought += bar->buy_money;
    sold += bar->sell_money;
  }
  if (trades == 0) return NoMeasure(NoValue::kTooFew, 0);
  const FixedInt<5> sided = bought + sold;
  if (sided.zero()) return NoMeasure(NoValue::kUndefined, trades);
  Measure measure = MeasureOf((bought - sold).ToDouble() / sided.ToDouble(), trades);
  measure.detail = sided.ToDouble() / money.ToDouble();
  return measure;
}

Measure Vpin(std::span<const PriceBar> bars) {
  CompensatedSum total;
  int64_t n = 0;
  for (const PriceBar& bar : bars) {
    const double volume = bar.buy_quantity + bar.sell_quantity;
    total.Add(volume);
    n += volume > 0;
  }
  if (n < kVpinBuckets) return NoMeasure(NoValue::kTooFew, n);
  // The bought less sold at each border between buckets, on straight lines between bars.
  const double bucket = total.value() / static_cast<double>(kVpinBuckets);
  CompensatedSum poured, signed_poured, imbalances;
  double at_last_border = 0;
  int64_t border = 1;
  for (const PriceBar& bar : bars) {
    const double volume = bar.buy_quantity + bar.sell_quantity;
    if (!(volume > 0)) continue;
    const double slope = (bar.buy_quantity - bar.sell_quantity) / volume;
    while (border < kVpinBuckets &&
           poured.value() + volume >= bucket * static_cast<double>(border)) {
      const double at_border =
          signed_poured.value() + slope * (bucket * static_cast<double>(border) - poured.value());
      imbalances.Add(std::abs(at_border - at_last_border));
      at_last_border = at_border;
      ++border;
    }
    poured.Add(volume);
    signed_poured.Add(bar.buy_quantity - bar.sell_quantity);
  }
  imbalances.Add(std::abs(signed_poured.value() - at_last_border));
  return MeasureOf(imbalances.value() / total.value(), n);
}

Measure RelativeVolume(std::span<const Bar* const> bars, const VolumeWindow& window) {
  if (bars.empty()) return NoMeasure(NoValue::kTooFew, 0);
  const int64_t length = IntervalMicros(window.interval);
  const int64_t day = IntervalMicros(Interval::kDay);
  const auto volume_until = [&](int64_t end_micros) {
    const auto start_of = [](const Bar* bar) { return bar->start_micros; };
    const auto first =
        std::ranges::lower_bound(bars, end_micros - window.window_bars * length, {}, start_of);
    const auto last = std::ranges::lower_bound(bars, end_micros, {}, start_of);
    return SumQuantity({first, last});
  };
  const int64_t end_micros = (window.last + 1) * length;
  const int64_t reach = end_micros - window.window_bars * length - bars.front()->start_micros;
  const int64_t days = reach < 0 ? 0 : std::min(kVolumeDaysMax, reach / day);
  if (days < kVolumeDaysMin) return NoMeasure(NoValue::kTooFew, days);
  CompensatedSum before;
  for (int64_t i = 1; i <= days; ++i)
    before.Add(volume_until(end_micros - i * day));
  const double mean = before.value() / static_cast<double>(days);
  if (!(mean > 0)) return NoMeasure(NoValue::kUndefined, days);
  Measure measure = MeasureOf(volume_until(end_micros) / mean, days);
  measure.detail = mean;
  return measure;
}

Measure Herfindahl(std::span<const double> money_of_exchanges) {
  CompensatedSum total;
  int64_t n = 0;
  for (const double money : money_of_exchanges) {
    total.Add(money);
    n += money > 0;
  }
  if (money_of_exchanges.size() < 2) return NoMeasure(NoValue::kSingle, n);
  if (n == 0) return NoMeasure(NoValue::kTooFew, 0);
  CompensatedSum squares;
  for (const double money : money_of_exchanges)
    squares.Add(money / total.value() * (money / total.value()));
  Measure measure = MeasureOf(squares.value(), n);
  measure.detail = 1 / squares.value();
  return measure;
}

Measure ExchangeGap(std::span<const ExchangePrice> prices, int64_t now_micros) {
  const ExchangePrice *lowest = nullptr, *highest = nullptr;
  int64_t n = 0;
  for (const ExchangePrice& price : prices) {
    if (now_micros - price.time_micros > kGapAgeMicrosMax) continue;
    ++n;
    if (lowest == nullptr || price.price < lowest->price) lowest = &price;
    if (highest == nullptr || price.price > highest->price) highest = &price;
  }
  if (n < 2) return NoMeasure(NoValue::kStale, n);
  Measure measure = MeasureOf(kBasisPoints * SimpleReturn(lowest->price, highest->price), n);
  const int64_t oldest = std::min(lowest->time_micros, highest->time_micros);
  measure.detail =
      static_cast<double>(std::max<int64_t>(0, now_micros - oldest)) / kMicrosPerSecond;
  return measure;
}

Measure FailedRate(std::span<const Bar* const> bars) {
  int64_t failed = 0, settled = 0, pending = 0;
  for (const Bar* bar : bars) {
    failed += bar->failed;
    settled += bar->trades + bar->unpriced + bar->failed;
    pending += bar->pending;
  }
  Measure measure = NoMeasure(NoValue::kTooFew, settled);
  if (settled > 0) {
    measure = MeasureOf(static_cast<double>(failed) / static_cast<double>(settled), settled);
  }
  measure.detail = static_cast<double>(pending);
  return measure;
}

Measure FeeRate(std::span<const Bar* const> bars) {
  int64_t trades = 0;
  FixedInt<3> fees;
  FixedInt<5> money;
  for (const Bar* bar : bars) {
    trades += bar->trades;
    fees += bar->fees;
    money += bar->money;
  }
  if (money.zero()) return NoMeasure(NoValue::kTooFew, trades);
  return MeasureOf(kBasisPoints * fees.ToDouble(kAmountScale) / money.ToDouble(kMoneyScale),
                   trades);
}

Measure LargeTradeFrom(std::span<const Bar* const> bars) {
  const TradeSums sums = SumTrades(bars);
  if (sums.trades == 0) return NoMeasure(NoValue::kTooFew, 0);
  return MeasureOf(std::pow(10, LargeDecade(sums)), sums.trades);
}

Measure LargeTrades(std::span<const Bar* const> bars) {
  const TradeSums sums = SumTrades(bars);
  if (sums.trades == 0) return NoMeasure(NoValue::kTooFew, 0);
  // Bucket i begins at 10^(i - 5).
  const auto bucket = static_cast<size_t>(LargeDecade(sums) + 5);
  if (bucket >= Bar::kSizeBuckets) return NoMeasure(NoValue::kUndefined, sums.trades);
  int64_t large = 0;
  for (size_t i = bucket; i < Bar::kSizeBuckets; ++i)
    large += sums.sizes[i];
  Measure measure = MeasureOf(static_cast<double>(large), sums.trades);
  measure.detail = static_cast<double>(large) / static_cast<double>(sums.trades);
  return measure;
}

}  // namespace tapelake::market
