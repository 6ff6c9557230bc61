#include "market/held_back.h"

#include <iterator>

namespace tapelake::market {

void HeldBack::Forget(std::string_view key) {
  if (times_.empty()) return;
  const auto found = times_.find(key);
  if (found == times_.end()) return;
  rows_.erase({found->second, found->first});
  times_.erase(found);
}

std::vector<Trade> HeldBack::Add(std::string_view key, const Trade& trade) {
  const auto [at, added] = rows_.emplace(std::pair(trade.time_micros, std::string(key)), trade);
  at->second.key = key;
  times_.emplace(key, trade.time_micros);
  if (rows_.size() <= count_max_) return {};
  const auto last = std::prev(rows_.end());
  std::vector<Trade> dropped = {std::move(last->second)};
  times_.erase(last->first.second);
  rows_.erase(last);
  return dropped;
}

std::vector<Trade> HeldBack::TakeUpTo(int64_t micros) {
  std::vector<Trade> due;
  while (!rows_.empty() && rows_.begin()->first.first <= micros) {
    times_.erase(rows_.begin()->first.second);
    due.push_back(std::move(rows_.begin()->second));
    rows_.erase(rows_.begin());
  }
  return due;
}

}  // namespace tapelake::market
