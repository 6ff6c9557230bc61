#pragma once

/// The life of the simulated table: which item changes when.

#include <array>
#include <cstdint>
#include <optional>
#include <queue>
#include <unordered_map>
#include <vector>

#include "io/random.h"
#include "source/simulation/simulated_table.h"
#include "source/simulation/trade_items.h"

namespace tapelake::source {

struct TableHistoryOptions {
  uint64_t seed = 1;
  int64_t start_micros = 0;
  double changes_per_second = 1;
  double odd_types = 0;
  size_t added_attributes = 0;
  int64_t added_after_changes = 0;
  bool forget_settled_rows = false;  ///< For endless runs: see SimulatedTable::Forget.
};

/// Counts of what a history has done so far.
struct TableHistoryCounts {
  int64_t changes = 0;
  int64_t moves = 0;
  int64_t odd = 0;
};

/// An endless sequence of changes of one table, in order of time.
///
/// Trades arrive as a Hawkes process in its branching form: some come unprompted, each prompts
/// further ones a little later at the same venue. Every trade schedules its own future: settlement,
/// corrections, moves, removal, second life. One thread. Same options, same sequence.
class TableHistory {
 public:
  explicit TableHistory(const TableHistoryOptions& options);

  /// The moment of the next Step(), if it changes anything.
  int64_t NextMicros() const;

  /// Let the next scheduled thing happen. Nothing if it changed nothing.
  /// Change times grow strictly from change to change.
  std::optional<TableChange> Step();

  const SimulatedTable& table() const { return table_; }
  const TableHistoryCounts& counts() const { return counts_; }
  /// Which attributes midway have appeared in some image.
  const std::array<bool, kAddedAttributesMax>& added_seen() const { return added_seen_; }

 private:
  enum class ActionKind : uint8_t {
    kTrade,  // prompted by an earlier one
    kSettle,
    kCorrectFee,
    kMove,
    kAnnotate,
    kRemove,
    kPutAgain,
  };
  struct Action {
    int64_t due_micros = 0;
    uint64_t order = 0;
    RowId row = 0;
    ActionKind kind = ActionKind::kTrade;
    uint8_t exchange = 0;
    uint8_t pair = 0;
    bool operator>(const Action& other) const {
      return due_micros != other.due_micros ? due_micros > other.due_micros : order > other.order;
    }
  };

  bool NextIsUnprompted() const;
  std::optional<TableChange> Run(const Action& action);
  std::optional<TableChange> NewTrade(size_t exchange, size_t pair);
  std::optional<TableChange> PutTrade(RowId row, Item item);
  std::optional<TableChange> Edit(RowId row, ActionKind kind);
  std::optional<TableChange> Remove(RowId row);
  std::optional<TableChange> PutAgain(RowId row);
  std::optional<TableChange> PutItem(RowId row, Item item);
  void ScheduleLife(RowId row, bool pending);
  void Schedule(ActionKind kind, RowId row, double mean_seconds);
  void SchedulePrompted(size_t exchange, size_t pair);
  void Done(RowId row);
  int64_t DelayMicros(double mean_seconds);

  TableHistoryOptions options_;
  TradeItems items_;
  io::SeededRandom random_;
  SimulatedTable table_;
  std::priority_queue<Action, std::vector<Action>, std::greater<>> actions_;
  std::vector<uint8_t> scheduled_;                       // actions still due, per row
  std::unordered_map<RowId, std::string> removed_keys_;  // of rows to be put again
  double unprompted_per_second_ = 0;
  int64_t unprompted_micros_ = 0;  // when the next unprompted trade comes
  int64_t now_micros_ = 0;
  uint64_t next_order_ = 0;
  TableHistoryCounts counts_;
  std::array<bool, kAddedAttributesMax> added_seen_ = {};
};

}  // namespace tapelake::source
