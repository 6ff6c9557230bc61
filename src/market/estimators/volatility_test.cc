#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "market/estimators/range.h"
#include "market/estimators/realized.h"
#include "market/estimators/smoothed.h"
#include "market/estimators/test_bars.h"

namespace tapelake::market {
namespace {

using std::numbers::ln2;

constexpr double kClose = 1e-12;

TEST(LogRatio, IsRightForTinyAndForHugeMoves) {
  EXPECT_DOUBLE_EQ(LogRatio(kTestUnit, kTestUnit + 1), 1e-18);
  EXPECT_DOUBLE_EQ(LogRatio(1, 1'000'000'000 * kTestUnit), 27 * std::numbers::ln10);
  EXPECT_DOUBLE_EQ(LogRatio(1'000'000'000 * kTestUnit, 1), -27 * std::numbers::ln10);
  EXPECT_EQ(LogRatio(kTestUnit, kTestUnit), 0);
}

TEST(PriceBars, AreThoseWithTradesAndKnowTheStepFromTheOneBefore) {
  constexpr int64_t kMinute = IntervalMicros(Interval::kMinute);
  std::vector<Bar> bars = {TestBar(-kMinute, {{.price = 100}}),
                           TestBar(0, {{.status = TradeStatus::kPending}}),
                           TestBar(kMinute, {{.price = 110}, {.price = 121}})};
  const std::vector<PriceBar> made = MakePriceBars(PointersTo(bars), Interval::kMinute);
  ASSERT_EQ(made.size(), 2);
  EXPECT_EQ(made[0].index, -1);
  EXPECT_EQ(made[1].step, 2);
  EXPECT_FALSE(made[1].adjacent());
  EXPECT_NEAR(made[1].gap, std::log(1.1), kClose);
  EXPECT_NEAR(made[1].close_return, std::log(1.21), kClose);
  EXPECT_EQ(made[1].move, made[1].up);
}

TEST(Variances, AreExactlyZeroForEqualValuesWhateverTheyAre) {
  const std::vector<double> values(1'000, 0.1);
  EXPECT_EQ(SquaredDeviations(values), 0);
}

TEST(RangeEstimators, GiveTheVarianceOfABar) {
  const auto bars = TestPriceBars(20, [](int64_t) { return TestPrices{100, 110, 90, 105}; });
  const double h = std::log(1.1), l = std::log(0.9), c = std::log(1.05);
  EXPECT_NEAR(*Parkinson(bars).value, (h - l) * (h - l) / (4 * ln2), kClose);
  EXPECT_NEAR(*GarmanKlass(bars).value, (h - l) * (h - l) / 2 - (2 * ln2 - 1) * c * c, kClose);
  const double satchell = h * (h - c) + l * (l - c);
  EXPECT_NEAR(*RogersSatchell(bars).value, satchell, kClose);
  const double weight = 0.34 / (1.34 + 20.0 / 18.0);
  EXPECT_NEAR(*YangZhang(bars).value, (1 - weight) * satchell, kClose);
  EXPECT_EQ(Parkinson(bars).n, 20);
  EXPECT_EQ(YangZhang(bars).n, 19);
  EXPECT_EQ(Parkinson(bars).note, MeasureNote::kNone);
}

TEST(RangeEstimators, SayThatTheyAreThinBelowAHundredTradesABar) {
  auto bars = TestPriceBars(20, [](int64_t) { return TestPrices{100, 110, 90, 105}; });
  for (PriceBar& bar : bars)
    bar.trades = 99;
  for (const auto estimator : {Parkinson, GarmanKlass, RogersSatchell, YangZhang})
    EXPECT_EQ(estimator(bars).note, MeasureNote::kThin);
}

TEST(RangeEstimators, LeaveOutBarsOfOneTrade) {
  auto bars = TestPriceBars(20, [](int64_t) { return TestPrices{100, 110, 90, 105}; });
  for (size_t i = 0; i < 11; ++i)
    bars[i].trades = 1;
  for (const auto estimator : {Parkinson, GarmanKlass, RogersSatchell, YangZhang}) {
    EXPECT_EQ(estimator(bars).reason, NoValue::kTooFew);
    EXPECT_EQ(estimator(bars).n, 9);
  }
}

TEST(YangZhang, NamesTheHolesThatTookItsNeighbours) {
  auto bars = TestPriceBars(40, [](int64_t) { return TestPrices{100, 110, 90, 105}; });
  bars = WithoutBars(bars, [](int64_t index) { return index % 2 == 0; });
  EXPECT_EQ(YangZhang(bars).reason, NoValue::kGap);
  EXPECT_EQ(Parkinson(bars).n, 20);
}

TEST(RealizedVariance, CountsALongReturnByTheTimeItSpans) {
  auto bars = TestCloses(5, [](int64_t i) { return i < 3 ? 100 : 110; });
  const double move = std::log(1.1);
  EXPECT_NEAR(*RealizedVariance(bars).value, move * move / 4, kClose);
  bars = WithoutBars(bars, [](int64_t index) { return index == 2; });
  EXPECT_NEAR(*RealizedVariance(bars).value, move * move / 4, kClose);
  EXPECT_EQ(RealizedVariance(bars).note, MeasureNote::kGaps);
  EXPECT_EQ(RealizedVariance(bars).n, 3);
}

TEST(RealizedVariance, NeedsTwoReturns) {
  const auto bars = TestCloses(2, [](int64_t) { return 100; });
  EXPECT_EQ(RealizedVariance(bars).reason, NoValue::kTooFew);
  EXPECT_EQ(RealizedVariance(bars).n, 1);
  EXPECT_EQ(RealizedVariance({}).n, 0);
}

TEST(BipowerVariation, TakesASingleJumpAsJump) {
  const auto bars = TestCloses(50, [](int64_t i) { return i < 25 ? 100 : 200; });
  const Measure measure = BipowerVariation(bars);
  EXPECT_EQ(*measure.value, 0);
  EXPECT_EQ(*measure.detail, 1);
  EXPECT_FALSE(BipowerVariation(TestCloses(50, [](int64_t) { return 100; })).detail);
}

TEST(TwoScaleVariance, TakesOffWhatNoiseAdds) {
  auto bars = TestCloses(61, [](int64_t i) { return i % 2 == 0 ? 100 : 101; });
  for (PriceBar& bar : bars) {
    bar.tick_returns = 10;
    bar.squared_tick_returns = 1e-3;
  }
  const Measure noisy = TwoScaleVariance(bars);
  const double move = std::log(1.01);
  // 56 returns of 5 bars each.
  EXPECT_NEAR(*noisy.value, std::max(0.0, (move * move - 1e-4) / 5), kClose);
  EXPECT_EQ(noisy.note, MeasureNote::kFloored);
  EXPECT_NEAR(*noisy.detail, 1e4 * std::sqrt(5e-5), 1e-9);
  for (PriceBar& bar : bars)
    bar.squared_tick_returns = 5e-4;
  EXPECT_NEAR(*TwoScaleVariance(bars).value, (move * move - 5e-5) / 5, kClose);
  EXPECT_EQ(TwoScaleVariance(bars).n, 610);
}

TEST(CloseToClose, TakesTheMeanOff) {
  const auto bars = TestCloses(12, [](int64_t i) { return 100 * std::pow(1.01, i); });
  EXPECT_NEAR(*CloseToClose(bars).value, 0, 1e-15);
  EXPECT_GT(*RealizedVariance(bars).value, 9e-5);
}

TEST(EwmaVariance, DecaysByTheTimeThatPassed) {
  auto bars = TestCloses(23, [](int64_t i) { return i % 2 == 0 ? 100 : 101; });
  const double square = std::pow(std::log(1.01), 2);
  EXPECT_NEAR(*EwmaVariance(bars).value, square, kClose);
  bars.back().index += 9;  // ten bars after the one before
  LinkPriceBars(bars);
  const double decay = std::pow(0.94, 10);
  EXPECT_NEAR(*EwmaVariance(bars).value, decay * square + (1 - decay) * square / 10, kClose);
  EXPECT_EQ(EwmaVariance(bars).note, MeasureNote::kGaps);
  bars.resize(20);
  EXPECT_EQ(EwmaVariance(bars).reason, NoValue::kTooFew);
}

TEST(AverageTrueRange, SmoothsByAFourteenth) {
  auto bars = TestPriceBars(14, [](int64_t) { return TestPrices{100, 101, 99, 100}; });
  EXPECT_DOUBLE_EQ(*AverageTrueRange(bars).value, 2);
  EXPECT_DOUBLE_EQ(*AverageTrueRange(bars).detail, 2);
  bars.push_back(TestPriceBar(14, {120, 121, 119, 120}));  // 21 from the close before
  LinkPriceBars(bars);
  EXPECT_DOUBLE_EQ(*AverageTrueRange(bars).value, (2.0 * 13 + 21) / 14);
  bars.resize(13);
  EXPECT_EQ(AverageTrueRange(bars).reason, NoValue::kTooFew);
}

TEST(Bollinger, PlacesTheLastCloseBetweenTheBands) {
  const auto bars = TestCloses(20, [](int64_t i) { return i % 2 == 0 ? 99 : 101; });
  EXPECT_DOUBLE_EQ(*BollingerPosition(bars).value, 0.75);  // a deviation above the mean
  EXPECT_DOUBLE_EQ(*BollingerPosition(bars).detail, 100);
  EXPECT_DOUBLE_EQ(*BollingerBandwidth(bars).value, 0.04);
}

TEST(Bollinger, HasNoPositionWhereBandsMeet) {
  const auto bars = TestCloses(20, [](int64_t) { return 64'000.1; });
  EXPECT_EQ(BollingerPosition(bars).reason, NoValue::kUndefined);
  EXPECT_EQ(*BollingerBandwidth(bars).value, 0);
}

TEST(AnnualVolatility, CountsAYearOf365Days) {
  EXPECT_DOUBLE_EQ(AnnualVolatility(1.0 / 525'600, Interval::kMinute), 1);
  EXPECT_DOUBLE_EQ(AnnualVolatility(1.0 / 365, Interval::kDay), 1);
}

}  // namespace
}  // namespace tapelake::market
