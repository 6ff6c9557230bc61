#include "monitor/alarm_watch.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "monitor/alarm_log.h"
#include "monitor/alarm_message.h"
#include "monitor/metrics.h"
#include "testing/alarm_watch_fixture.h"
#include "testing/fake_file_system.h"

namespace tapelake::monitor {
namespace {

constexpr int64_t kSecond = testing::AlarmWatchFixture::kSecond;

constexpr metrics::MetricDef kLag{.name = "tapelake_test_lag_seconds",
                                  .unit = "seconds",
                                  .help = "How far behind.",
                                  .labels = {"table"}};
constexpr metrics::MetricDef kFailures{.name = "tapelake_test_failures_total",
                                       .kind = metrics::MetricKind::kCounter,
                                       .unit = "failures",
                                       .help = "Failures."};

AlarmRule LagRule() {
  return {.name = "lag",
          .metric = &kLag,
          .period_micros = 10 * kSecond,
          .evaluation_periods = 3,
          .datapoints_to_alarm = 2,
          .threshold = 5};
}

AlarmRule FailureRule() {
  return {.name = "failures",
          .metric = &kFailures,
          .statistic = *ParseStatistic("Sum"),
          .period_micros = 10 * kSecond,
          .threshold = 0};
}

TEST(AlarmWatch, EachSeriesHasAnAlarmOfItsOwn) {
  testing::AlarmWatchFixture test(LagRule());
  test.Set({"a"}, 1);
  test.Set({"b"}, 9);
  test.Run(25);
  const auto snapshot = test.watch().snapshot();
  ASSERT_EQ(snapshot->alarms.size(), 2u);
  EXPECT_EQ(snapshot->alarms[0].labels, (Labels{{"table", "a"}}));
  EXPECT_EQ(snapshot->alarms[0].state, AlarmState::kOk);
  EXPECT_EQ(snapshot->alarms[1].state, AlarmState::kAlarm);
  EXPECT_EQ(snapshot->alarms[1].latest, 9);
}

TEST(AlarmWatch, NamedLabelsChooseTheSeries) {
  AlarmRule rule = LagRule();
  rule.labels = {"b"};
  testing::AlarmWatchFixture test(rule);
  ASSERT_EQ(test.watch().snapshot()->alarms.size(), 1u) << "it is there from the start";
  test.Set({"a"}, 9);
  test.Run(35);
  EXPECT_EQ(test.States(), "") << "no data: still INSUFFICIENT_DATA";
  test.Set({"b"}, 9);
  test.Run(30);
  EXPECT_EQ(test.watch().snapshot()->alarms.size(), 1u);
  EXPECT_EQ(test.watch().snapshot()->alarms[0].state, AlarmState::kAlarm);
}

TEST(AlarmWatch, BeginsAtTheBorderOfAPeriodAndEndsThere) {
  testing::AlarmWatchFixture test(LagRule());
  test.Set({"a"}, 1);
  test.Run(11);
  EXPECT_EQ(test.States(), "OK");
  test.Set({"a"}, 9);
  test.Run(9);
  EXPECT_EQ(test.States(), "OK");
  test.Run(20);  // a second breaching period has ended at 30 s
  EXPECT_EQ(test.States(), "OK ALARM");
  EXPECT_EQ(test.changes()[1].alarm.reason,
            "2 of 3 data points breach Average > 5 (newest 9 seconds, 2 of 3 make an alarm, "
            "periods of 10s)");
  EXPECT_EQ(test.changes()[1].from, AlarmState::kOk);
  test.Set({"a"}, 1);
  test.Run(30);
  EXPECT_EQ(test.States(), "OK ALARM OK");
  EXPECT_TRUE(test.changes()[2].is_news());
  EXPECT_FALSE(test.changes()[0].is_news()) << "first data after the start";
}

TEST(AlarmWatch, SilenceEndsInInsufficientData) {
  testing::AlarmWatchFixture test(LagRule());
  test.Set({"a"}, 9);
  test.Run(31);
  test.Remove({"a"});
  test.Run(60);
  EXPECT_EQ(test.States(), "OK ALARM INSUFFICIENT_DATA");
  EXPECT_EQ(test.changes().back().alarm.reason, "no data in the last 5 periods, periods of 10s");
}

TEST(AlarmWatch, CountersCountByTheirIncrease) {
  testing::AlarmWatchFixture test(FailureRule());
  test.Set({}, 1'000);  // before the watch began
  test.Run(21);
  EXPECT_EQ(test.States(), "OK");
  test.Add({}, 1);
  test.Run(10);
  EXPECT_EQ(test.States(), "OK ALARM");
  EXPECT_EQ(test.changes()[1].alarm.latest, 1);
  test.Run(10);
  EXPECT_EQ(test.States(), "OK ALARM OK");
}

TEST(AlarmWatch, ACounterThatAppearsOrBeginsAnewCountsFromZero) {
  testing::AlarmWatchFixture test(FailureRule());
  test.Run(15);
  test.Set({}, 3);
  test.Run(6);
  EXPECT_EQ(test.changes().back().alarm.latest, 3);
  test.Run(10);
  test.Set({}, 2);
  test.Run(10);
  EXPECT_EQ(test.changes().back().alarm.state, AlarmState::kAlarm);
  EXPECT_EQ(test.changes().back().alarm.latest, 2);
}

TEST(AlarmWatch, SamplesOnceASecondHoweverOftenItIsStepped) {
  testing::AlarmWatchFixture test(LagRule());
  EXPECT_TRUE(test.watch().Step());
  EXPECT_FALSE(test.watch().Step());
}

TEST(AlarmWatch, RulesWithoutThePageAreNotInTheSnapshot) {
  AlarmRule rule = LagRule();
  rule.actions.page = false;
  testing::AlarmWatchFixture test(rule);
  test.Set({"a"}, 9);
  test.Run(31);
  EXPECT_EQ(test.States(), "OK ALARM");
  EXPECT_TRUE(test.watch().snapshot()->alarms.empty());
  EXPECT_TRUE(test.watch().snapshot()->history.empty());
}

TEST(AlarmWatch, HistoryAndAlarmsAreBounded) {
  testing::AlarmWatchFixture test(LagRule());
  for (size_t i = 0; i < kAlarmsPerRuleMax + 7; ++i)
    test.Set({std::to_string(i)}, 9);
  test.Run(31);
  EXPECT_EQ(test.watch().snapshot()->alarms.size(), kAlarmsPerRuleMax);
  EXPECT_EQ(test.watch().snapshot()->history.size(), kHistoryMax);
  EXPECT_EQ(test.registry().GetGauge(kRefusedAlarms, {"lag"}).value(), 7);
  EXPECT_EQ(test.registry().GetGauge(kActiveAlarms, {"lag"}).value(), kAlarmsPerRuleMax);
  EXPECT_EQ(test.registry().GetCounter(kTransitions, {"lag", "ALARM"}).value(),
            static_cast<int64_t>(kAlarmsPerRuleMax));
}

TEST(AlarmMessage, IsOneLineAndOneJsonObject) {
  AlarmRule rule = LagRule();
  testing::AlarmWatchFixture test(rule);
  test.Set({"a\n\"b"}, 9);
  test.Run(31);
  const AlarmTransition& change = test.changes().back();
  EXPECT_EQ(TransitionWords(change).find('\n'), std::string::npos);
  EXPECT_TRUE(TransitionWords(change).starts_with("ALARM lag {table=a?\"b}: 2 of 2 data"));
  const std::string json = TransitionJson(rule, change);
  EXPECT_EQ(json.find('\n'), std::string::npos);
  const Result<base::JsonValue> parsed = base::ParseJson(json);
  ASSERT_TRUE(parsed.ok()) << json;
  EXPECT_EQ(parsed->Find("to")->text(), "ALARM");
  EXPECT_EQ(parsed->Find("labels")->Find("table")->text(), "a\n\"b");
  EXPECT_EQ(parsed->Find("latest")->text(), "9");
  EXPECT_TRUE(parsed->Find("at")->text().starts_with("2026-11-22T18:00:20"));
}

TEST(AlarmLog, AppendsLinesAndStaysBounded) {
  testing::FakeFileSystem files;
  AlarmLog log(files, "/lake/.tapelake/alarms.ndjson");
  ASSERT_TRUE(log.Append("{\"n\":1}").ok());
  EXPECT_EQ(*files.ReadFile("/lake/.tapelake/alarms.ndjson"), "{\"n\":1}\n");
  const std::string big(AlarmLog::kLogBytesMax, 'x');
  ASSERT_TRUE(log.Append(big).ok());
  ASSERT_TRUE(log.Append("{\"n\":3}").ok());
  EXPECT_EQ(*files.ReadFile("/lake/.tapelake/alarms.ndjson"), "{\"n\":3}\n");
  EXPECT_EQ(*files.ReadFile("/lake/.tapelake/alarms.ndjson.old"), "{\"n\":1}\n" + big + "\n");
}

TEST(AlarmLog, WhatADiskWithoutRoomRefusedComesWithTheNextLine) {
  testing::FakeFileSystem files;
  AlarmLog log(files, "/alarms.ndjson");
  ASSERT_TRUE(log.Append("1").ok());
  files.SetBefore([](auto step, const std::string&) {
    return step == testing::FakeFileSystem::Step::kWrite
               ? MakeError(ErrorKind::kUnavailable, "No space left on device")
               : Status::OK();
  });
  EXPECT_FALSE(log.Append("2").ok());
  EXPECT_FALSE(log.Append("3").ok());
  EXPECT_EQ(*files.ReadFile("/alarms.ndjson"), "1\n");
  files.SetBefore({});
  EXPECT_TRUE(log.Append("4").ok());
  EXPECT_EQ(*files.ReadFile("/alarms.ndjson"), "1\n2\n3\n4\n");
}

TEST(AlarmLog, ALineThatWasWrittenInPartIsCutOff) {
  testing::FakeFileSystem files;
  AlarmLog log(files, "/alarms.ndjson");
  ASSERT_TRUE(log.Append("1").ok());
  files.SetAfter([](auto, const std::string&) {
    return MakeError(ErrorKind::kUnavailable, "No space left on device");
  });
  EXPECT_FALSE(log.Append("2").ok());
  EXPECT_EQ(*files.ReadFile("/alarms.ndjson"), "1\n");
  files.SetAfter({});
  EXPECT_TRUE(log.Append("3").ok());
  EXPECT_EQ(*files.ReadFile("/alarms.ndjson"), "1\n2\n3\n");
}

TEST(AlarmLog, HoldsOnlyTheNewestLinesBack) {
  testing::FakeFileSystem files;
  AlarmLog log(files, "/alarms.ndjson");
  files.SetBefore([](auto, const std::string&) {
    return MakeError(ErrorKind::kUnavailable, "No space left on device");
  });
  for (size_t i = 0; i <= AlarmLog::kHeldBackMax; ++i)
    EXPECT_FALSE(log.Append(std::to_string(i)).ok());
  files.SetBefore({});
  EXPECT_TRUE(log.Append("last").ok());
  EXPECT_TRUE(files.ReadFile("/alarms.ndjson")->starts_with("2\n3\n"));
  EXPECT_TRUE(files.ReadFile("/alarms.ndjson")->ends_with("\nlast\n"));
}

}  // namespace
}  // namespace tapelake::monitor
