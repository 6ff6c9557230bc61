#include "market/measure.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>

#include "market/estimators/test_bars.h"

namespace tapelake::market {
namespace {

constexpr int64_t kNow =
    20'000 * IntervalMicros(Interval::kDay) + 15 * IntervalMicros(Interval::kHour) + 2'000'000;

/// Bars of all intervals with two trades in each, one of them bought.
class Market {
 public:
  explicit Market(int64_t bars_of_each) {
    for (const Interval interval : kAllIntervals) {
      for (int64_t i = bars_of_each - 1; i >= 0; --i) {
        const int64_t start = BarStart(interval, kNow) - i * IntervalMicros(interval);
        bars_[interval].push_back(TestBar(
            start, {{.price = 100.0 + static_cast<double>(i % 3)},
                    {.price = 100.5 + static_cast<double>(i % 2), .side = TradeSide::kSell}}));
      }
    }
  }

  auto Fetch() {
    return [this](Interval interval, int64_t from_micros, int64_t to_micros) {
      ++fetches;
      std::vector<const Bar*> found;
      for (const Bar& bar : bars_[interval]) {
        if (bar.start_micros >= from_micros && bar.start_micros < to_micros) {
          found.push_back(&bar);
        }
      }
      return found;
    };
  }
  MeasureInput Input() { return {.now_micros = kNow, .bars = Fetch()}; }

  int fetches = 0;

