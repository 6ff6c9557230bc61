#pragma once

/// One row of a trades table as the market measures see it.

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/decimal.h"

namespace tapelake::market {

/// Prices, quantities and fees are scaled by 10^18, as the columns `decimal(38,18)` are.
inline constexpr int kAmountScale = 18;

/// What became of an order. Only kSuccess trades make prices and volume; the others are counted.
enum class TradeStatus : uint8_t {
  kSuccess = 1,
  kPending = 2,
  kFailed = 3,
  kOther = 4,  ///< Any other text, or none.
};

/// Who took liquidity, from `order_type`: the aggressor's side.
enum class TradeSide : uint8_t {
  kBuy = 1,
  kSell = 2,
  kUnknown = 3,  ///< Counts in volume, not in imbalance.
};

/// A row. `has_amounts` is false if price or quantity is null (the value did not fit its column):
/// such a row is counted and moves no price.
struct Trade {
  std::string key;       ///< Record key.
  std::string pair;      ///< `BTC/USD`
  std::string exchange;  ///< `binance`
  int64_t time_micros = 0;
  TradeStatus status = TradeStatus::kOther;
  TradeSide side = TradeSide::kUnknown;
  bool has_amounts = false;
  base::Int128 price = 0;
  base::Int128 quantity = 0;
  base::Int128 fee = 0;  ///< In the quote currency; 0 if null.

  /// Whether it makes prices and volume: SUCCESS, with price > 0 and quantity > 0.
  bool Counts() const {
    return status == TradeStatus::kSuccess && has_amounts && price > 0 && quantity > 0;
  }
};

/// `SUCCESS`, `PENDING`, `FAILED` (any case) -> status; anything else is kOther.
TradeStatus TradeStatusOf(std::string_view text);

/// `BUY`, `SELL`, or a text that begins with either and a separator (`BUY_LIMIT`), in any case.
TradeSide TradeSideOf(std::string_view text);

/// The part after the last `/`, `-` or `_` of a pair (`USD` of `BTC/USD`); empty if there is none.
/// Volumes are compared within one quote currency only.
std::string_view QuoteCurrencyOf(std::string_view pair);

}  // namespace tapelake::market
