#include "app/market/large_trades.h"

#include <gtest/gtest.h>

#include "app/market/own_history.h"

namespace tapelake::app {
namespace {

market::Trade Row(const std::string& key, int64_t time, int64_t price) {
  market::Trade trade;
  trade.key = key;
  trade.pair = "p";
  trade.exchange = "x";
  trade.time_micros = time;
  trade.status = market::TradeStatus::kSuccess;
  trade.has_amounts = true;
  trade.quantity = base::Int128{1'000'000'000'000'000'000};
  trade.price = trade.quantity * price;
  return trade;
}

std::string Keys(const LargeTrades& tape, std::string_view pair = "*") {
  std::string keys;
  for (const LargeTrade& trade : tape.Newest(pair, 100))
    keys += trade.trade.key;
  return keys;
}

TEST(LargeTrades, KeepsWhatIsLargeNewestFirst) {
  LargeTrades tape;
  tape.See(Row("a", 1, 1'000));
  EXPECT_EQ(Keys(tape), "") << "no threshold is known yet";
  tape.SetThreshold("p", 100);
  tape.See(Row("b", 3, 100));
  tape.See(Row("c", 2, 200));
  tape.See(Row("d", 4, 99));
  EXPECT_EQ(Keys(tape), "bc");
  EXPECT_EQ(Keys(tape, "q"), "");
}

TEST(LargeTrades, FollowsChangesOfItsTradesAndOnlyThoseCountAsNew) {
  LargeTrades tape;
  tape.SetThreshold("p", 100);
  tape.See(Row("a", 1, 100));
  const uint64_t version = tape.version();
  tape.See(Row("a", 1, 100));
  EXPECT_EQ(tape.version(), version) << "the same again";
  tape.See(Row("a", 1, 300));
  ASSERT_EQ(tape.Newest("*", 9).size(), 1u);
  EXPECT_EQ(tape.Newest("*", 9)[0].trade.price, Row("a", 1, 300).price);
  EXPECT_GT(tape.version(), version);
  tape.See(Row("a", 1, 3));
  EXPECT_EQ(Keys(tape), "") << "not large any more";
  tape.See(Row("b", 1, 100));
  tape.Forget("b");
  EXPECT_EQ(Keys(tape), "");
}

TEST(LargeTrades, ForgetsTheOldestBeyondItsBound) {
  LargeTrades tape;
  tape.SetThreshold("p", 1);
  for (size_t i = 0; i < LargeTrades::kTradesMax + 5; ++i)
    tape.See(Row(std::to_string(i), static_cast<int64_t>(i), 10));
  const auto newest = tape.Newest("*", 10'000);
  ASSERT_EQ(newest.size(), LargeTrades::kTradesMax);
  EXPECT_EQ(newest.back().trade.key, "5");
}

TEST(OwnHistory, ComparesWithTheMedianOfEnoughSamples) {
  OwnHistory history;
  int64_t now = 1;
  const auto add = [&](double spread) {
    history.Add(now, {spread, std::nullopt, std::nullopt, std::nullopt});
    now += OwnHistory::kPaceMicros;
  };
  for (size_t i = 1; i < OwnHistory::kSamplesMin; ++i)
    add(i % 3 == 0 ? 100 : 3);
  EXPECT_EQ(history.Ratio(OwnQuantity::kSpread), std::nullopt) << "one too few";
  add(3);
  EXPECT_DOUBLE_EQ(history.Ratio(OwnQuantity::kSpread).value(), 1.0);
  history.Add(now - OwnHistory::kPaceMicros / 2, {30.0, {}, {}, {}});
  EXPECT_DOUBLE_EQ(history.Ratio(OwnQuantity::kSpread).value(), 10.0)
      << "present at once, a sample only every minute";
  EXPECT_EQ(history.Ratio(OwnQuantity::kGap), std::nullopt);
}

}  // namespace
}  // namespace tapelake::app