 private:
  std::map<Interval, std::vector<Bar>> bars_;
};

std::map<std::string_view, Measure> ByName(const MeasureInput& input) {
  const std::vector<Measure> measures = EvaluateMeasures(input);
  std::map<std::string_view, Measure> by_name;
  for (size_t i = 0; i < measures.size(); ++i)
    by_name[MeasureCatalog()[i].name] = measures[i];
  return by_name;
}

TEST(MeasureCatalog, NamesEachMeasureOnceAndSaysAllOfIt) {
  std::set<std::string_view> names;
  MeasureGroup group = MeasureGroup::kVolatility;
  for (const MeasureDef& def : MeasureCatalog()) {
    EXPECT_TRUE(names.insert(def.name).second) << def.name;
    EXPECT_FALSE(def.label.empty() || def.unit.empty() || def.window.empty() || def.formula.empty())
        << def.name;
    EXPECT_GE(def.group, group) << def.name << " stands apart from its group";
    group = def.group;
  }
}

TEST(MeasureCatalog, IsAPageOfTheReference) {
  const std::string page = MeasureCatalogMarkdown();
  for (const MeasureDef& def : MeasureCatalog())
    EXPECT_NE(page.find("| `" + std::string(def.name) + "` |"), std::string::npos);
  EXPECT_NE(page.find("`too_few`"), std::string::npos);
}

TEST(EvaluateMeasures, HasAValueOrAReasonNeverBoth) {
  for (const int64_t bars : {0, 1, 2, 15, 100, 1'600}) {
    Market market(bars);
    for (const auto& [name, measure] : ByName(market.Input())) {
      EXPECT_EQ(measure.value.has_value(), measure.reason == NoValue::kNone) << name << bars;
      if (measure.value) {
        EXPECT_TRUE(std::isfinite(*measure.value)) << name;
        EXPECT_GT(measure.n, 0) << name;
      } else {
        EXPECT_EQ(measure.note, MeasureNote::kNone) << name;
      }
    }
  }
}

TEST(EvaluateMeasures, FetchesEachIntervalOnce) {
  Market market(100);
  EvaluateMeasures(market.Input());
  EXPECT_EQ(market.fetches, 5);  // all but days
}

TEST(EvaluateMeasures, AnswersEverythingOfASeriesWithFullWindows) {
  Market first(1'600), second(1'600);
  MeasureInput input = first.Input();
  input.exchanges = {{"a", first.Fetch()}, {"b", second.Fetch()}};
  for (const auto& [name, measure] : ByName(input))
    EXPECT_TRUE(measure.value) << name << ' ' << NoValueText(measure.reason);
}

TEST(EvaluateMeasures, EndsWindowsWithTheBarUnderWay) {
  Market market(1'600);
  const auto measures = ByName(market.Input());
  EXPECT_EQ(measures.at("vwap_1h").n, 120);
  EXPECT_EQ(measures.at("parkinson_1h").n, 60);
  EXPECT_EQ(measures.at("realized_24h").n, 288);
  EXPECT_EQ(measures.at("vwap_session").n, 2 * (15 * 12 + 1));
  EXPECT_EQ(measures.at("relative_volume_1h").n, 20);
}

TEST(EvaluateMeasures, ComparesExchangesOnlyAcrossThem) {
  Market market(10);
  MeasureInput input = market.Input();
  EXPECT_EQ(ByName(input).at("exchange_gap").reason, NoValue::kSingle);
  EXPECT_EQ(ByName(input).at("exchange_hhi_24h").reason, NoValue::kSingle);
  Market silent(0);
  input.exchanges = {{"a", market.Fetch()}, {"b", silent.Fetch()}};
  EXPECT_EQ(ByName(input).at("exchange_gap").reason, NoValue::kStale);
  EXPECT_EQ(*ByName(input).at("exchange_hhi_24h").value, 1);
}

TEST(VolatilityCone, TakesWindowsThatTheBarsReach) {
  Market market(40);
  const std::vector<ConePoint> cone = VolatilityCone(market.Input());
  ASSERT_EQ(cone.size(), 5);
  EXPECT_EQ(cone[0].horizon, "1h");
  EXPECT_EQ(cone[0].windows, 28);
  EXPECT_LE(cone[0].minimum, cone[0].lower);
  EXPECT_LE(cone[0].lower, cone[0].median);
  EXPECT_LE(cone[0].median, cone[0].upper);
  EXPECT_LE(cone[0].upper, cone[0].maximum);
  EXPECT_TRUE(cone[0].now.value);
  EXPECT_EQ(cone[2].windows, 0);
  EXPECT_EQ(cone[2].now.reason, NoValue::kTooFew);
}

std::vector<Bar> Closes(int64_t count, double factor) {
  std::vector<Bar> bars;
  for (int64_t i = 0; i < count; ++i) {
    bars.push_back(TestBar(i * IntervalMicros(Interval::kMinute),
                           {{.price = 100 + factor * static_cast<double>(i % 2)}}));
  }
  return bars;
}

TEST(ReturnCorrelation, IsOneForTheSameAndMinusOneForTheOpposite) {
  const auto a = Closes(50, 1), b = Closes(50, 1), c = Closes(50, -0.001);
  const Measure same = ReturnCorrelation(PointersTo(a), PointersTo(b), Interval::kMinute);
  EXPECT_NEAR(*same.value, 1, 1e-12);
  EXPECT_EQ(same.n, 49);
  const Measure opposite = ReturnCorrelation(PointersTo(a), PointersTo(c), Interval::kMinute);
  EXPECT_NEAR(*opposite.value, -1, 1e-6);
}

TEST(ReturnCorrelation, NeedsTenReturnsThatBothHave) {
  const auto a = Closes(11, 1), b = Closes(10, 1), still = Closes(50, 0);
  EXPECT_TRUE(ReturnCorrelation(PointersTo(a), PointersTo(a), Interval::kMinute).value);
  const Measure few = ReturnCorrelation(PointersTo(a), PointersTo(b), Interval::kMinute);
  EXPECT_EQ(few.reason, NoValue::kTooFew);
  EXPECT_EQ(few.n, 9);
  EXPECT_EQ(ReturnCorrelation(PointersTo(still), PointersTo(still), Interval::kMinute).reason,
            NoValue::kUndefined);
}

}  // namespace
}  // namespace tapelake::market
