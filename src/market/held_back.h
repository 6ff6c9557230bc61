#pragma once

/// Rows ahead of their time. Internal to MarketBook.

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <absl/container/flat_hash_map.h>

#include "market/name_hash.h"
#include "market/trade.h"

namespace tapelake::market {

/// Rows by key and by time. Bounded: what is furthest ahead goes first. One thread.
class HeldBack {
 public:
  explicit HeldBack(size_t count_max) : count_max_(count_max) {}

  bool Contains(std::string_view key) const { return times_.contains(key); }
  void Forget(std::string_view key);

  /// Hold a row whose key is not held. Return the rows for which there is no room (at most one).
  std::vector<Trade> Add(std::string_view key, const Trade& trade);

  /// Take the rows with a time of at most `micros`, oldest first.
  std::vector<Trade> TakeUpTo(int64_t micros);

  size_t size() const { return times_.size(); }

 private:
  size_t count_max_;
  std::map<std::pair<int64_t, std::string>, Trade> rows_;
  absl::flat_hash_map<std::string, int64_t, NameHash, std::equal_to<>> times_;
};

}  // namespace tapelake::market
