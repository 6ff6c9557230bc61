#pragma once

/// What the book holds of one series and one pair. Internal to MarketBook.

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "market/interval.h"
#include "market/market_book.h"

namespace tapelake::market {

struct PairState;
struct WindowTrade;

/// A bar in memory, and its place among its siblings in the order of versions.
struct BarEntry {
  BookBar book;
  BarEntry* older = nullptr;
  BarEntry* newer = nullptr;
  bool queued = false;    ///< Waits for TakeChangedBars.
  bool restored = false;  ///< A minute whose seconds are not known: only Rebuild makes it anew.
};

/// The bars of one series and interval: by start, and by version. Entries do not move.
class IntervalBars {
 public:
  IntervalBars() = default;
  IntervalBars(const IntervalBars&) = delete;
  IntervalBars& operator=(const IntervalBars&) = delete;

  using Map = std::map<int64_t, BarEntry>;
  Map& by_start() { return by_start_; }

  BarEntry* Find(int64_t start_micros);
  BarEntry* FindOrAdd(int64_t start_micros);
  /// Give the entry the version, which must be greater than all others.
  void SetVersion(BarEntry* entry, uint64_t version);
  Map::iterator Erase(Map::iterator at);

  /// See MarketBook.
  std::vector<const BookBar*> Between(int64_t from_micros, int64_t to_micros) const;
  std::vector<const BookBar*> Since(uint64_t version) const;

 private:
  void Unlink(BarEntry* entry);

  Map by_start_;
  BarEntry* newest_ = nullptr;
};

/// The trades of one second within the window.
struct SecondTrades {
  std::vector<WindowTrade*> trades;
  bool dirty = false;       ///< Its bar is not made of them yet.
  uint64_t changed_at = 0;  ///< Number of the last change.
};

/// A stale stretch: waiting to be taken, being read, or both.
struct StaleMark {
  bool waiting = false;
  int in_flight = 0;
  uint64_t taken_at = 0;  ///< Number of the last change when the first of these was taken.
};

struct SeriesState {
  Series name;
  PairState* pair = nullptr;
  bool across = false;  ///< Across exchanges: bars only.
  std::array<IntervalBars, kIntervals> bars;
  std::map<int64_t, SecondTrades> seconds;
  bool dirty = false;  ///< In the book's list of such series.
  std::array<std::vector<int64_t>, kIntervals> dirty_starts;  ///< Bars to be made; with repeats.
  std::array<std::map<int64_t, StaleMark>, kIntervals> stale;

  IntervalBars& of(Interval interval) { return bars[static_cast<size_t>(interval)]; }
};

struct PairState {
  std::string name;
  std::map<std::string, std::unique_ptr<SeriesState>, std::less<>> exchanges;
  SeriesState all;
  bool dirty = false;
  /// Bars across exchanges to be made. Quiet ones, of a restored bar, are stored already.
  std::array<std::vector<int64_t>, kIntervals> dirty_starts;
  std::array<std::vector<int64_t>, kIntervals> quiet_starts;
};

/// One up; not of kDay.
constexpr Interval NextInterval(Interval interval) {
  return static_cast<Interval>(static_cast<uint8_t>(interval) + 1);
}

/// Add unless it was the last added: most changes come to the same few bars.
void AddStart(int64_t start_micros, std::vector<int64_t>* starts);
/// Take all, ascending, each once.
std::vector<int64_t> TakeStarts(std::vector<int64_t>* starts);

}  // namespace tapelake::market
