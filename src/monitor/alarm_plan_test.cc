#include "monitor/alarm_plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "monitor/webhook_url.h"

namespace tapelake::monitor {
namespace {

constexpr metrics::MetricDef kLag{.name = "tapelake_test_lag_seconds",
                                  .unit = "seconds",
                                  .help = "How far behind.",
                                  .labels = {"table", "shard"}};
constexpr std::array kKnown = {&kLag};

config::AlarmRuleConfig Rule() {
  config::AlarmRuleConfig rule;
  rule.place = "t.yaml:3:5";
  rule.name = "own";
  rule.metric = "tapelake_test_lag_seconds";
  return rule;
}

config::Config With(config::AlarmRuleConfig rule) {
  config::Config config = config::DefaultConfig();
  config.alarms.defaults = false;
  config.alarms.rules.push_back(std::move(rule));
  return config;
}

/// `what (place); hint` of the only problem.
std::string OnlyProblem(const config::Config& config) {
  std::vector<config::Problem> problems;
  PlanAlarms(config, kKnown, &problems);
  if (problems.size() != 1) return std::to_string(problems.size()) + " problems";
  return problems[0].what + " (" + problems[0].place + "); " + problems[0].hint;
}
std::string OnlyProblemOf(void (*change)(config::AlarmRuleConfig&)) {
  config::AlarmRuleConfig rule = Rule();
  change(rule);
  return OnlyProblem(With(rule));
}

TEST(PlanAlarms, TakesWhatTheConfigurationSays) {
  config::AlarmRuleConfig given = Rule();
  given.labels = {"shard=7"};
  given.statistic = "p99.9";
  given.evaluation_periods = 4;
  given.comparison = "LessThanOrEqualToThreshold";
  given.treat_missing_data = "breaching";
  given.actions = {"page"};
  std::vector<config::Problem> problems;
  const std::vector<AlarmRule> rules = PlanAlarms(With(given), kKnown, &problems);
  ASSERT_TRUE(problems.empty());
  ASSERT_EQ(rules.size(), 1u);
  EXPECT_EQ(rules[0].metric, &kLag);
  EXPECT_EQ(rules[0].labels[0], std::nullopt);
  EXPECT_EQ(rules[0].labels[1], "7");
  EXPECT_EQ(StatisticText(rules[0].statistic), "p99.9");
  EXPECT_EQ(rules[0].datapoints_to_alarm, 4) << "not given: all";
  EXPECT_EQ(rules[0].comparison, Comparison::kLessOrEqual);
  EXPECT_EQ(rules[0].missing_data, MissingData::kBreaching);
  EXPECT_FALSE(rules[0].actions.log);
  EXPECT_TRUE(rules[0].actions.page);
}

TEST(PlanAlarms, NamesMistakesWithPlaceAndRemedy) {
  EXPECT_EQ(OnlyProblemOf([](auto& rule) { rule.metric = "tapelake_test_lag_second"; }),
            "alarm 'own': there is no metric 'tapelake_test_lag_second' (t.yaml:3:5); did you mean "
            "'tapelake_test_lag_seconds'?");
  EXPECT_EQ(OnlyProblemOf([](auto& rule) { rule.labels = {"tabel=x"}; }),
            "alarm 'own': tapelake_test_lag_seconds has no label 'tabel' (t.yaml:3:5); did you "
            "mean 'table'?");
  EXPECT_EQ(OnlyProblemOf([](auto& rule) { rule.labels = {"table"}; }),
            "alarm 'own': label 'table' has no value (t.yaml:3:5); write name=value, or name=* for "
            "each value");
  EXPECT_EQ(OnlyProblemOf([](auto& rule) { rule.statistic = "p0"; }),
            "alarm 'own': statistic 'p0' is not known (t.yaml:3:5); one of: Average, Sum, Minimum, "
            "Maximum, SampleCount, or a percentile such as p99");
  EXPECT_EQ(OnlyProblemOf([](auto& rule) { rule.datapoints_to_alarm = 2; }),
            "alarm 'own': datapoints_to_alarm = 2 is more than evaluation_periods = 1 "
            "(t.yaml:3:5); it could never begin; raise evaluation_periods");
  EXPECT_EQ(OnlyProblemOf([](auto& rule) { rule.actions = {"mail"}; }),
            "alarm 'own': action 'mail' is not known (t.yaml:3:5); one of: log, webhook, page");
}

TEST(PlanAlarms, RefusesWebhooksThatAreNoHttpAndDoesNotRepeatThem) {
  config::Config config = config::DefaultConfig();
  for (const char* url : {"ftp://x/secret", "file:///etc/secret", "https://", "http:///secret",
                          "https://x/a secret", "https://x/\nsecret"}) {
    config.alarms.webhook = url;
    const std::string problem = OnlyProblem(config);
    EXPECT_TRUE(problem.starts_with("alarms.webhook: the URL ")) << problem;
    EXPECT_EQ(problem.find("secret"), std::string::npos);
  }
  for (const char* url : {"http://127.0.0.1:9/x", "https://u:p@hooks.example/T0/B0?x=1"}) {
    config.alarms.webhook = url;
    EXPECT_EQ(OnlyProblem(config), "0 problems") << url;
  }
  EXPECT_EQ(ShownWebhookUrl("https://u:p@hooks.example:8/T0/B0?x=1"), "https://hooks.example:8");
}

TEST(PlanAlarms, OwnRulesTakeThePlaceOfDefaultOnes) {
  config::Config config = config::DefaultConfig();
  std::vector<config::Problem> problems;
  const size_t defaults = PlanAlarms(config, kKnown, &problems).size();
  config.alarms.rules = {Rule()};
  config.alarms.rules[0].name = "freshness";
  config.alarms.without = {"disk-share"};
  const std::vector<AlarmRule> rules = PlanAlarms(config, kKnown, &problems);
  EXPECT_TRUE(problems.empty());
  EXPECT_EQ(rules.size(), defaults - 1);
  EXPECT_EQ(std::count_if(rules.begin(), rules.end(),
                          [](const AlarmRule& rule) { return rule.name == "freshness"; }),
            1);
  EXPECT_EQ(rules.back().metric, &kLag);
}

TEST(PlanAlarms, KnowsItsDefaultRulesByName) {
  config::Config config = config::DefaultConfig();
  config.alarms.without = {"freshnes"};
  EXPECT_EQ(OnlyProblem(config),
            "alarms.without: there is no default rule 'freshnes' (); did you mean 'freshness'?");
  config.alarms.without.clear();
  config.alarms.rules = {Rule(), Rule()};
  EXPECT_EQ(OnlyProblem(config),
            "alarm 'own' is declared twice (t.yaml:3:5); give each rule its own name");
}

}  // namespace
}  // namespace tapelake::monitor
