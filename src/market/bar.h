#pragma once

/// One bar of one series: everything that the measures need of a stretch of time.

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/decimal.h"
#include "market/fixed_int.h"
#include "market/trade.h"

namespace tapelake::market {

/// The place of a trade in the total order (event time, key) that says what is first and last,
/// whatever came first. Keys are ordered by length, then bytes (so that running numbers count up);
/// of a key longer than kKeyBytes its length and first bytes decide, and then the price: equal
/// places then have equal prices, so the choice does not show.
struct TradePlace {
  static constexpr size_t kKeyBytes = 36;  ///< A UUID.
  int64_t time_micros = 0;
  uint32_t key_length = 0;
  std::array<char, kKeyBytes> key_bytes = {};
  base::Int128 price = 0;

  static TradePlace Of(const Trade& trade);
  std::strong_ordering operator<=>(const TradePlace& other) const;
  bool operator==(const TradePlace& other) const = default;
};

/// A bar. Empty (no counting trade) bars may still have counts of other trades. Mergeable: bars of
/// two stretches, or of two exchanges, make the bar of both. All sums are exact integers that
/// cannot overflow for fewer than 2^60 trades of decimal(38,18) amounts; doubles are made of trades
/// in order of their places, so the same set of trades always gives the same bits.
struct Bar {
  /// Number of decades of money in `sizes`; bucket i holds trades of [10^(i-5), 10^(i-4)) quote
  /// units; the first also what is smaller, the last what is larger.
  static constexpr size_t kSizeBuckets = 16;

  int64_t start_micros = 0;

  // Trades that make prices and volume.
  int64_t trades = 0;
  TradePlace first;  ///< Its price is the open. Only if trades > 0, as all prices.
  TradePlace last;   ///< Its price is the close.
  base::Int128 high = 0;
  base::Int128 low = 0;
  FixedInt<3> quantity;       ///< Sum of q, scale 18.
  FixedInt<3> buy_quantity;   ///< Of kBuy trades.
  FixedInt<3> sell_quantity;  ///< Of kSell trades.
  FixedInt<5> money;          ///< Sum of p*q, scale 36: volume in the quote currency.
  FixedInt<5> buy_money;
  FixedInt<5> sell_money;
  FixedInt<8> price_money;  ///< Sum of p*p*q, scale 54: for the spread around VWAP.
  FixedInt<3> fees;         ///< Scale 18, quote currency, of counting trades.
  std::array<uint32_t, kSizeBuckets> sizes = {};

  // Tick returns: ln(p_k / p_(k-1)) of consecutive counting trades within the bar.
  int64_t tick_returns = 0;
  double squared_tick_returns = 0;    ///< Sum of r^2.
  double adjacent_tick_products = 0;  ///< Sum of |r_k r_(k-1)|.
  double first_tick_return = 0;       ///< Only if tick_returns > 0, as the next.
  double last_tick_return = 0;

  // What does not count, and why.
  int64_t pending = 0;
  int64_t failed = 0;
  int64_t other_status = 0;
  int64_t unpriced = 0;  ///< SUCCESS, but price or quantity is null, zero or negative.

  bool operator==(const Bar&) const = default;

  bool has_prices() const { return trades > 0; }
  base::Int128 open_price() const { return first.price; }
  base::Int128 close_price() const { return last.price; }
  /// All rows, counting or not.
  int64_t rows() const { return trades + pending + failed + other_status + unpriced; }
};

/// Add a trade of the bar's stretch; trades come in the order of their places.
///
/// Precondition: each trade's place is not before the one added last.
void AddTrade(const Trade& trade, Bar* bar);

/// Make `*bar` also hold `later`, a bar of the same series and a later, disjoint stretch. Tick
/// returns then include the one across the border. `start_micros` stays.
void AppendBar(const Bar& later, Bar* bar);

/// The bar of one stretch across exchanges. Prices and sums as if the trades were one series; tick
/// returns are added up (each exchange's own ticks; gaps between exchanges are no returns), with
/// `exchanges` in a fixed order (by name) so that the bits are always the same. There is no first
/// or last tick return across exchanges (they stay 0): a longer bar across exchanges is made from
/// the exchanges' longer bars, never by AppendBar.
Bar MergeExchanges(std::span<const Bar* const> exchanges);

}  // namespace tapelake::market
