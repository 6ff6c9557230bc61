#pragma once

/// The tape of large trades.

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "market/fixed_int.h"
#include "market/trade.h"

namespace tapelake::app {

/// A trade of the tape.
struct LargeTrade {
  market::Trade trade;
  market::FixedInt<5> money;  ///< Scale 36.
};

/// Keeps the newest counting trades whose money is at least their pair's threshold; a trade that
/// changes or goes is changed or goes here, too. One thread. Bounded.
class LargeTrades {
 public:
  static constexpr size_t kTradesMax = 1'000;

  /// From now on trades of `pair` count from `money` on, in quote units. Until it is known none do.
  void SetThreshold(const std::string& pair, double money) { large_from_[pair] = money; }
  const std::map<std::string, double>& thresholds() const { return large_from_; }

  /// The row is so now.
  void See(const market::Trade& trade);
  /// The row is gone.
  void Forget(std::string_view key);

  /// The newest, by event time; `*`: of all pairs.
  std::vector<LargeTrade> Newest(std::string_view pair, size_t trades_max) const;
  /// Grows with every change of the tape.
  uint64_t version() const { return version_; }

 private:
  using ByTime = std::multimap<int64_t, LargeTrade>;

  void Erase(ByTime::iterator entry);

  std::map<std::string, double> large_from_;
  ByTime by_time_;
  std::unordered_map<std::string, ByTime::iterator> by_key_;
  uint64_t version_ = 0;
};

}  // namespace tapelake::app
