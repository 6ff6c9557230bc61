#pragma once

/// Volume: where it stands, who takes it, where it goes, and what becomes of orders.
///
/// `bars` are bars of one series, with or without trades. Sums are those of the bars, exact; each
/// is rounded once.

#include <cstdint>
#include <optional>
#include <span>

#include "market/estimators/price_bar.h"

namespace tapelake::market {

inline constexpr int64_t kVpinBuckets = 50;
inline constexpr int64_t kVolumeDaysMin = 3;
inline constexpr int64_t kVolumeDaysMax = 20;
inline constexpr int64_t kGapAgeMicrosMax = 5'000'000;

/// What VWAP is made of; adds up over bars.
struct VwapSums {
  int64_t trades = 0;
  FixedInt<3> quantity;
  FixedInt<5> money;
  FixedInt<8> price_money;

  static VwapSums Of(std::span<const Bar* const> bars);
};

/// Volume-weighted average price (Berkowitz, Logue, Noser 1988), in quote units. n is trades;
/// `detail` is the standard deviation of the price around it, by volume.
Measure Vwap(const VwapSums& sums);

/// (last - VWAP) / VWAP in bp, from exact sums; `detail` is the distance in standard deviations,
/// none if that is 0.
Measure VwapDeviation(base::Int128 last_price, const VwapSums& sums);

/// Trade imbalance (Chordia, Roll, Subrahmanyam 2002): (B - S) / (B + S) of money in [-1, 1]. n is
/// trades; `detail` is the share of money whose side is known. kUndefined if none is.
Measure TradeImbalance(std::span<const Bar* const> bars);

/// VPIN (Easley, Lopez de Prado, O'Hara 2012) over kVpinBuckets buckets of equal base volume that
/// together hold all the volume of known side. Bars are poured into buckets pro rata: within a bar
/// buys and sells are taken as evenly mixed. n is bars with such volume; at least one a bucket.
Measure Vpin(std::span<const PriceBar> bars);

/// Volume of the `window_bars` bars up to index `last` (a bar that is over) by the mean volume of
/// the same stretch on each of up to kVolumeDaysMax days before, as far as the bars reach back. n
/// is those days; `detail` their mean volume, in base units. kTooFew below kVolumeDaysMin days,
/// kUndefined if their mean is 0.
struct VolumeWindow {
  Interval interval = Interval::kHour;
  int64_t last = 0;
  int64_t window_bars = 1;
};
Measure RelativeVolume(std::span<const Bar* const> bars, const VolumeWindow& window);

/// Herfindahl index of money across exchanges, 0 to 1. `detail` is the effective number, 1 / index.
/// n is exchanges with volume. kSingle for fewer than two exchanges, kTooFew without volume.
Measure Herfindahl(std::span<const double> money_of_exchanges);

/// The newest price of one exchange.
struct ExchangePrice {
  base::Int128 price = 0;
  int64_t time_micros = 0;
};

/// 1e4 (max - min) / min of last prices that are not older than kGapAgeMicrosMax (Makarov, Schoar
/// 2020). n is exchanges with such prices; `detail` is the age of the older of the two prices, in
/// seconds. kStale if fewer than two prices are fresh.
Measure ExchangeGap(std::span<const ExchangePrice> prices, int64_t now_micros);

/// Failed orders by all that are settled; pending ones are `detail`. n is settled orders.
Measure FailedRate(std::span<const Bar* const> bars);

/// Fees by money of trades, in bp. n is trades.
Measure FeeRate(std::span<const Bar* const> bars);

/// Where a large trade begins: the smallest power of ten above 10 times the mean money of a trade
/// (at least 10^-4). n is trades.
Measure LargeTradeFrom(std::span<const Bar* const> bars);

/// Trades of at least that. `detail` is their share in all trades. kUndefined if the threshold is
/// beyond the decades that bars count.
Measure LargeTrades(std::span<const Bar* const> bars);

}  // namespace tapelake::market
