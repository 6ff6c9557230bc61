#pragma once

/// Which stretches are wrong until they are read again. Internal to MarketBook.

#include <cstdint>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "market/series_state.h"

namespace tapelake::market {

/// Marks stand in SeriesState::stale; here is their order. Bounded. One thread.
class StaleList {
 public:
  explicit StaleList(size_t count_max) : count_max_(count_max) {}

  enum class Marked : uint8_t { kNew = 1, kAgain = 2, kNoRoom = 3 };
  Marked Mark(SeriesState* series, Interval interval, int64_t start_micros);

  /// See MarketBook::TakeStale. Pairs take turns; within a pair the oldest goes first. `change` is
  /// the number of the last change, which the table will hold when the stretches are read.
  std::vector<StaleStretch> Take(size_t count_max, uint64_t change);

  /// A second leaves the window whose last change may be newer than what is being read of its
  /// stretches: they must be read again.
  void Seal(SeriesState* series, int64_t start_micros, uint64_t changed_at);

  /// The stretch was read again. Return whether it is right now: it was stale and nothing of it
  /// waits or is being read any more.
  bool Rebuilt(SeriesState* series, Interval interval, int64_t start_micros);

  /// One Rebuilt() answers one take less.
  void Join(SeriesState* series, Interval interval, int64_t start_micros);

  static bool IsMarked(const SeriesState& series, Interval interval, int64_t start_micros);
  /// Whether any stretch that overlaps the bar is stale.
  static bool Overlaps(const SeriesState& series, Interval interval, int64_t start_micros);

  size_t count() const { return count_; }

 private:
  /// Pair, start, interval, exchange.
  using Place = std::tuple<std::string, int64_t, Interval, std::string>;
  struct Waiting {
    Place place;
    SeriesState* series;
    bool operator<(const Waiting& other) const { return place < other.place; }
  };
  static Place PlaceOf(const SeriesState& series, Interval interval, int64_t start_micros);

  size_t count_max_;
  size_t count_ = 0;
  std::set<Waiting> waiting_;
  std::string last_pair_;  ///< Whose turn it was.
};

}  // namespace tapelake::market
