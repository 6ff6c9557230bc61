#include "monitor/metric_history.h"

#include <gtest/gtest.h>

#include <array>

namespace tapelake::monitor {
namespace {

constexpr int64_t kSecond = 1'000'000;

MetricHistory History(const char* statistic, int periods = 2, std::span<const double> bounds = {}) {
  return MetricHistory({.period_micros = 10 * kSecond,
                        .periods = periods,
                        .statistic = *ParseStatistic(statistic),
                        .bounds = bounds});
}

/// The newest whole period after samples of 1, 2, ... 9 in seconds 1 to 9.
double OneToNine(const char* statistic) {
  MetricHistory history = History(statistic);
  for (int i = 1; i <= 9; ++i)
    history.Add(i * kSecond, i);
  return *history.Points(10 * kSecond)[0];
}

TEST(MetricHistory, KnowsEachStatistic) {
  EXPECT_EQ(OneToNine("Average"), 5);
  EXPECT_EQ(OneToNine("Sum"), 45);
  EXPECT_EQ(OneToNine("Minimum"), 1);
  EXPECT_EQ(OneToNine("Maximum"), 9);
  EXPECT_EQ(OneToNine("SampleCount"), 9);
  EXPECT_EQ(OneToNine("p50"), 5);
  EXPECT_EQ(OneToNine("p100"), 9);
  EXPECT_DOUBLE_EQ(OneToNine("p90"), 8.2);
}

TEST(MetricHistory, ShowsWholePeriodsOnlyAndHolesAsMissing) {
  MetricHistory history = History("Sum", 3);
  history.Add(5 * kSecond, 1);
  history.Add(25 * kSecond, 2);
  history.Add(31 * kSecond, 100);
  const auto points = history.Points(39 * kSecond);
  ASSERT_EQ(points.size(), 3u);
  EXPECT_EQ(points[0], 2);
  EXPECT_EQ(points[1], std::nullopt);
  EXPECT_EQ(points[2], 1);
}

TEST(MetricHistory, LetsOldPeriodsGo) {
  MetricHistory history = History("Sum", 2);
  for (int i = 0; i < 100; ++i)
    history.Add(i * 10 * kSecond, i);
  EXPECT_EQ(history.Points(1'000 * kSecond)[0], 99);
  EXPECT_EQ(history.Points(1'010 * kSecond)[1], 99);
  EXPECT_EQ(history.Points(1'020 * kSecond)[0], std::nullopt);
}

TEST(MetricHistory, BeginsAnewWhenTimeGoesBack) {
  MetricHistory history = History("Sum");
  history.Add(55 * kSecond, 1);
  history.Add(12 * kSecond, 2);
  EXPECT_EQ(history.Points(20 * kSecond)[0], 2);
  EXPECT_EQ(history.Points(60 * kSecond)[0], std::nullopt);
}

TEST(MetricHistory, PercentilesOfManySamplesStayCloseWithBoundedMemory) {
  MetricHistory history(
      {.period_micros = 3'600 * kSecond, .periods = 1, .statistic = *ParseStatistic("p90")});
  for (int i = 0; i < 3'600; ++i)
    history.Add(i * kSecond, i);
  EXPECT_NEAR(*history.Points(3'600 * kSecond)[0], 3'240, 20);
}

TEST(MetricHistory, HistogramsGiveAverageCountAndPercentile) {
  constexpr std::array<double, 2> kBounds = {1, 2};
  const metrics::HistogramCounts seen{.buckets = {50, 50, 0}, .sum = 100};
  const auto value = [&](const char* statistic) {
    MetricHistory history = History(statistic, 2, kBounds);
    history.Add(kSecond, seen);
    return *history.Points(10 * kSecond)[0];
  };
  EXPECT_EQ(value("Average"), 1);
  EXPECT_EQ(value("SampleCount"), 100);
  EXPECT_EQ(value("Maximum"), 2);
  EXPECT_DOUBLE_EQ(value("p75"), 1.5);
  MetricHistory idle = History("Average", 2, kBounds);
  idle.Add(kSecond, metrics::HistogramCounts{.buckets = {0, 0, 0}});
  EXPECT_EQ(idle.Points(10 * kSecond)[0], std::nullopt) << "nothing observed is no data point";
}

}  // namespace
}  // namespace tapelake::monitor
