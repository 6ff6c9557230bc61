#include "monitor/evaluation.h"

#include <gtest/gtest.h>

#include <string_view>
#include <vector>

namespace tapelake::monitor {
namespace {

/// `0` within, `X` breaching, `-` missing; the newest last, as CloudWatch's tables write it.
std::vector<DataPoint> Points(std::string_view text) {
  std::vector<DataPoint> points;
  for (auto c = text.rbegin(); c != text.rend(); ++c) {
    points.push_back(*c == '0'   ? DataPoint::kWithin
                     : *c == 'X' ? DataPoint::kBreaching
                                 : DataPoint::kMissing);
  }
  return points;
}

/// The states for missing, ignore, breaching, notBreaching: `O`, `A`, `I`, or `k` for kept.
std::string States(std::string_view text, int periods, int to_alarm) {
  std::string states;
  for (const MissingData treatment : {MissingData::kMissing, MissingData::kIgnore,
                                      MissingData::kBreaching, MissingData::kNotBreaching}) {
    const auto state = EvaluatePoints(Points(text), periods, to_alarm, treatment);
    states += !state                         ? 'k'
              : *state == AlarmState::kOk    ? 'O'
              : *state == AlarmState::kAlarm ? 'A'
                                             : 'I';
  }
  return states;
}

TEST(Evaluation, EqualsCloudWatchsTableForThreeOfThree) {
  EXPECT_EQ(States("0-X-X", 3, 3), "OOOO");
  EXPECT_EQ(States("0----", 3, 3), "OOOO");
  EXPECT_EQ(States("-----", 3, 3), "IkAO");
  EXPECT_EQ(States("0XX-X", 3, 3), "AAAA");
  EXPECT_EQ(States("--X--", 3, 3), "AkAO");
}

TEST(Evaluation, EqualsCloudWatchsTableForTwoOfThree) {
  EXPECT_EQ(States("0-X-X", 3, 2), "AAAA");
  EXPECT_EQ(States("00X0X", 3, 2), "AAAA");
  EXPECT_EQ(States("0-X--", 3, 2), "OOAO");
  EXPECT_EQ(States("----0", 3, 2), "OOAO");
  EXPECT_EQ(States("---X-", 3, 2), "AkAO");
}

TEST(Evaluation, AYoungBreachAloneIsNoAlarmYet) {
  EXPECT_EQ(States("----X", 3, 3), "OOAO");
  EXPECT_EQ(States("----X", 3, 2), "OOAO");
  EXPECT_EQ(States("----X", 3, 1), "AAAA");
}

TEST(Evaluation, OldDataPointsDoNotCountWhereNewOnesSuffice) {
  EXPECT_EQ(States("XX000", 3, 2), "OOOO");
  EXPECT_EQ(States("XXX0X", 3, 2), "AAAA");
  EXPECT_EQ(States("X0", 1, 1), "OOOO");
}

TEST(Evaluation, OnePeriodTakesTheNewestDataPoint) {
  EXPECT_EQ(States("0X", 1, 1), "AAAA");
  EXPECT_EQ(States("X-", 1, 1), "AAAA");
  EXPECT_EQ(States("---", 1, 1), "IkAO");
}

}  // namespace
}  // namespace tapelake::monitor
