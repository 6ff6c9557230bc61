#include "market/estimators/flow.h"

#include <gtest/gtest.h>

#include <cmath>

#include "market/estimators/test_bars.h"

namespace tapelake::market {
namespace {

constexpr int64_t kMinuteMicros = IntervalMicros(Interval::kMinute);
constexpr int64_t kHourMicros = IntervalMicros(Interval::kHour);

TEST(Vwap, WeighsPricesByVolumeAndKnowsTheirSpread) {
  const std::vector<Bar> bars = {TestBar(0, {{.price = 100, .quantity = 3}}),
                                 TestBar(kMinuteMicros, {{.price = 104, .quantity = 1}})};
  const VwapSums sums = VwapSums::Of(PointersTo(bars));
  EXPECT_DOUBLE_EQ(*Vwap(sums).value, 101);
  EXPECT_DOUBLE_EQ(*Vwap(sums).detail, std::sqrt(3.0));
  EXPECT_EQ(Vwap(sums).n, 2);
  EXPECT_DOUBLE_EQ(*VwapDeviation(TestAmount(104), sums).value, 1e4 * 3 / 101);
  EXPECT_DOUBLE_EQ(*VwapDeviation(TestAmount(104), sums).detail, std::sqrt(3.0));
}

TEST(Vwap, KeepsTheSpreadOfATickAtALargePrice) {
  Bar bar = TestBar(0, {{.price = 1e9, .quantity = 1}});
  AddTrade({.key = "z",
            .time_micros = 1,
            .status = TradeStatus::kSuccess,
            .has_amounts = true,
            .price = TestAmount(1e9) + 2,
            .quantity = TestAmount(1)},
           &bar);
  const Bar* bars[] = {&bar};
  EXPECT_DOUBLE_EQ(*Vwap(VwapSums::Of(bars)).detail, 1e-18);
}

TEST(Vwap, NeedsVolume) {
  EXPECT_EQ(Vwap({}).reason, NoValue::kTooFew);
  EXPECT_EQ(VwapDeviation(kTestUnit, {}).reason, NoValue::kTooFew);
  const std::vector<Bar> bars = {TestBar(0, {{.price = 5}})};
  EXPECT_FALSE(VwapDeviation(TestAmount(5), VwapSums::Of(PointersTo(bars))).detail);
}

TEST(TradeImbalance, IsBetweenAllSoldAndAllBought) {
  const std::vector<Bar> bars = {TestBar(0, {{.quantity = 3, .side = TradeSide::kBuy},
                                             {.quantity = 1, .side = TradeSide::kSell},
                                             {.quantity = 4, .side = TradeSide::kUnknown}})};
  const Measure measure = TradeImbalance(PointersTo(bars));
  EXPECT_DOUBLE_EQ(*measure.value, 0.5);
  EXPECT_DOUBLE_EQ(*measure.detail, 0.5);
  EXPECT_EQ(measure.n, 3);
}

TEST(TradeImbalance, TellsNoTradesFromTradesWithoutSide) {
  EXPECT_EQ(TradeImbalance({}).reason, NoValue::kTooFew);
  const std::vector<Bar> bars = {TestBar(0, {{.side = TradeSide::kUnknown}})};
  EXPECT_EQ(TradeImbalance(PointersTo(bars)).reason, NoValue::kUndefined);
}

TEST(Vpin, PoursBarsIntoBucketsProRata) {
  std::vector<PriceBar> bars(100);
  for (size_t i = 0; i < bars.size(); ++i)
    bars[i].buy_quantity = 1;
  EXPECT_DOUBLE_EQ(*Vpin(bars).value, 1);
  for (size_t i = 0; i < bars.size(); i += 2)
    std::swap(bars[i].buy_quantity, bars[i].sell_quantity);
  EXPECT_NEAR(*Vpin(bars).value, 0, 1e-12);  // each bucket holds a bar of both
  bars.resize(75);
  // Buckets of 1.5 bars: a whole one of either side and half of the other.
  EXPECT_NEAR(*Vpin(bars).value, 1.0 / 3, 1e-12);
  bars.resize(49);
  EXPECT_EQ(Vpin(bars).reason, NoValue::kTooFew);
}

TEST(RelativeVolume, ComparesWithTheSameHourOfTheDaysThereAre) {
  std::vector<Bar> bars;
  for (const auto& [hour, quantity] :
       {std::pair{5, 2.0}, {6, 50.0}, {29, 4.0}, {53, 3.0}, {77, 6.0}})
    bars.push_back(TestBar(hour * kHourMicros, {{.quantity = quantity}}));
  const VolumeWindow window = {.interval = Interval::kHour, .last = 77, .window_bars = 1};
  const Measure measure = RelativeVolume(PointersTo(bars), window);
  EXPECT_DOUBLE_EQ(*measure.value, 2);
  EXPECT_DOUBLE_EQ(*measure.detail, 3);
  EXPECT_EQ(measure.n, 3);
}

TEST(RelativeVolume, NeedsThreeDaysThatAreCoveredAndVolumeInThem) {
  const std::vector<Bar> bars = {TestBar(7 * kHourMicros, {{.quantity = 1}}),
                                 TestBar(30 * kHourMicros, {{.quantity = 1}})};
  const Measure young = RelativeVolume(PointersTo(bars), {.last = 78});
  EXPECT_EQ(young.reason, NoValue::kTooFew);
  EXPECT_EQ(young.n, 2);
  EXPECT_TRUE(RelativeVolume(PointersTo(bars), {.last = 79}).value);
  EXPECT_EQ(RelativeVolume(PointersTo(bars), {.last = 80}).reason, NoValue::kUndefined);
  EXPECT_EQ(RelativeVolume({}, {.last = 32}).reason, NoValue::kTooFew);
}

TEST(Herfindahl, IsOneForOneAndOneByNForEqualOnes) {
  const std::vector<double> equal = {5, 5, 5, 5}, one = {7, 0};
  EXPECT_DOUBLE_EQ(*Herfindahl(equal).value, 0.25);
  EXPECT_DOUBLE_EQ(*Herfindahl(equal).detail, 4);
  EXPECT_EQ(*Herfindahl(one).value, 1);
  EXPECT_EQ(Herfindahl(one).n, 1);
  EXPECT_EQ(Herfindahl(std::vector<double>{7}).reason, NoValue::kSingle);
  EXPECT_EQ(Herfindahl(std::vector<double>{0, 0}).reason, NoValue::kTooFew);
}

TEST(ExchangeGap, TakesPricesThatAreFresh) {
  const std::vector<ExchangePrice> prices = {
      {TestAmount(100), 9'000'000}, {TestAmount(101), 8'000'000}, {TestAmount(90), 4'999'999}};
  const Measure measure = ExchangeGap(prices, 10'000'000);
  EXPECT_DOUBLE_EQ(*measure.value, 100);
  EXPECT_DOUBLE_EQ(*measure.detail, 2);
  EXPECT_EQ(measure.n, 2);
  EXPECT_EQ(ExchangeGap(prices, 13'500'000).reason, NoValue::kStale);
  EXPECT_EQ(ExchangeGap({prices.data(), 1}, 10'000'000).reason, NoValue::kStale);
}

TEST(Rates, CountSettledOrdersAndTellPendingOnes) {
  const std::vector<Bar> bars = {TestBar(0, {{.fee = 0.1},
                                             {.status = TradeStatus::kFailed},
                                             {.status = TradeStatus::kPending},
                                             {.status = TradeStatus::kOther},
                                             {.fee = 0.3},
                                             {}})};
  const Measure failed = FailedRate(PointersTo(bars));
  EXPECT_DOUBLE_EQ(*failed.value, 0.25);
  EXPECT_EQ(*failed.detail, 1);
  EXPECT_EQ(failed.n, 4);
  EXPECT_DOUBLE_EQ(*FeeRate(PointersTo(bars)).value, 1e4 * 0.4 / 300);
  EXPECT_EQ(FailedRate({}).reason, NoValue::kTooFew);
  EXPECT_EQ(FeeRate({}).reason, NoValue::kTooFew);
}

TEST(LargeTrades, BeginAtThePowerOfTenAboveTenTimesTheMean) {
  std::vector<TestTrade> trades(99, {.price = 1, .quantity = 1});
  trades.push_back({.price = 1, .quantity = 100});
  const std::vector<Bar> bars = {TestBar(0, trades)};
  EXPECT_EQ(*LargeTradeFrom(PointersTo(bars)).value, 100);  // 10 x 1.99
  EXPECT_EQ(*LargeTrades(PointersTo(bars)).value, 1);
  EXPECT_DOUBLE_EQ(*LargeTrades(PointersTo(bars)).detail, 0.01);
}

TEST(LargeTrades, AreAboveTheMeanNotAtIt) {
  const std::vector<Bar> ten = {TestBar(0, {{.price = 10}, {.price = 10}})};
  EXPECT_EQ(*LargeTradeFrom(PointersTo(ten)).value, 1'000);
  const std::vector<Bar> dust = {TestBar(0, {{.price = 1e-6}})};
  EXPECT_DOUBLE_EQ(*LargeTradeFrom(PointersTo(dust)).value, 1e-4);
}

TEST(LargeTrades, AreNotCountedBeyondTheDecadesOfABar) {
  const std::vector<Bar> huge = {TestBar(0, {{.price = 1e9, .quantity = 5}})};
  EXPECT_EQ(LargeTrades(PointersTo(huge)).reason, NoValue::kUndefined);
  EXPECT_DOUBLE_EQ(*LargeTradeFrom(PointersTo(huge)).value, 1e11);
}

}  // namespace
}  // namespace tapelake::market
