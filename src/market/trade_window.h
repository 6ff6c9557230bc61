#pragma once

/// The single trades of the last minutes, by key and by second. Internal to MarketBook.

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>

#include "market/name_hash.h"
#include "market/series_state.h"
#include "market/trade.h"

namespace tapelake::market {

/// A row of the window: a Trade whose names are pointers.
struct WindowTrade {
  std::string key;
  SeriesState* series = nullptr;
  int64_t time_micros = 0;
  base::Int128 price = 0;
  base::Int128 quantity = 0;
  base::Int128 fee = 0;
  uint32_t slot = 0;  ///< Its index in SecondTrades::trades.
  TradeStatus status = TradeStatus::kOther;
  TradeSide side = TradeSide::kUnknown;
  bool has_amounts = false;
  bool moved = false;  ///< It was later, or in another series, before.

  bool Same(const SeriesState* of, const Trade& trade) const;
  void Set(SeriesState* of, const Trade& trade);
  /// Everything but pair and exchange.
  void CopyTo(Trade* trade) const;
  /// Order of places.
  bool Before(const WindowTrade& other) const;
};

/// Rows by key. Tells what second changed; knows nothing of bars. One thread.
class TradeWindow {
 public:
  const WindowTrade* Find(std::string_view key) const;

  /// Put a row in, or change it. `*left` is the second it was in before (series nullptr: none).
  /// Return false if nothing changed.
  struct Second {
    SeriesState* series = nullptr;
    int64_t start_micros = 0;
  };
  bool Put(std::string_view key, SeriesState* series, const Trade& trade, Second* left);

  /// Take a row out and return its second (series nullptr: there was no such row).
  Second Remove(std::string_view key);

  /// The second must be all told: its trades go. `on_row` is called with each.
  template <typename OnRow>
  void Forget(const Second& second, const OnRow& on_row) {
    const auto found = second.series->seconds.find(second.start_micros);
    if (found == second.series->seconds.end()) return;
    for (WindowTrade* trade : found->second.trades) {
      on_row(*trade);
      rows_.erase(rows_.find(std::string_view(trade->key)));
    }
    second.series->seconds.erase(found);
  }

  /// The seconds that begin before `micros`, oldest first, once.
  std::vector<Second> TakeSecondsBefore(int64_t micros);

  /// Newest first, at most `count_max`, of one series or (across) one pair.
  std::vector<const WindowTrade*> Newest(const SeriesState& series, size_t count_max) const;

  size_t size() const { return rows_.size(); }
  /// Precondition: size() > 0.
  int64_t oldest_second_micros() const { return seconds_.begin()->first; }

 private:
  struct KeyHash {
    using is_transparent = void;
    size_t operator()(std::string_view key) const { return NameHash()(key); }
    size_t operator()(const std::unique_ptr<WindowTrade>& row) const {
      return (*this)(std::string_view(row->key));
    }
  };
  struct KeyEqual {
    using is_transparent = void;
    static std::string_view Key(std::string_view key) { return key; }
    static std::string_view Key(const std::unique_ptr<WindowTrade>& row) { return row->key; }
    template <typename A, typename B>
    bool operator()(const A& a, const B& b) const {
      return Key(a) == Key(b);
    }
  };

  void Link(WindowTrade* row);
  static Second Unlink(WindowTrade* row);

  absl::flat_hash_set<std::unique_ptr<WindowTrade>, KeyHash, KeyEqual> rows_;
  std::map<int64_t, std::vector<SeriesState*>> seconds_;
};

/// The last keys of rows that are known *not* to be in the window: an older state of the table must
/// not bring them back. Bounded: the oldest go first.
class DepartedKeys {
 public:
  explicit DepartedKeys(size_t count_max) : count_max_(count_max) {}

  void Add(std::string_view key);
  void Erase(std::string_view key) {
    const auto found = numbers_.find(key);
    if (found != numbers_.end()) numbers_.erase(found);
  }
  bool Contains(std::string_view key) const { return numbers_.contains(key); }

 private:
  size_t count_max_;
  uint64_t next_ = 0;
  absl::flat_hash_map<std::string, uint64_t, NameHash, std::equal_to<>> numbers_;
  std::deque<std::pair<std::string, uint64_t>> order_;  ///< May hold keys that were erased.
};

}  // namespace tapelake::market
