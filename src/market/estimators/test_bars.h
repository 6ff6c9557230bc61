#pragma once

/// Bars for the tests of estimators.

#include <string>
#include <vector>

#include "market/bar.h"
#include "market/estimators/price_bar.h"

namespace tapelake::market {

inline constexpr base::Int128 kTestUnit = 1'000'000'000'000'000'000;

inline base::Int128 TestAmount(double value) {
  return static_cast<base::Int128>(value * 1e6) * (kTestUnit / 1'000'000);
}

struct TestPrices {
  double open = 100, high = 100, low = 100, close = 100;
};

/// A bar of 200 trades.
inline PriceBar TestPriceBar(int64_t index, const TestPrices& prices) {
  return {.index = index,
          .trades = 200,
          .open = TestAmount(prices.open),
          .high = TestAmount(prices.high),
          .low = TestAmount(prices.low),
          .close = TestAmount(prices.close)};
}

/// `count` linked bars; `make(i)` gives prices.
template <typename Make>
std::vector<PriceBar> TestPriceBars(int64_t count, Make make) {
  std::vector<PriceBar> bars;
  for (int64_t i = 0; i < count; ++i)
    bars.push_back(TestPriceBar(i, make(i)));
  LinkPriceBars(bars);
  return bars;
}

/// Bars that close at a price and nothing else.
template <typename Close>
std::vector<PriceBar> TestCloses(int64_t count, Close close) {
  return TestPriceBars(count, [&](int64_t i) {
    const double price = close(i);
    return TestPrices{price, price, price, price};
  });
}

/// The bars without those whose index `drop` names, linked anew.
template <typename Drop>
std::vector<PriceBar> WithoutBars(std::vector<PriceBar> bars, Drop drop) {
  std::erase_if(bars, [&](const PriceBar& bar) { return drop(bar.index); });
  for (PriceBar& bar : bars)
    bar.step = 0;
  LinkPriceBars(bars);
  return bars;
}

struct TestTrade {
  double price = 100;
  double quantity = 1;
  TradeSide side = TradeSide::kBuy;
  TradeStatus status = TradeStatus::kSuccess;
  double fee = 0;
};

/// A bar of these trades, a microsecond apart.
inline Bar TestBar(int64_t start_micros, const std::vector<TestTrade>& trades) {
  Bar bar;
  bar.start_micros = start_micros;
  for (size_t i = 0; i < trades.size(); ++i) {
    AddTrade({.key = std::to_string(1'000 + i),
              .time_micros = start_micros + static_cast<int64_t>(i),
              .status = trades[i].status,
              .side = trades[i].side,
              .has_amounts = true,
              .price = TestAmount(trades[i].price),
              .quantity = TestAmount(trades[i].quantity),
              .fee = TestAmount(trades[i].fee)},
             &bar);
  }
  return bar;
}

inline std::vector<const Bar*> PointersTo(const std::vector<Bar>& bars) {
  std::vector<const Bar*> pointers;
  for (const Bar& bar : bars)
    pointers.push_back(&bar);
  return pointers;
}

}  // namespace tapelake::market
