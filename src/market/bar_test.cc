#include "market/bar.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

namespace tapelake::market {
namespace {

using base::Int128;

constexpr Int128 kOne = 1'000'000'000'000'000'000;

Trade Success(std::string key, int64_t time_micros, double price, double quantity) {
  return {.key = std::move(key),
          .time_micros = time_micros,
          .status = TradeStatus::kSuccess,
          .side = TradeSide::kBuy,
          .has_amounts = true,
          .price = static_cast<Int128>(price * 1e6) * (kOne / 1'000'000),
          .quantity = static_cast<Int128>(quantity * 1e6) * (kOne / 1'000'000),
          .fee = kOne / 100};
}

Bar BarOf(std::span<const Trade> trades) {
  Bar bar;
  for (const Trade& trade : trades)
    AddTrade(trade, &bar);
  return bar;
}

/// Everything but the doubles, which depend on how bars were joined in their last bits.
void ExpectSameSums(const Bar& a, const Bar& b) {
  EXPECT_EQ(a.trades, b.trades);
  EXPECT_EQ(a.first, b.first);
  EXPECT_EQ(a.last, b.last);
  EXPECT_TRUE(a.high == b.high && a.low == b.low);
  EXPECT_TRUE(a.quantity == b.quantity && a.buy_quantity == b.buy_quantity);
  EXPECT_TRUE(a.sell_quantity == b.sell_quantity && a.money == b.money);
  EXPECT_TRUE(a.buy_money == b.buy_money && a.sell_money == b.sell_money);
  EXPECT_TRUE(a.price_money == b.price_money && a.fees == b.fees);
  EXPECT_EQ(a.sizes, b.sizes);
  EXPECT_EQ(a.tick_returns, b.tick_returns);
  EXPECT_EQ(a.rows(), b.rows());
}

std::vector<Trade> RandomTrades(std::mt19937_64& random, size_t count) {
  std::vector<Trade> trades;
  for (size_t i = 0; i < count; ++i) {
    Trade trade = Success("k" + std::to_string(100 + i), static_cast<int64_t>(i / 2), 1, 1);
    trade.price = 1 + static_cast<Int128>(random() % 1'000'000'000);
    for (uint64_t digits = random() % 28; digits > 0; --digits)
      trade.price *= 10;
    trade.quantity = 1 + static_cast<Int128>(random() >> random() % 64);
    trade.side = static_cast<TradeSide>(1 + random() % 3);
    trade.status =
        random() % 4 == 0 ? static_cast<TradeStatus>(1 + random() % 4) : TradeStatus::kSuccess;
    trade.has_amounts = random() % 8 != 0;
    trades.push_back(std::move(trade));
  }
  return trades;
}

TEST(Bar, OneTradeHasItsPriceEverywhereAndNoReturn) {
  const Bar bar = BarOf(std::vector{Success("a", 5, 100, 2)});
  EXPECT_EQ(bar.trades, 1);
  EXPECT_TRUE(bar.open_price() == 100 * kOne && bar.close_price() == 100 * kOne);
  EXPECT_TRUE(bar.high == 100 * kOne && bar.low == 100 * kOne);
  EXPECT_EQ(bar.quantity.ToDecimal(18), "2.000000000000000000");
  EXPECT_EQ(bar.money.ToDecimal(36, 0), "200");
  EXPECT_EQ(bar.price_money.ToDecimal(54, 0), "20000");
  EXPECT_EQ(bar.buy_money, bar.money);
  EXPECT_TRUE(bar.sell_money.zero());
  EXPECT_EQ(bar.tick_returns, 0);
}

TEST(Bar, RowsThatDoNotCountHaveCountsOfTheirOwn) {
  std::vector<Trade> trades(5, Success("a", 1, 10, 1));
  trades[0].status = TradeStatus::kPending;
  trades[1].status = TradeStatus::kFailed;
  trades[2].status = TradeStatus::kOther;
  trades[3].has_amounts = false;
  trades[4].quantity = -1;
  const Bar bar = BarOf(trades);
  EXPECT_FALSE(bar.has_prices());
  EXPECT_EQ(bar.pending, 1);
  EXPECT_EQ(bar.failed, 1);
  EXPECT_EQ(bar.other_status, 1);
  EXPECT_EQ(bar.unpriced, 2);
  EXPECT_EQ(bar.rows(), 5);
  EXPECT_TRUE(bar.quantity.zero() && bar.fees.zero());
}

TEST(Bar, KeysAreOrderedByLengthThenBytesAndTimeGoesFirst) {
  const auto place = [](std::string key, int64_t time) {
    return TradePlace::Of(Success(std::move(key), time, 1, 1));
  };
  EXPECT_LT(place("zz", 1), place("a", 2));
  EXPECT_LT(place("9", 1), place("10", 1));
  EXPECT_LT(place("a", 1), place("b", 1));
  EXPECT_LT(place(std::string(40, 'a'), 1), place(std::string(41, 'a'), 1));
  const Trade cheap = Success(std::string(37, 'x') + "1", 1, 1, 1);
  const Trade dear = Success(std::string(37, 'x') + "0", 1, 2, 1);
  EXPECT_LT(TradePlace::Of(cheap), TradePlace::Of(dear));
}

TEST(Bar, SizesCountDecadesOfMoney) {
  const auto bucket = [](Int128 price, Int128 quantity) {
    Trade trade = Success("a", 1, 1, 1);
    trade.price = price;
    trade.quantity = quantity;
    const Bar bar = BarOf(std::vector{trade});
    return std::find(bar.sizes.begin(), bar.sizes.end(), 1u) - bar.sizes.begin();
  };
  EXPECT_EQ(bucket(1, 1), 0);
  EXPECT_EQ(bucket(kOne, kOne / 10'000 - 1), 0);
  EXPECT_EQ(bucket(kOne, kOne / 10'000), 1);  // 10^-4
  EXPECT_EQ(bucket(kOne, kOne - 1), 4);
  EXPECT_EQ(bucket(kOne, kOne), 5);  // 1
  EXPECT_EQ(bucket(kOne * 1'000, kOne * 1'000), 11);
  EXPECT_EQ(bucket(kOne * 10'000'000'000, kOne), 15);
  EXPECT_EQ(bucket(kOne * 10'000'000'000 * 10'000'000'000, kOne * 10'000'000'000), 15);
}

TEST(Bar, TickReturnsAreLogRatios) {
  const Bar bar = BarOf(std::vector{Success("a", 1, 100, 1), Success("b", 2, 110, 1),
                                    Success("c", 3, 99, 1), Success("d", 4, 99, 1)});
  const double up = std::log(1.1), down = std::log(0.9);
  EXPECT_EQ(bar.tick_returns, 3);
  EXPECT_NEAR(bar.squared_tick_returns, up * up + down * down, 1e-15);
  EXPECT_NEAR(bar.adjacent_tick_products, std::abs(up * down), 1e-15);
  EXPECT_NEAR(bar.first_tick_return, up, 1e-15);
  EXPECT_EQ(bar.last_tick_return, 0);
}

TEST(Bar, ExtremeTickReturnsAreFinite) {
  Trade low = Success("a", 1, 1, 1), high = Success("b", 2, 1, 1), end = Success("c", 3, 1, 1);
  low.price = 1;
  high.price = kOne * 10'000'000'000 * 1'000'000'000;
  end.price = 1;
  const Bar bar = BarOf(std::vector{low, high, end});
  EXPECT_NEAR(bar.first_tick_return, 37 * std::log(10), 1e-9);
  EXPECT_NEAR(bar.last_tick_return, -37 * std::log(10), 1e-9);
}

TEST(Bar, AppendedBarsAreTheBarOfAllTrades) {
  std::mt19937_64 random(11);
  for (int round = 0; round < 300; ++round) {
    const std::vector<Trade> trades = RandomTrades(random, 1 + random() % 30);
    const Bar whole = BarOf(trades);
    Bar joined;
    for (size_t at = 0; at < trades.size();) {
      const size_t size = std::min<size_t>(random() % 6, trades.size() - at);
      AppendBar(BarOf(std::span(trades).subspan(at, size)), &joined);
      at += size;
    }
    ExpectSameSums(joined, whole);
    const double tolerance = 1e-9 * (1 + whole.squared_tick_returns);
    EXPECT_NEAR(joined.squared_tick_returns, whole.squared_tick_returns, tolerance);
    EXPECT_NEAR(joined.adjacent_tick_products, whole.adjacent_tick_products, tolerance);
    EXPECT_EQ(joined.first_tick_return, whole.first_tick_return);
    EXPECT_EQ(joined.last_tick_return, whole.last_tick_return);
  }
}

TEST(Bar, AcrossExchangesPricesAndSumsAreThoseOfOneSeries) {
  std::mt19937_64 random(12);
  for (int round = 0; round < 300; ++round) {
    const std::vector<Trade> trades = RandomTrades(random, 1 + random() % 30);
    std::array<std::vector<Trade>, 3> parts;
    for (const Trade& trade : trades)
      parts[random() % 3].push_back(trade);
    const std::array bars = {BarOf(parts[0]), BarOf(parts[1]), BarOf(parts[2])};
    const std::array<const Bar*, 3> pointers = {&bars[0], &bars[1], &bars[2]};
    Bar merged = MergeExchanges(pointers);
    EXPECT_EQ(merged.tick_returns,
              bars[0].tick_returns + bars[1].tick_returns + bars[2].tick_returns);
    const Bar whole = BarOf(trades);
    merged.tick_returns = whole.tick_returns;
    ExpectSameSums(merged, whole);
  }
}

}  // namespace
}  // namespace tapelake::market
