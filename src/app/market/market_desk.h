#pragma once

/// The market as the page, the alarms and the tables see it: the book and what is made of it.

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/market/large_trades.h"
#include "app/market/own_history.h"
#include "market/market_book.h"
#include "market/measure.h"

namespace tapelake::app {

/// The latest measures of a series.
struct SeriesMeasures {
  int64_t as_of_micros = 0;             ///< 0: none were made yet.
  std::vector<market::Measure> values;  ///< In the catalog's order; empty if none were made yet.
};

/// A bar as readers get it.
struct DeskBar {
  market::Bar bar;
  bool stale = false;  ///< Is being made anew from the table.
};

struct DeskBars {
  uint64_t version = 0;  ///< Of the book, when they were read.
  std::vector<DeskBar> bars;
};

/// What became of the bars of a series and interval since a version.
struct DeskChanges {
  uint64_t version = 0;
  /// False (version 0): `bars` are all bars in memory, whatever the reader had.
  bool complete = false;
  std::vector<DeskBar> bars;
  std::vector<int64_t> removed_start_micros;
};

/// A pair across exchanges, or one exchange of a pair, at a glance.
struct MarketLine {
  market::Series series;
  int64_t exchanges = 0;  ///< Across exchanges only.
  std::optional<base::Int128> last;
  int64_t last_micros = 0;
  std::optional<base::Int128> price_24h_ago;  ///< Close of the newest bar at least so old.
  market::FixedInt<5> money_24h;              ///< Scale 36.
  market::FixedInt<3> quantity_24h;           ///< Scale 18.
  int64_t trades_24h = 0;
  int64_t trades_1m = 0;
  std::vector<double> closes_1h;  ///< By minute, at most 60.
  SeriesMeasures measures;
};

/// Where the market stands.
struct MarketFacts {
  uint64_t version = 0;
  int64_t newest_change_micros = 0;  ///< Change time of the newest change in the book; 0: none.
  int64_t newest_taken_micros = 0;   ///< Wall time when the book took it.
  int64_t newest_trade_micros = 0;   ///< Event time of the newest row; 0: none.
  std::map<std::string, uint64_t> applied;  ///< Source id -> first record that the book lacks.
  size_t stale_count = 0;
  market::MarketBook::Counts counts;
  int64_t rebuild_micros = 0;      ///< Time spent reading stretches again.
  int64_t evaluate_micros = 0;     ///< Time spent on measures.
  int64_t commits = 0;             ///< Of the market's tables in this run.
  int64_t late_slots_dropped = 0;  ///< Corrected measures that were too many to make anew.
  std::string last_failure;        ///< Of lake or tables; they are tried again.
  std::optional<int64_t> backfill_before_micros;  ///< Older bars are still being made.
};

/// Owns the book. What Read and its like do may be called from any thread; Change and the functions
/// below it belong to the market's worker. One lock, held for microseconds to a few milliseconds.
class MarketDesk {
 public:
  explicit MarketDesk(const market::MarketBookOptions& options);

  // Any thread.

  /// Call `read` with the book; nobody changes it meanwhile. Keep it short.
  template <typename Function>
  auto Read(Function&& read) const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return read(static_cast<const market::MarketBook&>(book_));
  }

  MarketFacts facts() const;
  std::vector<std::string> Pairs() const;
  std::vector<std::string> ExchangesOf(std::string_view pair) const;
  bool Knows(const market::Series& series) const;

  /// The newest `bars_max` bars in memory with start in [from, to), ascending.
  DeskBars Bars(const market::Series& series, market::Interval interval, int64_t from_micros,
                int64_t to_micros, size_t bars_max) const;
  /// What changed after `version`.
  DeskChanges BarsSince(const market::Series& series, market::Interval interval,
                        uint64_t version) const;
  /// The latest measures. Who asks makes them be kept fresh for some seconds.
  SeriesMeasures Measures(const market::Series& series);
  /// One of them by its name in the catalog.
  std::optional<market::Measure> Measure(const market::Series& series, std::string_view name);
  /// A present value over the median of the series' own last samples; nullopt if there are too few.
  std::optional<double> AgainstOwnHistory(const market::Series& series, OwnQuantity quantity) const;

  /// A line per pair, by name.
  std::vector<MarketLine> Overview();
  /// A line per exchange of a pair, by name.
  std::vector<MarketLine> Exchanges(const std::string& pair);

  std::vector<LargeTrade> TradesOfTape(const std::string& pair, size_t trades_max) const;
  /// Pair -> least money of a trade on the tape.
  std::map<std::string, double> LargeFrom() const;
  uint64_t tape_version() const;

  market::Measure Correlation(const std::string& pair_a, const std::string& pair_b,
                              market::Interval interval, int64_t bars) const;
  std::vector<market::ConePoint> Cone(const market::Series& series) const;
  /// Trades by decade of money over the last hours.
  std::array<uint64_t, market::Bar::kSizeBuckets> Sizes(const market::Series& series,
                                                        int64_t hours) const;

  /// The moment that windows end with: the wall clock; the newest row's time if that is long ago (a
  /// recording is played).
  int64_t AsOf(int64_t now_micros) const;

  // The market's worker.

  /// Call `change` with the book.
  template <typename Function>
  void Change(Function&& change) {
    const std::lock_guard<std::mutex> lock(mutex_);
    change(book_);
  }
  /// Some bars that changed since they were last taken, each once; none: all were taken. Makes
  /// them: costs by their number, not by that of the changes, so call it now and then.
  std::vector<market::ChangedBar> TakeChanged();
  /// Take note of a row that Apply or Rebuild was told of, for the tape. Within Change().
  void SeeTrade(const market::Trade& trade) { tape_.See(trade); }
  void ForgetTrade(std::string_view key) { tape_.Forget(key); }
  /// Take note of the times of a change that was taken at `now_micros`. Within Change().
  void SeeTimes(int64_t change_time_micros, int64_t event_time_micros, int64_t now_micros);

  /// Take up every series that the book has, also those without a change: after a start.
  void AddSeries();

  /// The measures of a series as of a moment.
  std::vector<market::Measure> Evaluate(const market::Series& series, int64_t as_of_micros) const;
  /// Publish them.
  void Publish(const market::Series& series, SeriesMeasures measures, int64_t steady_micros);
  /// The series whose measures need it most; nullopt if all are fresh. `steady_micros` is now.
  std::optional<market::Series> NextToEvaluate(int64_t steady_micros);
  std::vector<market::Series> AllSeries() const;
  /// Copy what the worker knows of itself into facts().
  void PublishFacts(const MarketFacts& own);

 private:
  struct Bookkeeping {
    bool changed = true;           // since it was evaluated
    int64_t evaluated_micros = 0;  // steady; 0: never
    SeriesMeasures measures;
    OwnHistory history;
    int64_t looked_at_micros = 0;  // steady; when somebody last asked, 0: nobody did
  };
  void NoteLook(Bookkeeping* of);
  MarketLine LineOf(const market::Series& series, int64_t as_of_micros);
  market::MeasureInput InputOf(const market::Series& series, int64_t as_of_micros) const;
  std::optional<double> ValueOf(const Bookkeeping& of, std::string_view name) const;

  mutable std::mutex mutex_;  // guards all below
  market::MarketBook book_;
  std::map<market::Series, Bookkeeping> series_;
  std::map<market::Series, Bookkeeping>::iterator next_;  // round robin
  LargeTrades tape_;
  MarketFacts facts_;
  int64_t evaluation_micros_ = 0;  // steady; of the last NextToEvaluate
  int64_t latest_as_of_micros_ = 0;
};

}  // namespace tapelake::app
