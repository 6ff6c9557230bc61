#pragma once

/// A book beside a table of rows from which every bar can be told: the oracle of the book's tests.

#include <gtest/gtest.h>

#include <bit>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "market/market_book.h"

namespace tapelake::market {

inline constexpr int64_t kSecondMicros = 1'000'000;
inline constexpr int64_t kMinuteMicros = 60 * kSecondMicros;
inline constexpr int64_t kHourMicros = 60 * kMinuteMicros;
inline constexpr int64_t kDayMicros = 24 * kHourMicros;
inline constexpr int64_t kNow = 1'700'000'000 * kSecondMicros;

using BarName = std::tuple<Series, Interval, int64_t>;
using BarTable = std::map<BarName, Bar>;
using Rows = std::map<std::string, Trade>;

inline bool SameBits(const Bar& a, const Bar& b) {
  const auto bits = [](const Bar& bar) {
    return std::array{std::bit_cast<uint64_t>(bar.squared_tick_returns),
                      std::bit_cast<uint64_t>(bar.adjacent_tick_products),
                      std::bit_cast<uint64_t>(bar.first_tick_return),
                      std::bit_cast<uint64_t>(bar.last_tick_return)};
  };
  return a == b && bits(a) == bits(b);
}

/// All bars of the rows with a time of at most `horizon_micros`, made in the plainest way.
inline BarTable BarsOf(const Rows& rows, int64_t horizon_micros) {
  std::map<std::tuple<Series, TradePlace, std::string>, const Trade*> sorted;
  for (const auto& [key, trade] : rows) {
    if (trade.time_micros > horizon_micros) continue;
    sorted.emplace(std::tuple(Series{trade.pair, trade.exchange}, TradePlace::Of(trade), key),
                   &trade);
  }
  BarTable bars;
  for (const auto& [place, trade] : sorted) {
    const int64_t start = BarStart(Interval::kSecond, trade->time_micros);
    Bar& bar = bars[{std::get<0>(place), Interval::kSecond, start}];
    bar.start_micros = start;
    AddTrade(*trade, &bar);
  }
  for (size_t i = 1; i < kIntervals; ++i) {
    BarTable longer;
    for (const auto& [name, bar] : bars) {
      const auto& [series, interval, start] = name;
      if (interval != kAllIntervals[i - 1]) continue;
      const int64_t longer_start = BarStart(kAllIntervals[i], start);
      Bar& joined = longer[{series, kAllIntervals[i], longer_start}];
      joined.start_micros = longer_start;
      AppendBar(bar, &joined);
    }
    bars.merge(longer);
  }
  std::map<BarName, std::vector<const Bar*>> exchanges;
  for (const auto& [name, bar] : bars) {
    const auto& [series, interval, start] = name;
    exchanges[{Series{series.pair, kAllExchanges}, interval, start}].push_back(&bar);
  }
  for (const auto& [name, parts] : exchanges)
    bars[name] = MergeExchanges(parts);
  return bars;
}

/// Small windows, so that few rows reach all edges.
inline MarketBookOptions SmallOptions() {
  MarketBookOptions options;
  options.trade_window_micros = 10 * kSecondMicros;
  options.retention_micros = {250 * kSecondMicros,   750 * kSecondMicros, 2'000 * kSecondMicros,
                              8'000 * kSecondMicros, 3 * kDayMicros,      6 * kDayMicros};
  options.future_micros_max = 5 * kSecondMicros;
  return options;
}

/// The book, the rows that it is told of, the lake (the rows as of the last commit) and the table
/// of bars that TakeChangedBars fills.
class TestMarket {
 public:
  explicit TestMarket(const MarketBookOptions& options)
      : options_(options), book_(std::make_unique<MarketBook>(options)) {}

  MarketBook& book() { return *book_; }
  const Rows& rows() const { return rows_; }
  int64_t now() const { return now_; }
  int64_t newest() const { return newest_; }

  void Pass(int64_t micros) { now_ += micros; }

  /// One change as the table worker tells it.
  void Change(const std::string& key, const std::optional<Trade>& after) {
    const auto old = rows_.find(key);
    const auto touch = [&] {
      if (old == rows_.end()) return;
      book_->Touch(old->second.pair, old->second.exchange, old->second.time_micros);
    };
    touch_first_ = !touch_first_;
    if (touch_first_) touch();
    book_->Apply(key, after, now_);
    if (!touch_first_) touch();
    if (after) {
      rows_.insert_or_assign(key, *after);
      rows_[key].key = key;
    } else {
      rows_.erase(key);
    }
    SeeNewest();
  }

  void Put(Trade trade) {
    const std::string key = trade.key;
    Change(key, std::move(trade));
  }

  /// Take stale stretches, commit, and read them: they are rebuilt one by one, later.
  void TakeStale(size_t count_max) {
    const std::vector<StaleStretch> stale = book_->TakeStale(count_max);
    lake_ = rows_;
    reading_.insert(reading_.end(), stale.begin(), stale.end());
  }
  void RebuildOne() {
    if (reading_.empty()) return;
    const StaleStretch stretch = reading_.front();
    reading_.erase(reading_.begin());
    book_->Rebuild(stretch, RowsOf(stretch), now_);
  }
  void GiveBackOne() {
    if (reading_.empty()) return;
    book_->ReturnStale(reading_.back());
    reading_.pop_back();
  }

  /// Until nothing is stale.
  void Settle() {
    book_->Advance(now_);
    SeeNewest();
    for (int round = 0; book_->stale_count() > 0; ++round) {
      ASSERT_LT(round, 1'000) << "stale stretches never end";
      TakeStale(100);
      while (!reading_.empty())
        RebuildOne();
    }
  }

  void StoreChanged() {
    for (;;) {
      const std::vector<ChangedBar> changed = book_->TakeChangedBars(7);
      if (changed.empty()) return;
      std::set<BarName> names;
      for (const ChangedBar& bar : changed) {
        const BarName name = {bar.series, bar.interval, bar.bar.start_micros};
        EXPECT_TRUE(names.insert(name).second) << "handed out twice at once";
        if (bar.bar.rows() > 0) {
          stored_.insert_or_assign(name, bar.bar);
        } else {
          stored_.erase(name);
        }
      }
    }
  }

  /// A new process: bars come from the stored table, trades from the lake.
  void Restart(bool rebuild) {
    book_ = std::make_unique<MarketBook>(options_);
    reading_.clear();
    lake_ = rows_;
    newest_ = std::numeric_limits<int64_t>::min();
    for (const auto& [name, bar] : stored_) {
      const auto& [series, interval, start] = name;
      if (series.exchange == kAllExchanges) continue;
      book_->Restore(series, interval, bar);
      newest_ = std::max(newest_, bar.has_prices() ? bar.last.time_micros : start);
    }
    if (!rebuild) return;
    std::set<StaleStretch> minutes;
    for (const auto& [key, row] : lake_) {
      if (row.time_micros < newest_ - options_.retention_micros[0] - kMinuteMicros) continue;
      minutes.insert({row.pair, row.exchange, Interval::kMinute,
                      BarStart(Interval::kMinute, row.time_micros)});
    }
    for (const StaleStretch& minute : minutes)
      book_->Rebuild(minute, RowsOf(minute), now_);
    SeeNewest();
  }

  /// Nothing may be stale. Every bar of at least `shortest` in memory, and every bar in the table,
  /// is right, and none is missing.
  void Check(Interval shortest = Interval::kSecond) {
    ASSERT_EQ(book_->stale_count(), 0u);
    const BarTable truth = BarsOf(rows_, Horizon());
    std::set<Series> names;
    for (const std::string& pair : book_->Pairs()) {
      names.insert({pair, kAllExchanges});
      for (const std::string& exchange : book_->ExchangesOf(pair))
        names.insert({pair, exchange});
    }
    BarTable held;
    for (const Series& series : names) {
      for (const Interval interval : kAllIntervals) {
        if (interval < shortest) continue;
        for (const BookBar* bar : book_->Bars(series, interval, -kNow * 10, kNow * 10))
          held[{series, interval, bar->bar.start_micros}] = bar->bar;
      }
    }
    BarTable wanted_held, wanted_stored;
    for (const auto& [name, bar] : truth) {
      const auto& [series, interval, start] = name;
      const int64_t retention = options_.retention_micros[static_cast<size_t>(interval)];
      if (interval >= shortest && start >= BarStart(interval, newest_ - retention)) {
        wanted_held[name] = bar;
      }
      if (interval != Interval::kSecond) wanted_stored[name] = bar;
    }
    ExpectSame(held, wanted_held, "in memory");
    StoreChanged();
    ExpectSame(stored_, wanted_stored, "in the table");
  }

  const BarTable& stored() const { return stored_; }

 private:
  static void ExpectSame(const BarTable& found, const BarTable& wanted, const char* where) {
    int wrong = 0;
    const auto tell = [&](const BarName& name, const char* what) {
      const auto& [series, interval, start] = name;
      if (++wrong > 5) return;
      ADD_FAILURE() << where << ": " << what << ": " << series.pair << " " << series.exchange << " "
                    << IntervalText(interval) << " now " << (start - kNow) / 1e6 << " s";
    };
    for (const auto& [name, bar] : wanted) {
      const auto at = found.find(name);
      if (at == found.end()) {
        tell(name, "missing");
      } else if (!SameBits(at->second, bar)) {
        tell(name, "differs");
      }
    }
    for (const auto& [name, bar] : found) {
      if (!wanted.contains(name)) tell(name, "too many");
    }
  }

  int64_t Horizon() const { return now_ + options_.future_micros_max; }

  void SeeNewest() {
    for (const auto& [key, row] : rows_) {
      if (row.time_micros <= Horizon()) newest_ = std::max(newest_, row.time_micros);
    }
  }

  std::vector<Trade> RowsOf(const StaleStretch& stretch) const {
    std::vector<Trade> rows;
    for (const auto& [key, row] : lake_) {
      if (row.pair == stretch.pair && row.exchange == stretch.exchange &&
          BarStart(stretch.interval, row.time_micros) == stretch.start_micros) {
        rows.push_back(row);
      }
    }
    return rows;
  }

  MarketBookOptions options_;
  std::unique_ptr<MarketBook> book_;
  int64_t now_ = kNow;
  int64_t newest_ = std::numeric_limits<int64_t>::min();
  bool touch_first_ = false;
  Rows rows_;
  Rows lake_;
  std::vector<StaleStretch> reading_;
  BarTable stored_;
};

}  // namespace tapelake::market
