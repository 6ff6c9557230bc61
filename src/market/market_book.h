#pragma once

/// All bars of all pairs and exchanges, kept right while rows come, change and go.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "market/bar.h"
#include "market/interval.h"
#include "market/trade.h"

namespace tapelake::market {

/// A pair on one exchange, or across all exchanges.
struct Series {
  std::string pair;
  std::string exchange;  ///< kAllExchanges: across exchanges.
  auto operator<=>(const Series&) const = default;
};
inline constexpr char kAllExchanges[] = "*";

/// A bar and when it last changed.
struct BookBar {
  Bar bar;
  uint64_t version = 0;  ///< MarketBook::version() at its last change.
};

/// A stretch of one pair and exchange whose trades must be read from the lake again, because a row
/// in it changed that the book does not hold any more. `interval` is kMinute, kHour or kDay: the
/// stretch is one such bar.
struct StaleStretch {
  std::string pair;
  std::string exchange;  ///< Never kAllExchanges.
  Interval interval = Interval::kMinute;
  int64_t start_micros = 0;
  auto operator<=>(const StaleStretch&) const = default;
};

/// A bar that differs from what TakeChangedBars() last said of it.
struct ChangedBar {
  Series series;
  Interval interval = Interval::kMinute;
  Bar bar;  ///< rows() == 0: no row is left in it.
};

struct MarketBookOptions {
  /// Single trades are kept so long, by event time behind the newest; changes of older ones make
  /// their stretch stale. At least as long as most rows take to settle.
  int64_t trade_window_micros = 120'000'000;
  /// Of more trades than this only the newest seconds are kept, whatever the window.
  size_t trades_max = 200'000;
  /// How long bars of each interval are kept, by event time behind the newest. Raised to what the
  /// next longer bars of the trade window are made of, if shorter.
  std::array<int64_t, kIntervals> retention_micros = {
      600'000'000,        // 1s: 10 minutes
      90'000'000'000,     // 1m: 25 hours
      176'400'000'000,    // 5m: 49 hours
      608'400'000'000,    // 15m: 7 days and an hour
      2'678'400'000'000,  // 1h: 31 days
      34'560'000'000'000  // 1d: 400 days
  };
  /// Rows with an event time further ahead of `now` than this make no bars ahead of time: they are
  /// held back until their time comes (bounded like all trades) and counted.
  int64_t future_micros_max = 60'000'000;
  /// Series beyond this many are counted and left out: hostile names must not fill the memory.
  size_t series_max = 4'096;
  /// Rows held back at most. Of more, those furthest ahead are let go, and their minutes become
  /// stale when they are over; of such minutes also at most so many, then they are counted.
  size_t held_back_max = 65'536;
  /// Stale stretches at most; more are counted and not remembered.
  size_t stale_max = 1'048'576;
  /// Keys remembered of rows that left the window other than by age, for Rebuild.
  size_t departed_max = 131'072;
  /// TakeChangedBars hands out bars of this interval (kMinute at least) and longer ones.
  Interval stored_min = Interval::kMinute;
};

/// The book. One thread. Memory: about 700 bytes a bar and 210 a trade of the window.
///
/// Invariant: what the bars say is a function of the set of rows alone, never of the order or
/// number of times in which they came: the same rows give the same bits.
///
/// Time is event time. The newest event time moves the window and the retentions; it is never more
/// than `future_micros_max` ahead of the wall clock, and only goes forward. If all rows are years
/// old, so is the newest: old tapes play as live ones do. Rows with a time outside the years 0001
/// to 9999 and rows of an exchange named kAllExchanges are counted and left out.
///
/// Changes only mark bars; they are made when something is read. Reading is const and still one
/// thread's.
class MarketBook {
 public:
  explicit MarketBook(const MarketBookOptions& options);
  ~MarketBook();

  /// The row `key` is `after` now; nullopt: there is no such row any more. `now_micros` is the wall
  /// clock. Repeats change nothing within the window. If the time of `after` lies before the trade
  /// window, its stretch becomes stale (the stretch where the row was before: see Touch). So does a
  /// restored minute whose trades the book was never told (see Restore).
  void Apply(std::string_view key, const std::optional<Trade>& after, int64_t now_micros);

