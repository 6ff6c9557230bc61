#include "app/market/market_worker.h"

#include <algorithm>
#include <utility>

#include "market/bar_codec.h"

namespace tapelake::app {
namespace {

using market::Interval;
using market::MarketBook;
using market::StaleStretch;

constexpr size_t kChangesAtOnce = 256;  // under one lock
constexpr int64_t kAdvanceMicros = 200'000;
constexpr int64_t kNoteMicros = 250'000;
// Statements cost by what lies over the table's files, not by their stretches: fewer, larger ones.
constexpr int64_t kRebuildPaceMicros = 2'000'000;
// What lies over the files grows with the flow of changes: in a flood one statement holds much.
constexpr int64_t kFloodPaceMicros = 20'000'000;
constexpr int64_t kFloodChangesPerSecond = 20'000;
constexpr int64_t kRetryMicros = 2'000'000;
constexpr int64_t kDrainMicrosMax = 20'000'000;
// What is still stale at the end becomes so again at the next start.
constexpr int64_t kDrainRebuildMicrosMax = 2'000'000;
constexpr size_t kLateKeysAtOnce = 5'000;
constexpr size_t kRestoredAtOnce = 2'000;
constexpr size_t kUnstoredMax = 20'000;    // then a commit is due whatever the time
constexpr size_t kUnstoredStop = 200'000;  // then nothing more is taken: the tables fail
constexpr size_t kUnstoredSlotsMax = 200;  // as kUnstoredMax; each is a row per measure
// Stretches of one statement. It costs by the range it reads more than by their number, and holds
// the rows of one series at a time.
constexpr size_t kMinutesAtOnce = 20'000;
constexpr size_t kHoursAtOnce = 1'000;
constexpr size_t kDaysAtOnce = 50;
// Parts of a core: 1 / (1 + factor).
constexpr int64_t kRebuildRest = 6;
constexpr int64_t kLateRest = 0;  // nothing is taken meanwhile
constexpr int64_t kBackfillRest = 4;
constexpr int64_t kEvaluateRest = 8;
constexpr int64_t kCommitRest = 4;
// A slot of measures that is older than this cannot be made anew: the bars that its windows need
// have left the memory.
constexpr int64_t kLateSlotMicrosMax = 3'600'000'000;
constexpr int64_t kLateSlotsPaceMicros = 10'000'000;
constexpr size_t kLateSlotsMax = 20'000;
constexpr int64_t kSlotsBehindMax = 12;
constexpr int64_t kEndOfTime = 253'402'300'800'000'000;

size_t CountAtOnce(Interval interval) {
  switch (interval) {
    case Interval::kDay:
      return kDaysAtOnce;
    case Interval::kHour:
      return kHoursAtOnce;
    default:
      return kMinutesAtOnce;
  }
}

void Fill(const MarketChange& change, market::Trade* trade) {
  trade->key = change.key;
  trade->pair = change.after.pair;
  trade->exchange = change.after.exchange;
  trade->time_micros = change.after.time_micros;
  trade->status = change.after.status;
  trade->side = change.after.side;
  trade->has_amounts = change.after.has_amounts;
  trade->price = change.after.price;
  trade->quantity = change.after.quantity;
  trade->fee = change.after.fee;
}

/// Gathers rows that come in the order of pair, then exchange, into stretches, one series at a
/// time.
class RowsOfSeries {
 public:
  using OnStretch = std::function<void(const StaleStretch&, const std::vector<market::Trade>&)>;

  RowsOfSeries(Interval interval, OnStretch on_stretch)
      : interval_(interval), on_stretch_(std::move(on_stretch)) {}

  void Add(const market::Trade& trade) {
    const bool same_series = rows_.empty() || (rows_.begin()->first.pair == trade.pair &&
                                               rows_.begin()->first.exchange == trade.exchange);
    if (!same_series) Finish();
    rows_[{trade.pair, trade.exchange, interval_, market::BarStart(interval_, trade.time_micros)}]
        .push_back(trade);
  }
  /// After the last row.
  void Finish() {
    for (const auto& [stretch, trades] : rows_)
      on_stretch_(stretch, trades);
    rows_.clear();
  }

