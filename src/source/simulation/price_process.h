#pragma once

/// Prices, sides and sizes of simulated trades on six exchanges.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "io/random.h"

namespace tapelake::source {

/// A price or amount as ticks * 10^-decimals.
struct FixedNumber {
  int64_t ticks = 0;
  int decimals = 0;
};

/// `12.5`: no trailing zeros, as DynamoDB gives numbers back.
std::string FixedNumberText(FixedNumber number);

/// What one trade looks like on the market.
struct MarketTrade {
  size_t exchange = 0;  ///< Index, see PriceProcess::ExchangeName.
  size_t pair = 0;      ///< Index, see PriceProcess::PairName.
  bool buy = false;
  FixedNumber price;
  FixedNumber quantity;
  FixedNumber fee;  ///< In the quote currency.
};

/// The market model.
///
/// Each asset has one latent price in USD, shared by all exchanges: a slowly turning trend, returns
/// whose variance answers to their own size (volatility clusters) and to a market-wide factor, and
/// rare jumps. A pair's price is the ratio of its two assets; an exchange adds a small
/// mean-reverting gap, a side half a spread. Sides persist; sizes are heavy-tailed. One thread. The
/// same calls with the same seed give the same trades on every machine (no libm beyond sqrt).
class PriceProcess {
 public:
  static constexpr size_t kExchanges = 6;
  static constexpr size_t kPairs = 20;

  explicit PriceProcess(uint64_t seed);

  static std::string_view ExchangeName(size_t exchange);
  static std::string_view PairName(size_t pair);  ///< `BTC/USD`

  /// Draw an exchange and a pair by their popularity.
  void DrawVenue(size_t* exchange, size_t* pair);

  /// Move the market to `micros` (never backwards) and draw a trade at that moment.
  MarketTrade Trade(int64_t micros, size_t exchange, size_t pair);

  /// Another fee for a trade of `price` and `quantity`: the exchange's rate for a user of some
  /// tier.
  FixedNumber DrawFee(size_t exchange, FixedNumber price, FixedNumber quantity);

 private:
  struct Asset {
    double price_usd = 0;
    double variance = 0;  // per second
    double trend = 0;     // per second
  };
  struct Venue {  // one pair on one exchange
    double gap = 0;
    int64_t gap_micros = 0;
    bool last_buy = true;
  };

  void Advance(int64_t micros);
  void StepAsset(size_t index, double seconds, double factor);
  double QuantityUsd();

  io::SeededRandom random_;
  std::vector<Asset> assets_;
  std::vector<Venue> venues_;
  int64_t now_micros_ = 0;
};

}  // namespace tapelake::source
