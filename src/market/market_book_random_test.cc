/// Random lives of a book, compared with bars made from the rows that are left.

#include <cstdlib>

#include "market/testing_market.h"

namespace tapelake::market {
namespace {

using base::Int128;

/// Makes changes of all kinds; the seed decides all.
class Changes {
 public:
  Changes(uint64_t seed, TestMarket* market) : random_(seed), market_(market) {}

  /// How far ahead of now rows are at most.
  void set_ahead_seconds_max(size_t seconds) { ahead_seconds_max_ = seconds; }

  size_t Below(size_t end) { return random_() % end; }

  void Step() {
    market_->Pass(static_cast<int64_t>(Below(400'000)));
    switch (Below(20)) {
      case 0:
        market_->TakeStale(1 + Below(6));
        break;
      case 1:
      case 2:
      case 3:
        market_->RebuildOne();
        break;
      case 4:
        if (Below(10) == 0) market_->Pass(static_cast<int64_t>(Below(100)) * kSecondMicros);
        market_->book().Advance(market_->now());
        break;
      case 5:
        if (Below(4) == 0) market_->StoreChanged();
        if (Below(8) == 0) market_->GiveBackOne();
        market_->book().version();
        break;
      case 6:
      case 7:
        if (!market_->rows().empty()) market_->Change(AnyKey(), std::nullopt);
        break;
      case 8:
        if (!market_->rows().empty()) {
          const std::string key = AnyKey();
          market_->Change(key, market_->rows().at(key));  // a repeat
        }
        break;
      case 9:
      case 10:
      case 11:
      case 12:
        if (!market_->rows().empty()) Modify();
        break;
      default:
        market_->Put(NewTrade());
        break;
    }
  }

 private:
  std::string AnyKey() {
    // Mostly a recent one: keys count up.
    const size_t size = market_->rows().size();
    auto at = market_->rows().begin();
    std::advance(at, Below(size));
    return at->first;
  }

  int64_t AnyTime() {
    const int64_t now = market_->now();
    switch (Below(24)) {
      case 0:
        return now - static_cast<int64_t>(Below(5 * 60)) * kSecondMicros;
      case 1:
        return now - static_cast<int64_t>(Below(5 * 60)) * kMinuteMicros;
      case 2:
        return now - static_cast<int64_t>(Below(12 * 24)) * kHourMicros;
      case 3:
        return Below(6) == 0 ? -kNow * 5 + static_cast<int64_t>(Below(3)) * kDayMicros : now;
      case 4:
        return now + static_cast<int64_t>(Below(ahead_seconds_max_ + 1)) * kSecondMicros;
      default:
        // Few different moments: keys decide.
        return now - now % 50'000 - static_cast<int64_t>(Below(12'000)) * 1'000;
    }
  }

  Int128 AnyAmount() {
    switch (Below(8)) {
      case 0:
        return 1'000'000;  // 1e-12
      case 1:
        return static_cast<Int128>(1'000'000'000) * 1'000'000'000 * 1'000'000'000;  // 1e9
      case 2: {
        Int128 largest = 0;
        for (int i = 0; i < 38; ++i)
          largest = largest * 10 + 9;
        return largest - static_cast<Int128>(Below(1'000));
      }
      case 3:
        return Below(3) == 0 ? -1 : 0;
      default:
        return static_cast<Int128>(1 + Below(1'000'000)) * 1'000'000'000'000'000;
    }
  }

  void AnyContent(Trade* trade) {
    trade->status = Below(3) == 0 ? static_cast<TradeStatus>(1 + Below(4)) : TradeStatus::kSuccess;
    trade->side = static_cast<TradeSide>(1 + Below(3));
    trade->has_amounts = Below(12) != 0;
    trade->price = AnyAmount();
    trade->quantity = AnyAmount();
    trade->fee = AnyAmount() / 1'000;
  }

  Trade NewTrade() {
    Trade trade;
    const uint64_t number = next_++;
    trade.key = (Below(4) == 0 ? std::string(40, 'k') : std::string()) + std::to_string(number);
    AnySeries(&trade);
    trade.time_micros = AnyTime();
    AnyContent(&trade);
    return trade;
  }

  void AnySeries(Trade* trade) {
    trade->pair = Below(3) == 0 ? "ETH/EUR" : "BTC/USD";
    trade->exchange = std::array{"alpha", "beta", ""}[Below(3)];
  }

  void Modify() {
    Trade trade = market_->rows().at(AnyKey());
    switch (Below(5)) {
      case 0:
        AnySeries(&trade);
        break;
      case 1:
        trade.time_micros = AnyTime();
        break;
      case 2:
        trade.status = TradeStatus::kSuccess;
        break;
      case 3:
        trade.price = AnyAmount();
        break;
      default:
        AnyContent(&trade);
        break;
    }
    market_->Put(trade);
  }

  std::mt19937_64 random_;
  TestMarket* market_;
  uint64_t next_ = 1;
  size_t ahead_seconds_max_ = 60;
};

class RandomBook : public testing::TestWithParam<uint64_t> {};

TEST_P(RandomBook, BarsAreAFunctionOfTheRows) {
  TestMarket market(SmallOptions());
  Changes changes(GetParam(), &market);
  for (int part = 0; part < 6 && !testing::Test::HasFailure(); ++part) {
    for (int i = 0; i < 300; ++i)
      changes.Step();
    market.Settle();
    market.Check();
  }
}

TEST_P(RandomBook, ARestartedBookGoesOnAsItWas) {
  TestMarket market(SmallOptions());
  Changes changes(GetParam() + 1'000, &market);
  for (int part = 0; part < 6 && !testing::Test::HasFailure(); ++part) {
    for (int i = 0; i < 150; ++i)
      changes.Step();
    market.Settle();
    market.Check();
    market.Restart(true);
    market.Settle();
    market.Check();
  }
}

TEST_P(RandomBook, ARestartedBookThatReadsNothingMakesStaleWhatItDoesNotKnow) {
  TestMarket market(SmallOptions());
  Changes changes(GetParam() + 2'000, &market);
  changes.set_ahead_seconds_max(5);  // rows held back would have to be read
  for (int part = 0; part < 6 && !testing::Test::HasFailure(); ++part) {
    for (int i = 0; i < 150; ++i)
      changes.Step();
    market.Settle();
    market.Check(Interval::kMinute);
    market.Restart(false);
  }
}

TEST_P(RandomBook, AWindowOfFewTradesOnlyMakesMoreStretchesStale) {
  MarketBookOptions options = SmallOptions();
  options.trades_max = 20;
  TestMarket market(options);
  Changes changes(GetParam() + 3'000, &market);
  for (int part = 0; part < 6 && !testing::Test::HasFailure(); ++part) {
    for (int i = 0; i < 300; ++i)
      changes.Step();
    EXPECT_LE(market.book().counts().trades_held, 20);
    market.Settle();
    market.Check();
  }
}

/// More seeds than the everyday ones: TAPELAKE_MARKET_SEEDS=500.
uint64_t SeedEnd() {
  const char* count = std::getenv("TAPELAKE_MARKET_SEEDS");
  return 1 + (count == nullptr ? 3 : std::strtoull(count, nullptr, 10));
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomBook, testing::Range<uint64_t>(1, SeedEnd()));

}  // namespace
}  // namespace tapelake::market
