#include "source/simulation/table_history.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "base/time.h"
#include "source/simulation/random_draws.h"

namespace tapelake::source {
namespace {

// A trade prompts 0.55 others in the mean, about a second later.
constexpr double kPromptOne = 0.30;
constexpr double kPromptThree = 0.083;
constexpr double kPromptedMean = kPromptOne + 3 * kPromptThree;
constexpr double kPromptedSeconds = 1.2;

constexpr double kPending = 0.88;
constexpr double kFeeCorrections = 0.10;
constexpr double kMoves = 0.05;
constexpr double kAnnotations = 0.08;
constexpr double kRemoves = 0.06;
constexpr double kPutsAgain = 0.25;
constexpr double kAddToEdit = 0.30;
// Insert, settlement and the rest, as long as the run is long against the slow ones.
constexpr double kChangesPerTrade = 2.2;

}  // namespace

TableHistory::TableHistory(const TableHistoryOptions& options)
    : options_(options),
      items_(options.seed * 3 + 1),
      random_(options.seed * 3 + 2),
      table_(options.seed * 3 + 3),
      now_micros_(options.start_micros) {
  unprompted_per_second_ = options.changes_per_second * (1 - kPromptedMean) / kChangesPerTrade;
  unprompted_micros_ = now_micros_ + DelayMicros(1 / unprompted_per_second_);
}

bool TableHistory::NextIsUnprompted() const {
  return actions_.empty() || unprompted_micros_ <= actions_.top().due_micros;
}

int64_t TableHistory::NextMicros() const {
  const int64_t due = NextIsUnprompted() ? unprompted_micros_ : actions_.top().due_micros;
  return std::max(due, now_micros_ + 1);
}

std::optional<TableChange> TableHistory::Step() {
  std::optional<TableChange> change;
  now_micros_ = NextMicros();
  if (NextIsUnprompted()) {
    unprompted_micros_ += DelayMicros(1 / unprompted_per_second_);
    size_t exchange = 0;
    size_t pair = 0;
    items_.DrawVenue(&exchange, &pair);
    change = NewTrade(exchange, pair);
  } else {
    const Action action = actions_.top();
    actions_.pop();
    change = Run(action);
  }
  if (change) ++counts_.changes;
  return change;
}

std::optional<TableChange> TableHistory::Run(const Action& action) {
  if (action.kind == ActionKind::kTrade) return NewTrade(action.exchange, action.pair);
  std::optional<TableChange> change;
  switch (action.kind) {
    case ActionKind::kRemove:
      change = Remove(action.row);
      break;
    case ActionKind::kPutAgain:
      change = PutAgain(action.row);
      break;
    default:
      change = Edit(action.row, action.kind);
  }
  Done(action.row);
  return change;
}

std::optional<TableChange> TableHistory::NewTrade(size_t exchange, size_t pair) {
  SchedulePrompted(exchange, pair);
  const RowId row = table_.NewRow();
  if (scheduled_.size() <= row) scheduled_.resize(row + 1, 0);
  const bool pending = Chance(random_, kPending);
  Item item = items_.NewTrade(now_micros_, exchange, pair, pending);
  std::optional<TableChange> change = PutTrade(row, std::move(item));
  ScheduleLife(row, pending);
  return change;
}

// A trade as it first appears: with the attributes that the application knows by now.
std::optional<TableChange> TableHistory::PutTrade(RowId row, Item item) {
  if (counts_.changes >= options_.added_after_changes) {
    items_.AddAttributes(&item, options_.added_attributes);
  }
  return PutItem(row, std::move(item));
}

std::optional<TableChange> TableHistory::PutItem(RowId row, Item item) {
  if (Chance(random_, options_.odd_types)) {
    items_.MakeOdd(&item);
    ++counts_.odd;
  }
  for (size_t i = 0; i < options_.added_attributes; ++i) {
    if (!added_seen_[i] && item.Find(AddedAttribute(i))) added_seen_[i] = true;
  }
  return table_.Put(row, std::move(item), now_micros_);
}

void TableHistory::ScheduleLife(RowId row, bool pending) {
  if (pending) Schedule(ActionKind::kSettle, row, Chance(random_, 0.9) ? 4 : 90);
  if (Chance(random_, kFeeCorrections)) Schedule(ActionKind::kCorrectFee, row, 900);
  if (Chance(random_, kMoves)) Schedule(ActionKind::kMove, row, Chance(random_, 0.4) ? 15 : 2'400);
  if (Chance(random_, kAnnotations)) Schedule(ActionKind::kAnnotate, row, 300);
  if (Chance(random_, kRemoves)) {
    Schedule(ActionKind::kRemove, row, Chance(random_, 0.5) ? 25 : 3'600);
  }
  if (scheduled_[row] == 0 && options_.forget_settled_rows) table_.Forget(row);
}

std::optional<TableChange> TableHistory::Edit(RowId row, ActionKind kind) {
  if (table_.item(row).empty()) return std::nullopt;  // removed meanwhile
  Item item = table_.item(row);
  bool moved = false;
  switch (kind) {
    case ActionKind::kSettle:
      items_.Settle(&item);
      break;
    case ActionKind::kCorrectFee:
      items_.CorrectFee(&item);
      break;
    case ActionKind::kMove:
      moved = items_.MoveToAnotherDay(&item);
      break;
    default:
      items_.Annotate(&item);
  }
  if (counts_.changes >= options_.added_after_changes && Chance(random_, kAddToEdit)) {
    items_.AddAttributes(&item, options_.added_attributes);
  }
  std::optional<TableChange> change = PutItem(row, std::move(item));
  if (change && moved) ++counts_.moves;
  return change;
}

std::optional<TableChange> TableHistory::Remove(RowId row) {
  const std::string key(table_.item(row).Text(AttributeName::kTransactionId));
  std::optional<TableChange> change = table_.Delete(row, now_micros_);
  if (change && Chance(random_, kPutsAgain)) {
    removed_keys_[row] = key;
    Schedule(ActionKind::kPutAgain, row, 20);
  }
  return change;
}

// The same key as a new trade, possibly in another partition than the removed one.
std::optional<TableChange> TableHistory::PutAgain(RowId row) {
  const auto key = removed_keys_.extract(row);
  size_t exchange = 0;
  size_t pair = 0;
  items_.DrawVenue(&exchange, &pair);
  Item item = items_.NewTrade(now_micros_, exchange, pair, true);
  item.Set(AttributeName::kTransactionId, record::AttributeType::kString, key.mapped());
  std::optional<TableChange> change = PutTrade(row, std::move(item));
  Schedule(ActionKind::kSettle, row, 4);
  return change;
}

void TableHistory::Schedule(ActionKind kind, RowId row, double mean_seconds) {
  TAPELAKE_ASSERT(scheduled_[row] < UINT8_MAX);
  ++scheduled_[row];
  actions_.push({.due_micros = now_micros_ + DelayMicros(mean_seconds),
                 .order = next_order_++,
                 .row = row,
                 .kind = kind});
}

void TableHistory::SchedulePrompted(size_t exchange, size_t pair) {
  const double draw = random_.NextDouble();
  const int count = draw < kPromptOne ? 1 : draw < kPromptOne + kPromptThree ? 3 : 0;
  for (int i = 0; i < count; ++i) {
    actions_.push({.due_micros = now_micros_ + DelayMicros(kPromptedSeconds),
                   .order = next_order_++,
                   .kind = ActionKind::kTrade,
                   .exchange = static_cast<uint8_t>(exchange),
                   .pair = static_cast<uint8_t>(pair)});
  }
}

void TableHistory::Done(RowId row) {
  if (--scheduled_[row] == 0 && options_.forget_settled_rows) table_.Forget(row);
}

int64_t TableHistory::DelayMicros(double mean_seconds) {
  return 1 + static_cast<int64_t>(Exponential(random_) * mean_seconds *
                                  static_cast<double>(base::kMicrosPerSecond));
}

}  // namespace tapelake::source
