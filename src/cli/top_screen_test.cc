#include "cli/top_screen.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tapelake::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

base::JsonValue Json(std::string_view text) {
  auto value = base::ParseJson(text);
  EXPECT_TRUE(value.ok()) << value.status();
  return value.ValueOr({});
}

TopAnswers Answers() {
  return {.overview = Json(R"({"rows":[
        {"pair":"A/USD","quote":"USD","last":"2","change_24h":0.01,"money_24h":"10","spark":[1,2]},
        {"pair":"B/USD","quote":"USD","last":"3","change_24h":-0.02,"money_24h":"2500000.5",
         "volatility_1h":0.4,"spread_bp":3.14,"gap_bp":null},
        {"pair":"C/\u001bEUR","quote":"EUR","last":null,"money_24h":"0"}]})"),
          .pipeline = Json(R"({"now_ms":1795719839000,"tables":[{"table":"crypto.transactions",
        "changes_per_second":49.96,"errors":0,"backlog_records":7,"event_to_market_ms":120,
        "event_to_commit_ms":1900,"commit_age_ms":900,"last_failure":""}]})"),
          .alarms = Json(R"({"alarms":[{"name":"freshness","state":"OK","reason":"fine"},
        {"name":"errors","state":"ALARM","reason":"12 > 0"}]})")};
}

TEST(TopScreen, ShowsPipelineAlarmsAndPairsByQuoteCurrency) {
  const std::string screen = TopScreen(Answers(), {});
  EXPECT_THAT(screen, HasSubstr("2026-11-26T19:03:59Z"));
  EXPECT_THAT(screen, HasSubstr("50.0 changes/s  errors 0  behind 7"));
  EXPECT_THAT(screen, HasSubstr("to market 0.1 s  to commit 1.9 s  last commit 0.9 s ago"));
  EXPECT_THAT(screen, HasSubstr("alarms: 1 of 2 raised"));
  EXPECT_THAT(screen, HasSubstr("errors: 12 > 0"));
  EXPECT_THAT(screen, Not(HasSubstr("fine")));
  EXPECT_LT(screen.find("in EUR"), screen.find("in USD"));
  EXPECT_LT(screen.find("B/USD"), screen.find("A/USD"));
  EXPECT_THAT(screen, HasSubstr("2.50M"));
  EXPECT_THAT(screen, HasSubstr("-2.00%"));
}

TEST(TopScreen, ShowsWhatIsAbsentAsAbsent) {
  const std::string screen = TopScreen({}, {});
  EXPECT_THAT(screen, HasSubstr("no trades yet"));
  EXPECT_THAT(screen, HasSubstr("alarms: 0 of 0 raised"));
}

TEST(TopScreen, DoesNotPassOnWhatSteersTheTerminal) {
  EXPECT_THAT(TopScreen(Answers(), {}), Not(HasSubstr("\x1b")));
}

TEST(TopScreen, SortsByPair) {
  const std::string screen = TopScreen(Answers(), {.sort = "pair"});
  EXPECT_LT(screen.find("A/USD"), screen.find("B/USD"));
}

TEST(TopScreen, KeepsWithinTheTerminal) {
  const std::string screen = TopScreen(Answers(), {.width = 20, .height = 3});
  EXPECT_EQ(std::count(screen.begin(), screen.end(), '\n'), 3);
  for (size_t begin = 0; begin < screen.size();) {
    const size_t end = screen.find('\n', begin);
    EXPECT_LE(end - begin, 20U);
    begin = end + 1;
  }
}

TEST(TopScreen, DrawsTheNewestValuesOfASparkline) {
  EXPECT_EQ(Sparkline(Json("[9,1,2,3]"), 3), "▁▅█");
  EXPECT_EQ(Sparkline(Json("[5]"), 3), "▅");
  EXPECT_EQ(Sparkline(Json("[]"), 3), "");
  EXPECT_EQ(Sparkline(Json("[null,1]"), 3), "▅");
}

}  // namespace
}  // namespace tapelake::cli