  /// A row with this pair, exchange and time was in the table at some time and may be changed or
  /// gone: unless the time is within the trade window (where Apply knows rows by key) and its
  /// minute is not a restored one, the stretch becomes stale: its minute, or hour, or day, the
  /// shortest whose longer bars can still be joined from what is in memory. Called with the old
  /// image of every change, accepted or not: whatever state the table held is the old image of the
  /// change that ends it, so no stretch stays wrong for long, in whatever order the changes come.
  void Touch(std::string_view pair, std::string_view exchange, int64_t time_micros);

  /// Take up to `count_max` stale stretches, each once; pairs take turns, within a pair the oldest
  /// goes first. Until they are rebuilt the bars keep their old values, and say so (IsStale).
  std::vector<StaleStretch> TakeStale(size_t count_max);
  /// A stretch that was taken could not be read: it waits to be taken again.
  void ReturnStale(const StaleStretch& stretch);
  /// A stretch that was taken twice is not read yet: one Rebuild answers both.
  void JoinTakes(const StaleStretch& stretch);
  /// Stretches that wait or were taken and are not rebuilt.
  size_t stale_count() const;
  bool IsStale(const Series& series, Interval interval, int64_t start_micros) const;

  /// `trades` are all rows of the stretch, counting or not, in any order: make its bars (all
  /// intervals up to the stretch's own, and those above that contain it) anew. A stretch that
  /// became stale again since TakeStale stays stale. Rows of other series or times are passed over.
  ///
  /// Where the stretch is within the trade window, what Apply said of a key counts, whatever the
  /// table (which may be a commit behind) says; rows of keys it was not told of come into the
  /// window and are known from then on. Stretches that were not taken may be rebuilt, too, if
  /// the table that was read holds all that was applied. So after a start, before anything is
  /// applied: rebuild all minutes with rows from the start of the trade window on (or from the
  /// retention of seconds on, whose bars are not stored), also those ahead of now; and what of the
  /// table has no bars yet.
  ///
  /// Bars that are not in memory any more are handed out by TakeChangedBars and not kept. Those
  /// across exchanges then need the same stretch of the pair's other exchanges: it becomes stale.
  void Rebuild(const StaleStretch& stretch, std::span<const Trade> trades, int64_t now_micros);

  /// Put back a bar that was stored, at a start, before anything is applied. Bars above its
  /// interval are not touched: put them back, too. Cross-exchange bars are made here, not restored,
  /// and not handed out as changed. The trades of a restored minute are not known: a change within
  /// it does not touch its bar but makes it stale, until Rebuild has brought them.
  void Restore(const Series& series, Interval interval, const Bar& bar);

  /// Let go what is older than its retention, and let held-back rows in whose time has come.
  void Advance(int64_t now_micros);

  /// Grows with every change of any bar, and of whether it is stale. Making bars that were marked
  /// gives them versions; a bar that comes out as it was keeps its own.
  uint64_t version() const;

  /// Pairs, and per pair its exchanges, by name.
  std::vector<std::string> Pairs() const;
  std::vector<std::string> ExchangesOf(std::string_view pair) const;

  /// The bars of a series with start in [from_micros, to_micros), ascending; bars without any row
  /// are absent. Valid until the next call that changes the book. An unknown series has none.
  std::vector<const BookBar*> Bars(const Series& series, Interval interval, int64_t from_micros,
                                   int64_t to_micros) const;
  /// Those of them whose version is greater than `version`, and those that lost their last row
  /// since (rows() == 0); costs by their number.
  std::vector<const BookBar*> BarsSince(const Series& series, Interval interval,
                                        uint64_t version) const;

  /// Bars (also across exchanges) that changed since the last call, to be stored, at most
  /// `count_max`; each once. Bars whose stretch has left the memory are handed out all the same; of
  /// what was stored of those nothing is known, so also the ones without rows are.
  std::vector<ChangedBar> TakeChangedBars(size_t count_max);

  /// Trades of the window of a series, newest first, at most `count_max`.
  std::vector<Trade> RecentTrades(const Series& series, size_t count_max) const;

  struct Counts {
    int64_t trades_held = 0;
    int64_t bars_held = 0;
    int64_t held_back = 0;       ///< Rows ahead of their time.
    int64_t series_refused = 0;  ///< Rows of series beyond series_max, or named kAllExchanges.
    int64_t times_refused = 0;   ///< Rows outside the calendar.
    int64_t future_refused = 0;  ///< Rows ahead of their time beyond all bounds.
    int64_t stale_refused = 0;   ///< Marks beyond stale_max.
    int64_t rebuilt = 0;         ///< Stretches.
  };
  Counts counts() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tapelake::market
