#include "market/market_book.h"

#include <algorithm>

#include "market/testing_market.h"

namespace tapelake::market {
namespace {

using testing::Test;

constexpr base::Int128 kOne = 1'000'000'000'000'000'000;

Trade Success(std::string key, int64_t time_micros, int64_t price = 100,
              std::string exchange = "alpha", std::string pair = "BTC/USD") {
  return {.key = std::move(key),
          .pair = std::move(pair),
          .exchange = std::move(exchange),
          .time_micros = time_micros,
          .status = TradeStatus::kSuccess,
          .side = TradeSide::kBuy,
          .has_amounts = true,
          .price = price * kOne,
          .quantity = kOne};
}

const Series kAlpha = {"BTC/USD", "alpha"};
const Series kAcross = {"BTC/USD", kAllExchanges};

std::vector<const BookBar*> AllBars(const MarketBook& book, const Series& series,
                                    Interval interval) {
  return book.Bars(series, interval, -10 * kNow, 10 * kNow);
}

TEST(MarketBook, OneTradeMakesABarOfEveryIntervalAndAcrossExchanges) {
  TestMarket market(SmallOptions());
  market.Put(Success("a", kNow));
  for (const Interval interval : kAllIntervals) {
    for (const Series& series : {kAlpha, kAcross}) {
      const auto bars = AllBars(market.book(), series, interval);
      ASSERT_EQ(bars.size(), 1u) << IntervalText(interval);
      EXPECT_EQ(bars[0]->bar.start_micros, BarStart(interval, kNow));
      EXPECT_EQ(bars[0]->bar.trades, 1);
    }
  }
  EXPECT_EQ(market.book().Pairs(), std::vector<std::string>{"BTC/USD"});
  EXPECT_EQ(market.book().ExchangesOf("BTC/USD"), std::vector<std::string>{"alpha"});
  EXPECT_TRUE(AllBars(market.book(), {"BTC/USD", "other"}, Interval::kMinute).empty());
}

TEST(MarketBook, ArrivalOrderAndRepeatsDoNotShow) {
  std::mt19937_64 random(3);
  std::vector<Trade> trades;
  for (int i = 0; i < 200; ++i) {
    trades.push_back(Success("k" + std::to_string(i), kNow + (i % 9) * kSecondMicros / 2,
                             1 + static_cast<int64_t>(random() % 1'000'000),
                             i % 3 == 0 ? "beta" : "alpha"));
  }
  BarTable first;
  for (int round = 0; round < 10; ++round) {
    std::shuffle(trades.begin(), trades.end(), random);
    TestMarket market(SmallOptions());
    for (const Trade& trade : trades) {
      market.Put(trade);
      if (random() % 5 == 0) market.Put(trades[random() % 200]);
      if (random() % 50 == 0) market.book().version();
    }
    for (const Trade& trade : trades)
      market.Put(trade);
    market.Check();
    if (round == 0) first = market.stored();
    ASSERT_EQ(market.stored().size(), first.size());
    for (const auto& [name, bar] : market.stored())
      EXPECT_TRUE(SameBits(bar, first.at(name)));
  }
}

TEST(MarketBook, RetractionAndReinsertionComeBackToTheSameBits) {
  TestMarket market(SmallOptions());
  for (int i = 0; i < 20; ++i)
    market.Put(Success("k" + std::to_string(i), kNow + i * 100'000, 100 + i * i % 7));
  const Bar before = AllBars(market.book(), kAlpha, Interval::kDay)[0]->bar;
  market.Change("k7", std::nullopt);
  const Bar without = AllBars(market.book(), kAlpha, Interval::kDay)[0]->bar;
  EXPECT_EQ(without.trades, 19);
  Trade moved = Success("k7", kNow + 9 * kSecondMicros, 5, "beta", "ETH/USD");
  market.Put(moved);
  EXPECT_TRUE(SameBits(AllBars(market.book(), kAlpha, Interval::kDay)[0]->bar, without));
  market.Put(Success("k7", kNow + 700'000, 100 + 49 % 7));
  EXPECT_TRUE(SameBits(AllBars(market.book(), kAlpha, Interval::kDay)[0]->bar, before));
  EXPECT_TRUE(AllBars(market.book(), {"ETH/USD", "beta"}, Interval::kDay).empty());
  market.Check();
}

TEST(MarketBook, ARepeatKeepsTheVersion) {
  TestMarket market(SmallOptions());
  market.Put(Success("a", kNow));
  const uint64_t version = market.book().version();
  EXPECT_GT(version, 0u);
  market.Put(Success("a", kNow));
  EXPECT_EQ(market.book().version(), version);
  // There and back between two readers is no change either.
  market.Put(Success("a", kNow, 200));
  market.Put(Success("a", kNow));
  EXPECT_EQ(market.book().version(), version);
}

TEST(MarketBook, BarsSinceAreTheChangedOnesAndThoseThatLostTheirLastRow) {
  TestMarket market(SmallOptions());
  for (int i = 0; i < 8; ++i)
    market.Put(Success("k" + std::to_string(i), kNow + (i - 8) * kSecondMicros));
  const uint64_t version = market.book().version();
  EXPECT_TRUE(market.book().BarsSince(kAlpha, Interval::kSecond, version).empty());
  market.Put(Success("k2", kNow - 6 * kSecondMicros, 77));
  market.Change("k1", std::nullopt);
  const auto since = market.book().BarsSince(kAlpha, Interval::kSecond, version);
  ASSERT_EQ(since.size(), 2u);
  EXPECT_EQ(since[0]->bar.start_micros, kNow - 7 * kSecondMicros);
  EXPECT_EQ(since[0]->bar.rows(), 0);
  EXPECT_TRUE(since[1]->bar.close_price() == 77 * kOne);
  EXPECT_EQ(AllBars(market.book(), kAlpha, Interval::kSecond).size(), 7u);
}

TEST(MarketBook, ChangedBarsAreHandedOutOnceAlsoWhenEmpty) {
  TestMarket market(SmallOptions());
  market.Put(Success("a", kNow));
  EXPECT_EQ(market.book().TakeChangedBars(1'000).size(), 10u);  // five intervals, twice
  EXPECT_TRUE(market.book().TakeChangedBars(1'000).empty());
  market.Change("a", std::nullopt);
  const auto gone = market.book().TakeChangedBars(1'000);
  ASSERT_EQ(gone.size(), 10u);
  for (const ChangedBar& bar : gone)
    EXPECT_EQ(bar.bar.rows(), 0);
}

TEST(MarketBook, AnOldRowMakesItsStretchStaleUntilItIsRebuilt) {
  TestMarket market(SmallOptions());
  market.Put(Success("a", kNow));
  const int64_t old = kNow - 5 * kMinuteMicros;
  market.Put(Success("b", old));
  const int64_t minute = BarStart(Interval::kMinute, old);
  EXPECT_EQ(market.book().stale_count(), 1u);
  EXPECT_TRUE(market.book().IsStale(kAlpha, Interval::kMinute, minute));
  EXPECT_TRUE(market.book().IsStale(kAcross, Interval::kDay, BarStart(Interval::kDay, old)));
  EXPECT_TRUE(market.book().IsStale(kAlpha, Interval::kSecond, minute));
  EXPECT_FALSE(market.book().IsStale(kAlpha, Interval::kMinute, minute + kMinuteMicros));
  EXPECT_FALSE(market.book().IsStale({"BTC/USD", "beta"}, Interval::kDay, 0));
  const auto stale = market.book().TakeStale(10);
  ASSERT_EQ(stale.size(), 1u);
  EXPECT_EQ(stale[0], (StaleStretch{"BTC/USD", "alpha", Interval::kMinute, minute}));
  EXPECT_TRUE(market.book().TakeStale(10).empty());
  EXPECT_TRUE(market.book().IsStale(kAlpha, Interval::kMinute, minute));
  const uint64_t version = market.book().version();
  market.book().Rebuild(stale[0], std::vector{market.rows().at("b")}, kNow);
  EXPECT_FALSE(market.book().IsStale(kAlpha, Interval::kMinute, minute));
  EXPECT_GT(market.book().version(), version);
  market.Check();
}

TEST(MarketBook, AStretchTouchedWhileItIsReadStaysStale) {
  TestMarket market(SmallOptions());
  market.Put(Success("a", kNow));
  const int64_t old = kNow - 5 * kMinuteMicros;
  market.book().Touch("BTC/USD", "alpha", old);
  const auto stale = market.book().TakeStale(10);
  market.Put(Success("b", old));
  market.book().Rebuild(stale[0], {}, kNow);
  EXPECT_TRUE(market.book().IsStale(kAlpha, Interval::kMinute, stale[0].start_micros));
  market.Settle();
  market.Check();
}

TEST(MarketBook, ASecondSealedWhileItsStretchIsReadMakesItStaleAgain) {
  TestMarket market(SmallOptions());  // kNow is the 20th second of its minute
  market.Pass(19 * kSecondMicros);
  market.Put(Success("a", kNow + 15 * kSecondMicros));
  market.Put(Success("late", kNow));
  market.TakeStale(10);
  market.Put(Success("b", kNow + 11 * kSecondMicros));
  market.Pass(20 * kSecondMicros);
  market.Put(Success("c", kNow + 39 * kSecondMicros));
  market.RebuildOne();  // from a table without b, whose second has left the window
  EXPECT_EQ(market.book().stale_count(), 1u);
  market.Settle();
  market.Check();
}

TEST(MarketBook, ARowThatMovedBackAndLeftTheWindowIsNotBroughtBack) {
  TestMarket market(SmallOptions());
  market.Pass(19 * kSecondMicros);
  market.Put(Success("a", kNow + 15 * kSecondMicros));
  market.Put(Success("x", kNow + 10 * kSecondMicros));
  market.Put(Success("late", kNow));
  market.TakeStale(10);
  market.Put(Success("x", kNow + 6 * kSecondMicros));
  market.Put(Success("b", kNow + 17 * kSecondMicros));
  market.RebuildOne();  // from a table in which x is still within the window
  market.Settle();
  market.Check();
}

TEST(MarketBook, OneRebuildAnswersTakesThatWereJoined) {
  TestMarket market(SmallOptions());
  market.Put(Success("a", kNow));
  market.Put(Success("b", kNow - 5 * kMinuteMicros));
  const auto stale = market.book().TakeStale(10);
  market.book().Touch("BTC/USD", "alpha", kNow - 5 * kMinuteMicros);
  ASSERT_EQ(market.book().TakeStale(10), stale);
  market.book().JoinTakes(stale[0]);
  const Trade trade = Success("b", kNow - 5 * kMinuteMicros);
  market.book().Rebuild(stale[0], std::span(&trade, 1), kNow);
  EXPECT_EQ(market.book().stale_count(), 0U);
}

TEST(MarketBook, AReturnedStretchIsTakenAgain) {
  TestMarket market(SmallOptions());
  market.Put(Success("a", kNow));
  market.Put(Success("b", kNow - 5 * kMinuteMicros));
  const auto stale = market.book().TakeStale(10);
  market.book().ReturnStale(stale[0]);
  EXPECT_EQ(market.book().TakeStale(10), stale);
}

TEST(MarketBook, StretchesGrowWithTheirAge) {
  TestMarket market(SmallOptions());
  market.Put(Success("a", kNow));
  const auto stretch_at = [&](int64_t age) {
    market.book().Touch("BTC/USD", "alpha", kNow - age);
    const auto stale = market.book().TakeStale(1);
    return stale.empty() ? Interval::kSecond : stale[0].interval;
  };
  EXPECT_EQ(stretch_at(5 * kSecondMicros), Interval::kSecond);  // none: the window knows its rows
  EXPECT_EQ(stretch_at(5 * kMinuteMicros), Interval::kMinute);
  EXPECT_EQ(stretch_at(30 * kMinuteMicros), Interval::kHour);
  EXPECT_EQ(stretch_at(30 * kHourMicros), Interval::kHour);
  EXPECT_EQ(stretch_at(5 * kDayMicros), Interval::kDay);
}

TEST(MarketBook, RowsOfAllCenturiesReachTheTableOfBars) {
  TestMarket market(SmallOptions());
  market.Put(Success("now", kNow));
  market.Put(Success("1700", -8'500'000'000 * kSecondMicros));
  market.Put(Success("1700b", -8'500'000'000 * kSecondMicros, 90, "beta"));
  market.Put(Success("2900", 29'348'000'000 * kSecondMicros));
  market.Put(Success("1970", 5));
  market.Settle();
  market.Check();
  EXPECT_EQ(market.book().counts().held_back, 1);
  EXPECT_EQ(AllBars(market.book(), kAlpha, Interval::kDay).size(), 1u);  // the others are let go
  market.Change("1700", std::nullopt);
  market.Settle();
  market.Check();
}

TEST(MarketBook, TimesOutsideTheCalendarAreCounted) {
  MarketBook book(SmallOptions());
  book.Apply("a", Success("a", std::numeric_limits<int64_t>::min()), kNow);
  book.Apply("b", Success("b", std::numeric_limits<int64_t>::max()), kNow);
  book.Touch("BTC/USD", "alpha", std::numeric_limits<int64_t>::min());
  EXPECT_EQ(book.counts().times_refused, 3);
  EXPECT_EQ(book.counts().bars_held, 0);
}

TEST(MarketBook, RowsAheadOfTheirTimeWaitForIt) {
  TestMarket market(SmallOptions());
  market.Put(Success("a", kNow));
  market.Put(Success("b", kNow + 20 * kSecondMicros, 500));
  market.Put(Success("c", kNow + 21 * kSecondMicros, 600));
  market.Put(Success("d", kNow + 22 * kSecondMicros, 700));
  market.Change("c", std::nullopt);
  market.Put(Success("d", kNow + 1, 3));
  EXPECT_EQ(market.book().counts().held_back, 1);
  EXPECT_TRUE(AllBars(market.book(), kAlpha, Interval::kDay)[0]->bar.high == 100 * kOne);
  market.Check();
  market.Pass(15 * kSecondMicros);
  market.book().Advance(market.now());
  EXPECT_EQ(market.book().counts().held_back, 0);
  EXPECT_TRUE(AllBars(market.book(), kAlpha, Interval::kDay)[0]->bar.high == 500 * kOne);
  market.Settle();
  market.Check();
}

TEST(MarketBook, RowsAheadWithoutRoomAreReadFromTheTableWhenTheirMinuteIsOver) {
  MarketBookOptions options = SmallOptions();
  options.held_back_max = 3;
  TestMarket market(options);
  market.Put(Success("a", kNow));
  for (int i = 9; i > 0; --i)
    market.Put(Success("k" + std::to_string(i), kNow + 60 * kSecondMicros + i, 100 + i));
  EXPECT_EQ(market.book().counts().held_back, 3);
  EXPECT_EQ(market.book().counts().future_refused, 0);
  market.Pass(200 * kSecondMicros);
  market.Settle();
  market.Check();
}

TEST(MarketBook, RowsAheadBeyondAllBoundsAreCounted) {
  MarketBookOptions options = SmallOptions();
  options.held_back_max = 3;
  MarketBook book(options);
  for (int i = 1; i <= 10; ++i)
    book.Apply(std::to_string(i), Success(std::to_string(i), kNow + i * kHourMicros), kNow);
  EXPECT_EQ(book.counts().held_back, 3);
  EXPECT_EQ(book.counts().future_refused, 4);
}

TEST(MarketBook, AnOldTapePlaysAsALiveOneDoes) {
  TestMarket market(SmallOptions());
  const int64_t start = kNow - 2'000 * kDayMicros;
  for (int i = 0; i < 2'000; ++i)
    market.Put(Success("k" + std::to_string(i), start + i * 3 * kSecondMicros, 100 + i % 50));
  EXPECT_EQ(market.book().stale_count(), 0u);
  market.Settle();
  market.Check();
  market.Put(Success("today", kNow));  // a jump over all retentions
  EXPECT_EQ(market.book().stale_count(), 0u);
  market.Settle();
  market.Check();
}

TEST(MarketBook, MemoryHoldsWhatTheRetentionsSay) {
  TestMarket market(SmallOptions());
  for (int i = 0; i < 5'000; ++i) {
    market.Put(Success(std::to_string(i), market.now()));
    market.Pass(kSecondMicros);
  }
  market.book().Advance(market.now());
  const auto counts = market.book().counts();
  EXPECT_EQ(counts.trades_held, 11);
  EXPECT_LE(counts.bars_held, 2 * (251 + 15 + 8 + 10 + 3 + 2));
  market.Check();
}

TEST(MarketBook, SeriesBeyondTheBoundAreCountedAndLeftOut) {
  MarketBookOptions options = SmallOptions();
  options.series_max = 2;
  MarketBook book(options);
  book.Apply("a", Success("a", kNow, 1, "one"), kNow);
  book.Apply("b", Success("b", kNow, 1, "two"), kNow);
  book.Apply("c", Success("c", kNow, 1, "three"), kNow);
  EXPECT_EQ(book.counts().series_refused, 1);
  // A row that moves into a series without room leaves its old one all the same.
  book.Apply("a", Success("a", kNow, 1, "three"), kNow);
  EXPECT_TRUE(AllBars(book, {"BTC/USD", "one"}, Interval::kMinute).empty());
  EXPECT_EQ(AllBars(book, kAcross, Interval::kMinute)[0]->bar.trades, 1);
  EXPECT_EQ(book.ExchangesOf("BTC/USD"), (std::vector<std::string>{"one", "two"}));
}

TEST(MarketBook, AnExchangeCannotTakeTheNameOfAll) {
  MarketBook book(SmallOptions());
  book.Apply("a", Success("a", kNow, 1, kAllExchanges), kNow);
  EXPECT_EQ(book.counts().series_refused, 1);
  EXPECT_TRUE(book.Pairs().empty());
}

TEST(MarketBook, MarksBeyondTheBoundAreCounted) {
  MarketBookOptions options = SmallOptions();
  options.stale_max = 2;
  MarketBook book(options);
  book.Apply("a", Success("a", kNow), kNow);
  for (int day = 10; day < 15; ++day)
    book.Touch("BTC/USD", "alpha", kNow - day * kDayMicros);
  EXPECT_EQ(book.stale_count(), 2u);
  EXPECT_EQ(book.counts().stale_refused, 3);
}

TEST(MarketBook, ARestoredMinuteIsNotChangedBeforeItsTradesAreKnown) {
  TestMarket market(SmallOptions());
  market.Put(Success("a", kNow));
  market.Put(Success("b", kNow + 1));
  market.StoreChanged();
  market.Restart(false);
  EXPECT_TRUE(market.book().TakeChangedBars(100).empty());
  EXPECT_EQ(AllBars(market.book(), kAcross, Interval::kDay)[0]->bar.trades, 2);
  market.Put(Success("c", kNow + 2));
  EXPECT_EQ(AllBars(market.book(), kAlpha, Interval::kMinute)[0]->bar.trades, 2);
  EXPECT_EQ(market.book().stale_count(), 1u);
  market.Settle();
  EXPECT_EQ(AllBars(market.book(), kAlpha, Interval::kMinute)[0]->bar.trades, 3);
  market.Check();
}

TEST(MarketBook, ATouchInARestoredMinuteMakesItStale) {
  TestMarket market(SmallOptions());
  market.Put(Success("a", kNow));
  market.Put(Success("b", kNow + 1));
  market.StoreChanged();
  market.Restart(false);
  market.Change("a", std::nullopt);
  EXPECT_EQ(market.book().stale_count(), 1u);
  market.Settle();
  market.Check();
}

TEST(MarketBook, WhatApplySaidCountsMoreThanATableThatIsBehind) {
  MarketBook book(SmallOptions());
  const Trade a = Success("a", kNow), b = Success("b", kNow), c = Success("c", kNow);
  book.Apply("a", a, kNow);
  book.Apply("a", std::nullopt, kNow);
  book.Apply("b", Success("b", kNow, 300), kNow);
  book.Rebuild({"BTC/USD", "alpha", Interval::kMinute, BarStart(Interval::kMinute, kNow)},
               std::vector{a, b, c}, kNow);
  const auto bars = AllBars(book, kAlpha, Interval::kMinute);
  ASSERT_EQ(bars.size(), 1u);
  EXPECT_EQ(bars[0]->bar.trades, 2);
  EXPECT_TRUE(bars[0]->bar.high == 300 * kOne);
  book.Apply("c", std::nullopt, kNow);  // known by key from then on
  EXPECT_EQ(AllBars(book, kAlpha, Interval::kMinute)[0]->bar.trades, 1);
}

TEST(MarketBook, RecentTradesAreTheNewestFirst) {
  TestMarket market(SmallOptions());
  market.Put(Success("a", kNow));
  market.Put(Success("b", kNow + 2 * kSecondMicros, 1, "beta"));
  market.Put(Success("c", kNow + kSecondMicros));
  market.Put(Success("d", kNow + kSecondMicros));
  market.Put(Success("e", kNow, 1, "alpha", "ETH/USD"));
  const auto keys = [&](const Series& series, size_t count) {
    std::string text;
    for (const Trade& trade : market.book().RecentTrades(series, count))
      text += trade.key;
    return text;
  };
  EXPECT_EQ(keys(kAlpha, 10), "dca");
  EXPECT_EQ(keys(kAcross, 3), "bdc");
  EXPECT_EQ(keys({"none", "alpha"}, 3), "");
  EXPECT_EQ(market.book().RecentTrades(kAcross, 1)[0].exchange, "beta");
}

TEST(MarketBook, PairsTakeTurnsWithTheirStaleStretches) {
  MarketBook book(SmallOptions());
  book.Apply("a", Success("a", kNow), kNow);
  for (int day = 10; day < 14; ++day) {
    book.Touch("A/USD", "x", kNow - day * kDayMicros);
    book.Touch("B/USD", "x", kNow - day * kDayMicros);
  }
  const auto first = book.TakeStale(2);
  const auto second = book.TakeStale(2);
  ASSERT_EQ(first.size(), 2u);
  EXPECT_EQ(first[0].pair, "A/USD");
  EXPECT_LT(first[0].start_micros, first[1].start_micros);
  EXPECT_EQ(second[0].pair, "B/USD");
}

}  // namespace
}  // namespace tapelake::market