 private:
  const Interval interval_;
  const OnStretch on_stretch_;
  std::map<StaleStretch, std::vector<market::Trade>> rows_;
};

int64_t FirstSlotAfter(int64_t micros, int64_t length) {
  return (micros / length + 1) * length;
}

}  // namespace

MarketWorker::MarketWorker(io::Clock& clock, Parts parts)
    : clock_(clock),
      parts_(std::move(parts)),
      desk_(*parts_.desk),
      stale_({}),
      rebuild_share_(kRebuildRest),
      late_share_(kLateRest),
      backfill_share_(kBackfillRest),
      evaluate_share_(kEvaluateRest),
      commit_share_(kCommitRest) {}

Result<std::unique_ptr<MarketWorker>> MarketWorker::Open(io::Clock& clock, Parts parts) {
  std::unique_ptr<MarketWorker> worker(new MarketWorker(clock, std::move(parts)));
  const Status opened = worker->OpenAll();
  if (!opened.ok()) return WithContext(opened, "cannot open the market");
  return worker;
}

Status MarketWorker::OpenAll() {
  TAPELAKE_ASSIGN_OR_RAISE(tables_, parts_.open_tables());
  Positions positions;
  const std::optional<MarketPosition>& stored = tables_->position();
  const bool resumes = stored && parts_.can_resume(stored->positions);
  if (resumes) {
    positions = stored->positions;
    backfill_before_micros_ = stored->backfill_before_micros;
    TAPELAKE_RETURN_NOT_OK(RestoreBars());
  } else {
    TAPELAKE_ASSIGN_OR_RAISE(positions, parts_.table_positions());
  }
  stale_ = StaleQueue(positions);
  facts_.applied = positions;
  parts_.feed->SetStored(positions);
  TAPELAKE_RETURN_NOT_OK(RebuildWindow(/*whole_hour=*/!resumes));
  TAPELAKE_RETURN_NOT_OK(HoldBackFuture());
  NoteChanged();
  desk_.AddSeries();
  commit_share_.Pause(clock_.SteadyMicros() + parts_.options.commit_micros);
  PublishFacts();
  return Status::OK();
}

Status MarketWorker::RestoreBars() {
  const int64_t horizon = Now() + parts_.options.book.future_micros_max;
  TAPELAKE_ASSIGN_OR_RAISE(const auto newest, parts_.lake->NewestBarBefore(horizon));
  if (!newest) return Status::OK();
  std::vector<market::ChangedBar> bars;
  const auto restore = [&] {
    desk_.Change([&](MarketBook& book) {
      for (const market::ChangedBar& bar : bars) {
        book.Restore(bar.series, bar.interval, bar.bar);
        const int64_t start = bar.bar.start_micros;
        desk_.SeeTimes(0, bar.bar.has_prices() ? bar.bar.last.time_micros : start, Now());
      }
    });
    bars.clear();
  };
  for (const Interval interval : market::kAllIntervals) {
    if (interval < parts_.options.book.stored_min) continue;
    const int64_t kept = parts_.options.book.retention_micros[static_cast<size_t>(interval)];
    const TimeRange range{market::BarStart(interval, *newest - kept), kEndOfTime};
    TAPELAKE_RETURN_NOT_OK(parts_.lake->VisitBars(
        interval, range, [&](const market::Series& series, std::string_view sums) -> Status {
          TAPELAKE_ASSIGN_OR_RAISE(const market::Bar bar, market::DecodeBar(sums));
          bars.push_back({series, interval, bar});
          if (bars.size() >= kRestoredAtOnce) restore();
          return Status::OK();
        }));
    restore();
  }
  return Status::OK();
}

/// Make the newest minutes from the lake: the book must know their rows by key, and the bars of
/// seconds are not stored.
Status MarketWorker::RebuildWindow(bool whole_hour) {
  const int64_t horizon = Now() + parts_.options.book.future_micros_max;
  TAPELAKE_ASSIGN_OR_RAISE(const auto newest, parts_.lake->NewestBefore(horizon));
  if (!newest) return EmptyLeftMinutes(0, {});
  const market::MarketBookOptions& book = parts_.options.book;
  const int64_t kept = std::max(book.trade_window_micros,
                                book.retention_micros[static_cast<size_t>(Interval::kSecond)]);
  const int64_t from = market::BarStart(whole_hour ? Interval::kHour : Interval::kMinute,
                                        *newest - kept - market::IntervalMicros(Interval::kMinute));
  if (whole_hour) backfill_before_micros_ = from;
  std::set<StaleStretch> rebuilt;
  TAPELAKE_RETURN_NOT_OK(RebuildRange(Interval::kMinute, {from, horizon}, &rebuilt));
  return EmptyLeftMinutes(from, rebuilt);
}

/// Bars that were stored of rows that the table does not hold (yet): they come again.
Status MarketWorker::EmptyLeftMinutes(int64_t from_micros, const std::set<StaleStretch>& rebuilt) {
  std::vector<StaleStretch> left;
  desk_.Read([&](const MarketBook& book) {
    for (const std::string& pair : book.Pairs()) {
      for (const std::string& exchange : book.ExchangesOf(pair)) {
        for (const market::BookBar* bar :
             book.Bars({pair, exchange}, Interval::kMinute, from_micros, kEndOfTime)) {
          StaleStretch stretch{pair, exchange, Interval::kMinute, bar->bar.start_micros};
          if (!rebuilt.contains(stretch)) left.push_back(std::move(stretch));
        }
      }
    }
  });
  for (const StaleStretch& stretch : left)
    RebuildOne(stretch, {});
  return Status::OK();
}

Status MarketWorker::HoldBackFuture() {
  const int64_t now = Now();
  const TimeRange future{now + parts_.options.book.future_micros_max, kEndOfTime};
  return parts_.lake->VisitRange(future, [&](const market::Trade& trade) {
    desk_.Change([&](MarketBook& book) { book.Apply(trade.key, trade, now); });
    return Status::OK();
  });
}

void MarketWorker::RebuildOne(const StaleStretch& stretch, std::span<const market::Trade> trades) {
  desk_.Change([&](MarketBook& book) {
    book.Rebuild(stretch, trades, Now());
    for (const market::Trade& trade : trades) {
      ShowOnTape(trade, Now());
      desk_.SeeTimes(0, PastOrNone(trade.time_micros, Now()), Now());
    }
  });
}

/// Make every stretch of a range anew that has rows. Holds the rows of one series at a time.
Status MarketWorker::RebuildRange(Interval interval, const TimeRange& range,
                                  std::set<StaleStretch>* rebuilt) {
  RowsOfSeries rows(interval, [&](const StaleStretch& stretch, const auto& trades) {
    RebuildOne(stretch, trades);
    if (rebuilt != nullptr) rebuilt->insert(stretch);
  });
  TAPELAKE_RETURN_NOT_OK(parts_.lake->VisitRange(range, [&](const market::Trade& trade) {
    rows.Add(trade);
    return Status::OK();
  }));
  rows.Finish();
  NoteChanged();
  return Status::OK();
}

Result<bool> MarketWorker::Step() {
  bool worked = TakeBatch();
  const int64_t now = clock_.SteadyMicros();
  if (now - advanced_micros_ >= kAdvanceMicros) {
    changes_per_second_ = std::exchange(changes_taken_, 0) * 1'000'000 / (now - advanced_micros_);
    desk_.Change([this](MarketBook& book) {
      book.Advance(Now());
      // What one stretch that is made anew asks of others waits for no further commit.
      if (!uncommitted_) QueueStale(book);
    });
    advanced_micros_ = now;
  }
  if (now - noted_micros_ >= kNoteMicros) {
    NoteChanged();
    noted_micros_ = now;
  }
  worked = RebuildSome() || worked;
  worked = BackfillSome() || worked;
  worked = EvaluateSome() || worked;
  worked = CommitIfDue() || worked;
  PublishFacts();
  return worked;
}

/// The event time of a row that is not ahead of its time; 0 for one that is.
int64_t MarketWorker::PastOrNone(int64_t event_micros, int64_t now_micros) const {
  return event_micros > now_micros + parts_.options.book.future_micros_max ? 0 : event_micros;
}

bool MarketWorker::TakeBatch() {
  if (unstored_.size() > kUnstoredStop) return false;
  if (!late_committed_.empty()) {
    const int64_t begin = clock_.SteadyMicros();
    if (!late_share_.MayWork(begin)) return false;
    const Status settled = SettleLate();
    late_share_.Worked(begin, clock_.SteadyMicros(), 0);
    if (!settled.ok()) Failed(settled, &late_share_);
    return settled.ok();
  }
  if (!batch_) {
    batch_ = parts_.feed->Take();
    place_ = {};
  }
  if (!batch_) return false;
  bool more = false;
  desk_.Change([&](MarketBook& book) {
    book_ = &book;
    now_micros_ = Now();
    more = batch_->Replay(this, kChangesAtOnce, &place_);
    book_ = nullptr;
  });
  if (!more) batch_.reset();
  return true;
}

void MarketWorker::OnChange(const MarketChange& change) {
  uncommitted_ = true;
  ++changes_taken_;
  const int64_t event_micros = change.has_after ? change.after.time_micros : 0;
  desk_.SeeTimes(change.change_time_micros, PastOrNone(event_micros, now_micros_), now_micros_);
  if (change.has_before) {
    book_->Touch(change.before.pair, change.before.exchange, change.before.time_micros);
  }
  if (change.news != MarketNews::kRow) {
    if (change.has_after) {
      book_->Touch(change.after.pair, change.after.exchange, change.after.time_micros);
    }
    if (change.news == MarketNews::kLate) late_.emplace(change.key);
    return;
  }
  if (!change.has_after) {
    book_->Apply(change.key, std::nullopt, now_micros_);
    desk_.ForgetTrade(change.key);
    return;
  }
  if (!row_) row_.emplace();
  Fill(change, &*row_);
  book_->Apply(change.key, row_, now_micros_);
  ShowOnTape(*row_, now_micros_);
}

/// Within MarketDesk::Change(). What lies ahead is no news yet.
void MarketWorker::ShowOnTape(const market::Trade& trade, int64_t now_micros) {
  if (trade.time_micros <= now_micros + parts_.options.book.future_micros_max) {
    desk_.SeeTrade(trade);
  } else {
    desk_.ForgetTrade(trade.key);
  }
}

void MarketWorker::OnPosition(const std::string& source, uint64_t end_offset) {
  stale_.Applied(source, end_offset);
  facts_.applied[source] = end_offset;
}

void MarketWorker::OnCommitted() {
  for (const StaleStretch& again : stale_.Committed(book_->TakeStale(book_->stale_count())))
    book_->JoinTakes(again);
  late_committed_.merge(late_);
  late_.clear();
  uncommitted_ = false;
}

/// Within MarketDesk::Change(). The table must hold everything that was applied.
void MarketWorker::QueueStale(MarketBook& book) {
  for (const StaleStretch& again : stale_.Add(book.TakeStale(book.stale_count())))
    book.JoinTakes(again);
}

/// Rows of the trade window are known by their keys: tell the book what the table holds of those
/// that only it could judge.
Status MarketWorker::SettleLate() {
  const int64_t window = parts_.options.book.trade_window_micros;
  const int64_t newest = desk_.facts().newest_trade_micros;
  const int64_t from = newest - window - 2 * market::IntervalMicros(Interval::kMinute);
  while (!late_committed_.empty()) {
    std::vector<std::string> keys;
    for (const std::string& key : late_committed_) {
      if (keys.size() >= kLateKeysAtOnce) break;
      keys.push_back(key);
    }
    std::map<std::string, market::Trade> found;
    TAPELAKE_RETURN_NOT_OK(parts_.lake->VisitKeys(keys, from, [&](const market::Trade& trade) {
      found.emplace(trade.key, trade);
      return Status::OK();
    }));
    desk_.Change([&](MarketBook& book) {
      for (const std::string& key : keys) {
        const auto row = found.find(key);
        const bool there = row != found.end();
        book.Apply(key, there ? std::optional(row->second) : std::nullopt, Now());
      }
    });
    for (const std::string& key : keys)
      late_committed_.erase(key);
  }
  return Status::OK();
}

bool MarketWorker::RebuildSome() {
  const int64_t begin = clock_.SteadyMicros();
  if (stale_.size() == 0 || !rebuild_share_.MayWork(begin)) return false;
  if (parts_.feed->behind()) return false;  // nothing of this may hold up the table
  const Status status = RebuildOldest();
  if (!status.ok()) {
    Failed(status, &rebuild_share_);
    return false;
  }
  const int64_t end = clock_.SteadyMicros();
  facts_.rebuild_micros += end - begin;
  const bool flood = changes_per_second_ > kFloodChangesPerSecond;
  rebuild_share_.Worked(begin, end, flood ? kFloodPaceMicros : kRebuildPaceMicros);
  return true;
}

Status MarketWorker::RebuildOldest() {
  std::vector<StaleStretch> stretches = stale_.Oldest(1);
  if (stretches.empty()) return Status::OK();
  const Interval interval = stretches.front().interval;
  stretches = stale_.Oldest(CountAtOnce(interval));
  std::set<StaleStretch> empty(stretches.begin(), stretches.end());
  RowsOfSeries rows(interval, [&](const StaleStretch& stretch, const auto& trades) {
    if (empty.erase(stretch) > 0) RebuildOne(stretch, trades);
  });
  TAPELAKE_RETURN_NOT_OK(parts_.lake->VisitStretches(stretches, [&](const market::Trade& trade) {
    rows.Add(trade);
    return Status::OK();
  }));
  rows.Finish();
  for (const StaleStretch& stretch : empty)
    RebuildOne(stretch, {});
  stale_.Done(stretches);
  NoteChanged();
  return Status::OK();
}

bool MarketWorker::BackfillSome() {
  const int64_t begin = clock_.SteadyMicros();
  // What is new goes first.
  if (!backfill_before_micros_ || has_backlog() || batch_) return false;
  if (!backfill_share_.MayWork(begin) || unstored_.size() > kUnstoredMax) return false;
  const Status status = BackfillNext();
  if (!status.ok()) {
    Failed(status, &backfill_share_);
    return false;
  }
  backfill_share_.Worked(begin, clock_.SteadyMicros(), 0);
  return true;
}

/// The newest hour, or day if hours are no longer kept, that is not made yet and has rows.
Status MarketWorker::BackfillNext() {
  const int64_t before = *backfill_before_micros_;
  TAPELAKE_ASSIGN_OR_RAISE(const auto newest, parts_.lake->NewestBefore(before));
  if (!newest) {
    backfill_before_micros_.reset();
    return Status::OK();
  }
  const market::MarketBookOptions& book = parts_.options.book;
  const int64_t hours_from = desk_.AsOf(Now()) -
                             book.retention_micros[static_cast<size_t>(Interval::kHour)] +
                             market::IntervalMicros(Interval::kDay);
  const bool by_hour = *newest >= hours_from || market::BarStart(Interval::kDay, before) != before;
  const Interval interval = by_hour ? Interval::kHour : Interval::kDay;
  const int64_t from = market::BarStart(interval, *newest);
  TAPELAKE_RETURN_NOT_OK(RebuildRange(interval, {from, before}, nullptr));
  backfill_before_micros_ = from;
  return Status::OK();
}

void MarketWorker::NoteChanged() {
  while (true) {
    std::vector<market::ChangedBar> bars = desk_.TakeChanged();
    if (bars.empty()) return;
    NoteBars(std::move(bars));
  }
}

void MarketWorker::NoteBars(std::vector<market::ChangedBar> bars) {
  const int64_t slot = parts_.options.measures_micros;
  for (market::ChangedBar& bar : bars) {
    const int64_t start = bar.bar.start_micros;
    const bool corrects =
        bar.interval == Interval::kMinute && slot_end_micros_ != 0 && start < slot_end_micros_;
    if (corrects) {
      const bool reachable = start >= slot_end_micros_ - kLateSlotMicrosMax;
      if (reachable && late_slots_.size() < kLateSlotsMax) {
        late_slots_.emplace(FirstSlotAfter(start, slot), bar.series);
      } else {
        ++facts_.late_slots_dropped;
      }
    }
    unstored_.insert_or_assign(BarPlace(std::move(bar.series), bar.interval, start),
                               bar.bar.rows() == 0 ? std::string() : market::EncodeBar(bar.bar));
  }
}

void MarketWorker::QueueSlots(int64_t as_of_micros) {
  const int64_t length = parts_.options.measures_micros;
  const int64_t newest = FirstSlotAfter(as_of_micros, length) - length;  // ended
  if (slot_end_micros_ != 0 && newest <= slot_end_micros_) return;
  const std::vector<market::Series> all = desk_.AllSeries();
  if (all.empty()) return;
  if (slot_end_micros_ == 0 || newest - slot_end_micros_ > kSlotsBehindMax * length) {
    slot_end_micros_ = std::max(newest - length, int64_t{0});
  }
  while (slot_end_micros_ < newest) {
    slot_end_micros_ += length;
    for (const market::Series& series : all)
      slots_.emplace_back(slot_end_micros_, series);
  }
  // More than can be made: the newest count.
  const size_t queued_max = static_cast<size_t>(kSlotsBehindMax) * std::max<size_t>(all.size(), 1);
  while (slots_.size() > queued_max)
    slots_.pop_front();
}

std::optional<MarketWorker::Slot> MarketWorker::NextSlot() {
  const int64_t now = clock_.SteadyMicros();
  if (slots_.empty() && !late_slots_.empty() && now - late_slots_micros_ >= kLateSlotsPaceMicros) {
    late_slots_micros_ = now;
    slots_.assign(late_slots_.begin(), late_slots_.end());
    late_slots_.clear();
  }
  if (slots_.empty()) return std::nullopt;
  Slot slot = std::move(slots_.front());
  slots_.pop_front();
  return slot;
}

bool MarketWorker::EvaluateSome() {
  const int64_t begin = clock_.SteadyMicros();
  if (!evaluate_share_.MayWork(begin) || parts_.feed->behind()) return false;
  const int64_t as_of = desk_.AsOf(Now());
  QueueSlots(as_of);
  bool worked = false;
  if (const auto series = desk_.NextToEvaluate(begin)) {
    desk_.Publish(*series, {as_of, desk_.Evaluate(*series, as_of)}, begin);
    worked = true;
  }
  if (const auto slot = NextSlot()) {
    // The windows end with the last bar before the slot's end.
    unstored_slots_.push_back(
        {slot->second, slot->first, desk_.Evaluate(slot->second, slot->first - 1)});
    worked = true;
  }
  if (!worked) return false;
  const int64_t end = clock_.SteadyMicros();
  facts_.evaluate_micros += end - begin;
  evaluate_share_.Worked(begin, end, 0);
  return true;
}

bool MarketWorker::CommitIfDue() {
  const int64_t begin = clock_.SteadyMicros();
  const bool much = unstored_.size() >= kUnstoredMax || unstored_slots_.size() >= kUnstoredSlotsMax;
  const bool full = much && facts_.last_failure.empty();
  if (!full && !commit_share_.MayWork(begin)) return false;
  const Status status = Commit();
  if (!status.ok()) {
    tables_.reset();  // opened again by the next try
    Failed(status, &commit_share_);
    return false;
  }
  facts_.last_failure.clear();
  const int64_t end = clock_.SteadyMicros();
  commit_share_.Worked(begin, end, parts_.options.commit_micros);
  return true;
}

Status MarketWorker::Commit() {
  NoteChanged();
  if (tables_ == nullptr) {
    TAPELAKE_ASSIGN_OR_RAISE(tables_, parts_.open_tables());
  }
  MarketPosition position;
  // Rows that the table must judge first could still be wrong.
  const bool settled = late_committed_.empty();
  if (!settled && tables_->position()) {
    position = *tables_->position();
  } else if (settled) {
    position = {stale_.positions(), backfill_before_micros_};
  } else {
    return Status::OK();
  }
  const std::optional<MarketPosition>& stored = tables_->position();
  const bool moved = !stored || stored->positions != position.positions ||
                     stored->backfill_before_micros != position.backfill_before_micros;
  if (unstored_.empty() && unstored_slots_.empty() && !moved) return Status::OK();
  TAPELAKE_RETURN_NOT_OK(tables_->Store(unstored_, unstored_slots_, position));
  unstored_.clear();
  unstored_slots_.clear();
  ++facts_.commits;
  parts_.feed->SetStored(position.positions);
  return Status::OK();
}

Status MarketWorker::Drain() {
  const int64_t end = clock_.SteadyMicros() + kDrainMicrosMax;
  while ((has_backlog() || batch_ || !late_committed_.empty()) && clock_.SteadyMicros() < end) {
    late_share_.Pause(0);
    if (!TakeBatch() && (!late_committed_.empty() || unstored_.size() > kUnstoredStop)) break;
  }
  NoteChanged();
  const int64_t rebuild_end = std::min(end, clock_.SteadyMicros() + kDrainRebuildMicrosMax);
  while (clock_.SteadyMicros() < rebuild_end) {
    desk_.Change([this](MarketBook& book) { QueueStale(book); });
    if (stale_.size() == 0) break;
    const Status status = RebuildOldest();
    if (status.ok()) continue;
    Failed(status, &rebuild_share_);
    break;
  }
  const Status stored = Commit();
  PublishFacts();
  parts_.feed->Close();
  return stored;
}

void MarketWorker::Failed(const Status& failure, Share* share) {
  facts_.last_failure = failure.message();
  share->Pause(clock_.SteadyMicros() + kRetryMicros);
}

void MarketWorker::PublishFacts() {
  facts_.stale_count = stale_.size();
  facts_.backfill_before_micros = backfill_before_micros_;
  desk_.PublishFacts(facts_);
}

}  // namespace tapelake::app
