#pragma once

/// The inside of MarketBook. How a change goes through it:
///
///   Apply -> PlaceRow -> TradeWindow   (or HeldBack, or a mark in StaleList)
///         -> MarkSecond                 the second is dirty
///   Refresh -> MakeSecond -> Put -> MarkParent -> MakeParent -> Put ...   up to the day
///           -> MakeAcross -> Put        bars across exchanges
///   Rebuild -> TakeIn -> BarLevels -> Put, or OldStretches and `leftovers_`
///
/// Invariants:
/// 1. Every row of the table with a time of at least `floor_micros_` that the book was told of is
///    in the window. Its second's bar is made of these rows or dirty.
/// 2. A bar of `start >= edges_[interval]` is in memory if it has rows.
/// 3. A longer bar in memory is the joined next shorter bars, or dirty, or stale, or restored.
/// 4. `floor_micros_` and `edges_` never go back.

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <tuple>
#include <utility>

#include "market/bar_levels.h"
#include "market/held_back.h"
#include "market/market_book.h"
#include "market/old_stretches.h"
#include "market/series_state.h"
#include "market/stale_list.h"
#include "market/trade_window.h"

namespace tapelake::market {

class MarketBook::Impl {
 public:
  explicit Impl(const MarketBookOptions& options);

  // market_book_rows.cc
  void Apply(std::string_view key, const std::optional<Trade>& after, int64_t now_micros);
  void Touch(std::string_view pair, std::string_view exchange, int64_t time_micros);
  std::vector<StaleStretch> TakeStale(size_t count_max);
  void Advance(int64_t now_micros);

  // market_book_bars.cc
  void Refresh();
  void Restore(const Series& series, Interval interval, const Bar& bar);
  std::vector<ChangedBar> TakeChangedBars(size_t count_max);

  // market_book_rebuild.cc
  void Rebuild(const StaleStretch& stretch, std::span<const Trade> trades, int64_t now_micros);

  // market_book.cc
  SeriesState* FindSeries(std::string_view pair, std::string_view exchange);
  Counts counts() const;

  const std::map<std::string, std::unique_ptr<PairState>, std::less<>>& pairs() const {
    return pairs_;
  }
  const TradeWindow& window() const { return window_; }
  StaleList& stale() { return stale_; }
  uint64_t version() const { return version_; }
  void MarkStretch(SeriesState* series, Interval interval, int64_t start_micros);

 private:
  /// The series, made if there is room for it; else nullptr, counted.
  SeriesState* FindOrAddSeries(std::string_view pair, std::string_view exchange);
  SeriesState* Accept(std::string_view pair, std::string_view exchange, int64_t time_micros);

  // Rows.
  void PlaceRow(SeriesState* series, std::string_view key, const Trade& trade);
  void TakeOut(std::string_view key);
  void HoldBack(SeriesState* series, std::string_view key, const Trade& trade);
  void ReleaseDue(int64_t now_micros);
  void MoveNewest(int64_t time_micros);
  void MoveFloor(int64_t floor_micros);
  void BoundWindow();
  void MarkSecond(const TradeWindow::Second& second);
  bool IsRestored(SeriesState* series, int64_t time_micros);

  // Stale stretches.
  /// The shortest stretch that holds the time and whose longer bars can be joined from memory.
  Interval StretchOf(int64_t time_micros) const;
  void MarkOld(SeriesState* series, int64_t time_micros);
  void Bump(SeriesState* series, Interval interval, int64_t start_micros);

  // Bars.
  int64_t edge(Interval interval) const { return edges_[static_cast<size_t>(interval)]; }
  bool Put(SeriesState* series, Interval interval, const Bar& bar, bool quiet = false);
  void MarkDirty(SeriesState* series, Interval interval, int64_t start_micros);
  void MarkParent(SeriesState* series, Interval interval, int64_t start_micros);
  void MakeSecond(SeriesState* series, int64_t start_micros);
  void MakeParent(SeriesState* series, Interval interval, int64_t start_micros);
  void MakeAcross(PairState* pair, Interval interval, int64_t start_micros, bool quiet);
  void RefreshSeries(SeriesState* series);
  void RefreshPair(PairState* pair);
  void MarkPair(PairState* pair);
  void DropOld();
  void DropBars(SeriesState* series, Interval interval);

  // Making anew.
  void ForgetRestored(SeriesState* series, int64_t from_micros, int64_t to_micros);
  std::vector<const Trade*> TakeIn(SeriesState* series, const StaleStretch& stretch,
                                   std::span<const Trade> trades, int64_t horizon_micros);
  BarLevels MakeLevels(SeriesState* series, const StaleStretch& stretch,
                       std::vector<const Trade*> sealed);
  void StoreLevel(SeriesState* series, const StaleStretch& stretch, Interval interval,
                  const std::vector<Bar>& bars);
  void StoreAcross(SeriesState* series, const StaleStretch& stretch, const BarLevels& levels);
  void Leave(const SeriesState* series, Interval interval, const Bar& bar);

  MarketBookOptions options_;
  std::map<std::string, std::unique_ptr<PairState>, std::less<>> pairs_;
  absl::flat_hash_map<std::pair<std::string_view, std::string_view>, SeriesState*, NameHash>
      by_name_;
  std::vector<SeriesState*> all_series_;  ///< Also those across exchanges.

  TradeWindow window_;
  DepartedKeys departed_;
  HeldBack held_;
  /// Minutes whose rows had no room in `held_`: stale when they are over.
  std::set<std::pair<int64_t, SeriesState*>> future_minutes_;
  StaleList stale_;
  OldStretches old_;

  bool any_time_ = false;
  int64_t newest_micros_;                    ///< The newest event time; the next are made of it.
  int64_t floor_micros_;                     ///< The window begins here.
  std::array<int64_t, kIntervals> edges_;    ///< Bars before these are let go...
  std::array<int64_t, kIntervals> dropped_;  ///< ... and were so up to these.
  int64_t refreshed_micros_ = 0;             ///< newest_micros_ at the last Refresh of MoveNewest.
  int64_t restored_until_micros_;            ///< No restored minute ends later.

  uint64_t version_ = 0;
  uint64_t change_ = 0;  ///< Number of the last change of a row.
  std::vector<SeriesState*> dirty_series_;
  std::vector<PairState*> dirty_pairs_;
  std::deque<std::tuple<SeriesState*, Interval, int64_t>> changed_;
  /// Bars to be handed out that are not in memory, by series, interval and start.
  std::map<std::tuple<Series, Interval, int64_t>, Bar> leftovers_;
  Trade scratch_;
  size_t series_count_ = 0;

  Counts counts_;
};

}  // namespace tapelake::market
