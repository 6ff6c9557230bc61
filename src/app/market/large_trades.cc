#include "app/market/large_trades.h"

#include <utility>

namespace tapelake::app {

void LargeTrades::See(const market::Trade& trade) {
  const auto from = large_from_.find(trade.pair);
  const market::FixedInt<5> money =
      trade.Counts() ? market::Multiply(trade.price, trade.quantity) : market::FixedInt<5>();
  const bool large = from != large_from_.end() && trade.Counts() &&
                     money.ToDouble(2 * market::kAmountScale) >= from->second;
  const auto known = by_key_.find(trade.key);
  if (known == by_key_.end() && !large) return;
  if (known != by_key_.end()) {
    const market::Trade& before = known->second->second.trade;
    const bool same = large && before.time_micros == trade.time_micros &&
                      before.price == trade.price && before.quantity == trade.quantity &&
                      before.pair == trade.pair && before.exchange == trade.exchange &&
                      before.side == trade.side;
    if (same) return;
    Erase(known->second);
  }
  if (!large) return;
  const auto entry = by_time_.emplace(trade.time_micros, LargeTrade{trade, money});
  by_key_.emplace(trade.key, entry);
  ++version_;
  if (by_time_.size() > kTradesMax) Erase(by_time_.begin());
}

void LargeTrades::Forget(std::string_view key) {
  if (by_key_.empty()) return;
  const auto known = by_key_.find(std::string(key));
  if (known != by_key_.end()) Erase(known->second);
}

void LargeTrades::Erase(ByTime::iterator entry) {
  by_key_.erase(entry->second.trade.key);
  by_time_.erase(entry);
  ++version_;
}

std::vector<LargeTrade> LargeTrades::Newest(std::string_view pair, size_t trades_max) const {
  std::vector<LargeTrade> newest;
  for (auto entry = by_time_.rbegin(); entry != by_time_.rend(); ++entry) {
    if (newest.size() >= trades_max) break;
    if (pair == "*" || entry->second.trade.pair == pair) newest.push_back(entry->second);
  }
  return newest;
}

}  // namespace tapelake::app
