#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "market/estimators/impact.h"
#include "market/estimators/range.h"
#include "market/estimators/spread.h"
#include "market/estimators/test_bars.h"

namespace tapelake::market {
namespace {

/// Bars that see the same bid and ask, opening and closing at one or the other by chance.
std::vector<PriceBar> BidAndAsk(int64_t count) {
  std::mt19937_64 random(7);
  return TestPriceBars(count, [&](int64_t) {
    const uint64_t bits = random();
    return TestPrices{bits & 1 ? 100.5 : 99.5, 100.5, 99.5, bits & 2 ? 100.5 : 99.5};
  });
}

TEST(EdgeSpread, FindsTheSpreadOfAPriceThatStandsStill) {
  auto bars = BidAndAsk(5'000);
  for (PriceBar& bar : bars) {  // extremes that no open or close is at
    bar.high = TestAmount(100.7);
    bar.low = TestAmount(99.3);
  }
  LinkPriceBars(bars);
  EXPECT_NEAR(*EdgeSpread(bars).value, std::log(100.5 / 99.5), 1e-4);
  EXPECT_EQ(EdgeSpread(bars).n, 4'999);
}

TEST(EdgeSpread, IsUndefinedWherePricesNeverMove) {
  EXPECT_EQ(EdgeSpread(TestCloses(50, [](int64_t) { return 5; })).reason, NoValue::kUndefined);
}

TEST(EdgeSpread, ShowsNegativeSquaresAsZeroAndKeepsTheSign) {
  // A trend: each bar opens where the last closed, and goes on.
  const auto bars = TestPriceBars(30, [](int64_t i) {
    const double open = 100 * std::pow(1.01, i * i / 10.0), close = open * 1.008;
    return TestPrices{open * 1.001, close * 1.002, open, close * 1.001};
  });
  const Measure measure = EdgeSpread(bars);
  EXPECT_EQ(*measure.value, 0);
  EXPECT_EQ(measure.note, MeasureNote::kFloored);
  EXPECT_LT(*measure.detail, 0);
}

TEST(Spreads, NameTheHolesThatTookTheirNeighbours) {
  const auto bars = WithoutBars(BidAndAsk(100), [](int64_t index) { return index % 2 == 0; });
  for (const auto estimator :
       {EdgeSpread, CorwinSchultz, CorwinSchultzSigned, AbdiRanaldo, RollSpread}) {
    EXPECT_EQ(estimator(bars).reason, NoValue::kGap);
    EXPECT_EQ(estimator(bars).n, 0);
  }
}

TEST(Spreads, AreTooFewInFewBarsAndNotedWhereSomeAreMissing) {
  const auto few = BidAndAsk(10);
  const auto holes = WithoutBars(BidAndAsk(100), [](int64_t index) { return index % 10 == 0; });
  for (const auto estimator : {EdgeSpread, CorwinSchultz, AbdiRanaldo, RollSpread}) {
    EXPECT_EQ(estimator(few).reason, NoValue::kTooFew);
    EXPECT_EQ(estimator(holes).note, MeasureNote::kGaps);
  }
}

TEST(CorwinSchultz, FindsTheSpreadOfAPriceThatStandsStill) {
  const auto bars = BidAndAsk(100);
  // alpha = (sqrt 2 - 1) R / (sqrt 2 - 1) = R: the spread is 2 tanh(R / 2).
  EXPECT_NEAR(*CorwinSchultz(bars).value, 2 * std::tanh(std::log(100.5 / 99.5) / 2), 1e-12);
  EXPECT_EQ(*CorwinSchultz(bars).detail, 0);
}

TEST(CorwinSchultz, FloorsPairsAndTellsTheirShare) {
  // Each bar goes on upwards where the last ended: all range, no spread.
  const auto bars = TestPriceBars(50, [](int64_t i) {
    const double open = 100 * std::pow(1.01, i);
    return TestPrices{open, open * 1.01, open, open * 1.01};
  });
  EXPECT_EQ(*CorwinSchultz(bars).value, 0);
  EXPECT_EQ(*CorwinSchultz(bars).detail, 1);
  EXPECT_LT(*CorwinSchultzSigned(bars).value, 0);
}

TEST(CorwinSchultz, SaysExactlyNothingOfBarsWithoutRange) {
  const auto bars = TestPriceBars(50, [](int64_t i) {
    return i % 2 == 0 ? TestPrices{100, 103, 98, 101} : TestPrices{103, 103, 103, 103};
  });
  EXPECT_EQ(*CorwinSchultzSigned(bars).value, 0);
  EXPECT_EQ(*CorwinSchultz(bars).detail, 0);
}

TEST(AbdiRanaldo, FindsTheSpreadOfAPriceThatStandsStill) {
  EXPECT_NEAR(*AbdiRanaldo(BidAndAsk(100)).value, std::log(100.5 / 99.5), 1e-12);
}

TEST(RollSpread, FindsABounceAndHasNoAnswerInATrend) {
  const auto bounce = TestCloses(101, [](int64_t i) { return i / 2 % 2 == 0 ? 100 : 101; });
  EXPECT_EQ(RollSpread(bounce).n, 99);
  const auto fast = TestCloses(101, [](int64_t i) { return i % 2 == 0 ? 100 : 101; });
  EXPECT_NEAR(*RollSpread(fast).value, 2 * std::log(1.01), 1e-5);
  const auto trend =
      TestCloses(101, [](int64_t i) { return 100 * std::exp(1e-4 * static_cast<double>(i * i)); });
  EXPECT_EQ(RollSpread(trend).reason, NoValue::kUndefined);
  EXPECT_EQ(*RollSpread(TestCloses(101, [](int64_t) { return 7; })).value, 0);
}

/// Minutes that move by 1 % with 1,000 of money, all bought.
std::vector<PriceBar> Moving(int64_t count) {
  auto bars = TestCloses(count, [](int64_t i) { return i % 2 == 0 ? 100 : 101; });
  for (PriceBar& bar : bars)
    bar.money = bar.signed_money = bar.sided_money = 1'000;
  return bars;
}

TEST(Amihud, IsPerMillionOfMoney) {
  const auto bars = Moving(61);
  const double mean = (0.01 + 1.0 / 101) / 2 / 1'000 * 1e6;
  EXPECT_NEAR(*AmihudMean(bars).value, mean, 1e-12);
  EXPECT_NEAR(*AmihudMedian(bars).value, mean, 1e-12);
  EXPECT_NEAR(*AmihudRatio(bars).value, mean, 1e-12);
  EXPECT_EQ(*AmihudMean(bars).detail, 0);
}

TEST(Amihud, LeavesBarsWithoutMoneyOut) {
  auto bars = Moving(61);
  for (size_t i = 0; i < 31; ++i)
    bars[i].money = 0;
  EXPECT_EQ(AmihudMean(bars).n, 30);
  bars[31].money = 0;
  EXPECT_FALSE(AmihudMean(bars).value);
}

TEST(AmihudMean, TellsTheShareOfEmptyBars) {
  const auto bars = WithoutBars(Moving(101), [](int64_t index) { return index % 4 == 2; });
  EXPECT_NEAR(*AmihudMean(bars).detail, 25.0 / 101, 1e-12);
}

TEST(KyleLambda, IsTheSlopeInBasisPointsPerMillion) {
  // The price moves by 2 bp per million bought, and by a little of its own.
  std::vector<PriceBar> bars;
  double price = 100;
  for (int64_t i = 0; i < 61; ++i) {
    const double flow = 1e6 * static_cast<double>(i % 7 - 3);
    price *= std::exp(2e-4 * flow / 1e6 + (i % 2 == 0 ? 1e-5 : -1e-5));
    bars.push_back(TestPriceBar(i, {price, price, price, price}));
    bars.back().signed_money = flow;
    bars.back().sided_money = 4e6;
  }
  LinkPriceBars(bars);
  const KyleFit fit = KyleLambda(bars);
  EXPECT_NEAR(*fit.lambda.value, 2, 0.01);
  EXPECT_GT(*fit.lambda.detail, 100);
  EXPECT_GT(*fit.r_squared.value, 0.99);
  EXPECT_EQ(fit.lambda.note, MeasureNote::kNone);
}

TEST(KyleLambda, IsUndefinedWhereFlowNeverVaries) {
  EXPECT_EQ(KyleLambda(Moving(61)).lambda.reason, NoValue::kUndefined);
}

TEST(KyleLambda, IsNotSignificantWherePricesStandStill) {
  auto bars = TestCloses(61, [](int64_t) { return 100; });
  for (PriceBar& bar : bars) {
    bar.signed_money = static_cast<double>(bar.index % 5);
    bar.sided_money = 5;
  }
  const KyleFit fit = KyleLambda(bars);
  EXPECT_EQ(*fit.lambda.value, 0);
  EXPECT_EQ(fit.lambda.note, MeasureNote::kNotSignificant);
  EXPECT_EQ(fit.r_squared.reason, NoValue::kUndefined);
}

TEST(KyleLambda, LeavesOutBarsWhoseTradesHaveNoSide) {
  auto bars = Moving(61);
  for (PriceBar& bar : bars)
    bar.sided_money = 0;
  EXPECT_EQ(KyleLambda(bars).lambda.n, 0);
}

TEST(KyleObizhaeva, IsTheCubeRootOfVarianceByMoney) {
  EXPECT_DOUBLE_EQ(*KyleObizhaeva(MeasureOf(8e-3, 288), 1e3).value, 0.02);
  EXPECT_EQ(KyleObizhaeva(MeasureOf(8e-3, 288), 0).reason, NoValue::kUndefined);
  EXPECT_EQ(KyleObizhaeva(NoMeasure(NoValue::kTooFew, 1), 1e3).reason, NoValue::kTooFew);
}

}  // namespace
}  // namespace tapelake::market
