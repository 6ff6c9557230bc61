#pragma once

/// Bars across exchanges of stretches that have left the memory. Internal to MarketBook.

#include <cstdint>
#include <map>
#include <tuple>
#include <vector>

#include "market/bar_levels.h"
#include "market/series_state.h"

namespace tapelake::market {

/// Collects what was made anew of one stretch, exchange by exchange, until it has all of the pair:
/// the others are not in memory either and must be read again, too. One thread.
class OldStretches {
 public:
  struct Stretch {
    PairState* pair;
    Interval interval;
    int64_t start_micros;
    bool operator<(const Stretch& other) const {
      return std::tie(pair->name, interval, start_micros) <
             std::tie(other.pair->name, other.interval, other.start_micros);
    }
  };

  /// Put the place of what was known of this exchange.
  void Put(const Stretch& stretch, const SeriesState* exchange, BarLevels levels);

  /// The exchanges of the pair that are still to be read.
  std::vector<SeriesState*> Missing(const Stretch& stretch) const;

  /// The bar across exchanges; nothing may be missing.
  Bar Across(const Stretch& stretch, Interval interval, int64_t start_micros) const;

  void Forget(const Stretch& stretch) { stretches_.erase(stretch); }

 private:
  std::map<Stretch, std::map<const SeriesState*, BarLevels>> stretches_;
};

}  // namespace tapelake::market
