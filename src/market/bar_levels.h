#pragma once

/// How shorter bars make longer ones: in one way, whether live or anew from the table, because the
/// doubles of a bar depend on how it was joined. Internal to MarketBook.

#include <array>
#include <cstdint>
#include <vector>

#include "market/bar.h"
#include "market/interval.h"

namespace tapelake::market {

/// The bars of one stretch, of every interval up to its own. A bar of a second is made of trades in
/// order of their places; any other appends the next shorter interval's bars in order of time.
class BarLevels {
 public:
  /// Seconds before `seconds_from_micros` are not kept.
  BarLevels(Interval top, int64_t seconds_from_micros)
      : top_(top), seconds_from_micros_(seconds_from_micros) {}

  /// Add the finished bar of a second; seconds come in order.
  void AddSecond(const Bar& bar);
  /// Make what is longer than a minute.
  void Finish();

  const std::vector<Bar>& of(Interval interval) const {
    return bars_[static_cast<size_t>(interval)];
  }

 private:
  void Append(const Bar& shorter, Interval interval);

  Interval top_;
  int64_t seconds_from_micros_;
  std::array<std::vector<Bar>, kIntervals> bars_;
};

}  // namespace tapelake::market
