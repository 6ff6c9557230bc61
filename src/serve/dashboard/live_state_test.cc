#include "serve/dashboard/live_state.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "serve/dashboard/testing_dashboard_data.h"

namespace tapelake::serve {
namespace {

using base::JsonValue;

const LiveQuery kQuery = {.series = {"BTC/USD", "*"}};
const LiveQuery kOther = {.series = {"ETH/USD", "*"}};

class LiveStateTest : public ::testing::Test {
 protected:
  uint64_t Publish(int64_t passed_micros = 100'000) {
    steady_micros_ += passed_micros;
    return state_.Publish({kQuery}, {.wall_ms = 5, .steady_micros = steady_micros_, .clients = 1});
  }

  /// The update of kQuery; an object without members if there is none.
  JsonValue Update(uint64_t version) {
    const LiveState::Answer answer = state_.Update(kQuery, version);
    EXPECT_TRUE(answer.remembered);
    return *base::ParseJson(answer.json.empty() ? "{}" : answer.json);
  }

  static std::vector<std::string> MembersOf(const JsonValue& value) {
    std::vector<std::string> names;
    for (const JsonValue::Member& member : value.members())
      names.push_back(member.key);
    return names;
  }

  testing::FakeDashboardData data_;
  LiveState state_{data_, {.publications_max = 5}};
  int64_t steady_micros_ = 0;
};

TEST_F(LiveStateTest, TellsANewClientAllThereIs) {
  data_.PutBar(kQuery.series, 60'000, 7);
  data_.measures[kQuery.series] = {.as_of_ms = 1, .values = {{.name = "m", .value = 0.5}}};
  data_.exchanges["BTC/USD"] = {{.exchange = "kraken", .last = "7", .last_ms = 3}};
  data_.overview = {{.pair = "BTC/USD"}, {.pair = "ETH/USD"}};
  data_.PutTape({{.key = "k", .pair = "BTC/USD"}});
  EXPECT_EQ(Publish(), 1U);
  const JsonValue update = Update(0);
  EXPECT_EQ(MembersOf(update),
            (std::vector<std::string>{"version", "now_ms", "newest_change_us", "bars", "measures",
                                      "exchanges", "overview", "tape", "pipeline", "alarms"}));
  EXPECT_EQ(update.Find("bars")->items()[0].items()[4].text(), "7");
  EXPECT_EQ(update.Find("overview")->items().size(), 2U);
  EXPECT_EQ(update.Find("exchanges")->items()[0].Find("age_ms")->AsInt(0), 2);
}

TEST_F(LiveStateTest, TellsOnlyWhatChanged) {
  data_.PutBar(kQuery.series, 60'000, 7);
  data_.PutBar(kQuery.series, 120'000, 8);
  const uint64_t before = Publish();
  data_.PutBar(kQuery.series, 120'000, 9);
  EXPECT_EQ(Publish(), before + 1);
  const JsonValue update = Update(before);
  EXPECT_EQ(MembersOf(update),
            (std::vector<std::string>{"version", "now_ms", "newest_change_us", "bars"}));
  ASSERT_EQ(update.Find("bars")->items().size(), 1U);
  EXPECT_EQ(update.Find("bars")->items()[0].items()[0].AsInt(0), 120'000);
}

TEST_F(LiveStateTest, SaysNothingOfOtherSeries) {
  data_.PutBar(kQuery.series, 60'000, 7);
  const uint64_t before = Publish();
  data_.PutBar(kOther.series, 60'000, 1);
  EXPECT_EQ(Publish(), before + 1);
  EXPECT_EQ(MembersOf(Update(before)), std::vector<std::string>{});
}

TEST_F(LiveStateTest, KeepsItsVersionWhenNothingChanges) {
  data_.PutBar(kQuery.series, 60'000, 7);
  const uint64_t version = Publish();
  EXPECT_EQ(Publish(), version);
  EXPECT_EQ(Publish(10'000'000), version);
  EXPECT_EQ(MembersOf(Update(version)), std::vector<std::string>{});
}

TEST_F(LiveStateTest, TellsWhoComesBackWhatHeMissed) {
  data_.PutBar(kQuery.series, 60'000, 7);
  const uint64_t before = Publish();
  data_.PutBar(kQuery.series, 120'000, 8);
  Publish();
  data_.PutBar(kQuery.series, 120'000, 9);
  data_.RemoveBar(kQuery.series, 60'000);
  Publish();
  const JsonValue update = Update(before);
  ASSERT_EQ(update.Find("bars")->items().size(), 1U);
  EXPECT_EQ(update.Find("bars")->items()[0].items()[4].text(), "9");
  EXPECT_EQ(update.Find("removed_bars")->items()[0].AsInt(0), 60'000);
}

TEST_F(LiveStateTest, ForgetsWhatLiesTooFarBack) {
  data_.PutBar(kQuery.series, 60'000, 7);
  const uint64_t before = Publish();
  EXPECT_FALSE(state_.Update(kQuery, before + 1).remembered);
  for (int i = 0; i < 5; ++i) {
    data_.PutBar(kQuery.series, 60'000, i);
    Publish();
  }
  EXPECT_FALSE(state_.Update(kQuery, before).remembered);
  EXPECT_TRUE(state_.Update(kQuery, before + 1).remembered);
}

TEST_F(LiveStateTest, SaysWhenRemovedBarsAreNotKnownAnyMore) {
  data_.PutBar(kQuery.series, 60'000, 7);
  const uint64_t before = Publish();
  data_.RemoveBar(kQuery.series, 60'000);
  data_.forgotten = data_.version;
  Publish();
  EXPECT_FALSE(state_.Update(kQuery, before).remembered);
  EXPECT_TRUE(state_.Update(kQuery, 0).remembered);
}

TEST_F(LiveStateTest, NeedsNoResetAfterAnEmptyBook) {
  const uint64_t before = Publish();
  data_.PutBar(kQuery.series, 60'000, 7);
  Publish();
  EXPECT_EQ(Update(before).Find("bars")->items().size(), 1U);
}

TEST_F(LiveStateTest, TellsWhichLargeTradesWent) {
  data_.PutTape({{.key = "2\"</script>"}, {.key = "1"}});
  const uint64_t before = Publish();
  data_.PutTape({{.key = "3"}, {.key = "1"}});
  Publish();
  const JsonValue update = Update(before);
  ASSERT_EQ(update.Find("tape")->items().size(), 1U);
  EXPECT_EQ(update.Find("tape")->items()[0].items()[7].text(), "3");
  EXPECT_EQ(update.Find("tape_removed")->items()[0].text(), "2\"</script>");
}

TEST_F(LiveStateTest, LooksAtNumbersTwiceASecondOnly) {
  data_.overview = {{.pair = "BTC/USD", .trades_24h = 1}};
  const uint64_t before = Publish();
  data_.overview = {{.pair = "BTC/USD", .trades_24h = 2}};
  EXPECT_EQ(Publish(), before);
  EXPECT_EQ(Publish(400'000), before + 1);
  EXPECT_EQ(Update(before).Find("overview")->items()[0].Find("trades_24h")->AsInt(0), 2);
}

TEST_F(LiveStateTest, SendsMeasuresOfAnotherSeriesToWhoChangesOver) {
  data_.measures[kQuery.series] = {.values = {{.name = "m", .value = 0.5}}};
  data_.measures[kOther.series] = {.values = {{.name = "m", .value = 0.7}}};
  const uint64_t before = Publish();
  const uint64_t after =
      state_.Publish({kOther}, {.steady_micros = steady_micros_ + 1, .clients = 1});
  EXPECT_EQ(after, before + 1);
  const LiveState::Answer answer = state_.Update(kOther, before);
  EXPECT_NE(answer.json.find("0.7"), std::string::npos);
}

}  // namespace
}  // namespace tapelake::serve
