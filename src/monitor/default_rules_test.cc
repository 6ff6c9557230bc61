#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "ingest/metrics.h"
#include "market/metrics.h"
#include "monitor/alarm_plan.h"
#include "monitor/host_metrics.h"
#include "monitor/metrics.h"
#include "stream/metrics.h"
#include "testing/alarm_watch_fixture.h"

namespace tapelake::monitor {
namespace {

constexpr int64_t kSecond = testing::AlarmWatchFixture::kSecond;

constexpr double kGibibyte = 1 << 30;

/// What makes a default alarm begin and end.
struct Trial {
  metrics::LabelValues labels;
  double fine = 0;  ///< Of counters: the increase per second.
  double bad = 0;
};

const std::map<std::string, Trial>& Trials() {
  static const std::map<std::string, Trial> trials = {
      {"freshness", {{"t"}, 2, 12}},
      {"market-freshness", {{"t"}, 0.2, 11}},
      {"ingest-backlog", {{"t", "ingest"}, 3, 90}},
      {"source-lag", {{"t"}, 3, 90}},
      {"source-gaps", {{"t"}, 0, 1}},
      {"delivery-backlog", {{"t", "delivery"}, 60, 200}},
      {"commit-failures", {{"t"}, 0, 1}},
      {"refused-puts", {{"t"}, 0, 1}},
      {"webhook-failures", {{}, 0, 1}},
      {"errors", {{"t"}, 0.001, 0.05}},
      {"shard-throughput", {{"t", "0", "records"}, 0.5, 0.9}},
      {"disk-space", {{}, 100 * kGibibyte, kGibibyte}},
      {"disk-share", {{}, 0.5, 0.01}},
      {"market-volatility", {{"BTC/USD", "all"}, 1, 4}},
      {"market-spread", {{"BTC/USD", "all"}, 1, 4}},
      {"market-volume", {{"BTC/USD", "all"}, 1, 20}},
      {"market-gap", {{"BTC/USD"}, 1, 8}},
  };
  return trials;
}

class DefaultRule : public ::testing::TestWithParam<std::string> {
 protected:
  static AlarmRule Rule() {
    const std::vector<AlarmRule> rules = DefaultRules(config::DefaultConfig());
    return *std::find_if(rules.begin(), rules.end(),
                         [](const AlarmRule& rule) { return rule.name == GetParam(); });
  }
  void Run(testing::AlarmWatchFixture& test, int64_t seconds, double value) const {
    const metrics::LabelValues& labels = Trials().at(GetParam()).labels;
    const bool counts = Rule().metric->kind == metrics::MetricKind::kCounter;
    test.Run(seconds, [&] { counts ? test.Add(labels, value) : test.Set(labels, value); });
  }
};

TEST_P(DefaultRule, FiresWhenItsConditionHoldsAndClearsWhenItIsOver) {
  const Trial& trial = Trials().at(GetParam());
  testing::AlarmWatchFixture test(Rule());
  Run(test, 300, trial.fine);
  EXPECT_EQ(test.States(), "OK");
  Run(test, 300, trial.bad);
  EXPECT_EQ(test.States(), "OK ALARM");
  Run(test, 300, trial.fine);
  EXPECT_EQ(test.States(), "OK ALARM OK");
}

TEST_P(DefaultRule, OneBadSampleIsNoAlarmUnlessAnyIsOneTooMany) {
  const Trial& trial = Trials().at(GetParam());
  const AlarmRule rule = Rule();
  const bool any =
      rule.statistic.kind == Statistic::Kind::kSum || rule.comparison == Comparison::kLess;
  testing::AlarmWatchFixture test(rule);
  Run(test, 125, trial.fine);
  Run(test, 1, trial.bad);
  Run(test, 300, trial.fine);
  EXPECT_EQ(test.States(), any ? "OK ALARM OK" : "OK");
}

TEST_P(DefaultRule, AQuietPipelineIsNoAlarm) {
  const Trial& trial = Trials().at(GetParam());
  testing::AlarmWatchFixture test(Rule());
  Run(test, 130, trial.bad);
  test.Remove(trial.labels);
  test.Run(600);
  ASSERT_FALSE(test.changes().empty());
  EXPECT_NE(test.changes().back().alarm.state, AlarmState::kAlarm);
}

INSTANTIATE_TEST_SUITE_P(Each, DefaultRule, ::testing::ValuesIn([] {
                           std::vector<std::string> names;
                           for (const auto& [name, trial] : Trials())
                             names.push_back(name);
                           return names;
                         }()),
                         [](const auto& test) {
                           std::string name = test.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST(DefaultRules, AllAreTried) {
  const std::vector<AlarmRule> rules = DefaultRules(config::DefaultConfig());
  EXPECT_EQ(rules.size(), Trials().size());
  for (const AlarmRule& rule : rules)
    EXPECT_TRUE(Trials().contains(rule.name)) << rule.name;
}

TEST(DefaultRules, SlowCommitsAreAskedForSoTheyAreNoAlarm) {
  config::Config config = config::DefaultConfig();
  config.commit.interval = {60 * kSecond};
  config.delivery.buffer_interval = {900 * kSecond};
  std::map<std::string, double> thresholds;
  for (const AlarmRule& rule : DefaultRules(config))
    thresholds[rule.name] = rule.threshold;
  EXPECT_EQ(thresholds["freshness"], 180);
  EXPECT_EQ(thresholds["delivery-backlog"], 1'860);
}

TEST(MonitorMetrics, AreSound) {
  for (const metrics::MetricDef* def : kMonitorMetrics)
    EXPECT_EQ(metrics::DefProblem(*def), "") << def->name;
  for (const metrics::MetricDef* def : kHostMetrics)
    EXPECT_EQ(metrics::DefProblem(*def), "") << def->name;
}

}  // namespace
}  // namespace tapelake::monitor
