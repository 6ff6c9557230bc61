#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "app/market/market_desk.h"
#include "app/market/market_feed.h"
#include "app/market/market_tables.h"
#include "app/market/stale_queue.h"
#include "app/market/trade_lake.h"
#include "app/worker.h"
#include "io/clock.h"

namespace tapelake::app {

struct MarketWorkerOptions {
  market::MarketBookOptions book;         ///< As the desk's book has them.
  int64_t commit_micros = 5'000'000;      ///< Aimed time between two commits.
  int64_t measures_micros = 300'000'000;  ///< Length of a slot of stored measures.
};

/// Keeps the book, its measures and the tables `market_bars` and `market_measures` right
/// (decision 9).
///
/// Step() and Drain() belong to one thread. What fails in the lake or in the market's tables is
/// tried again; the book goes on meanwhile, and nothing is lost: the position of the last commit
/// says what must be read again after a crash.
class MarketWorker : public Worker, private MarketBatch::Reader {
 public:
  using Positions = std::map<std::string, uint64_t>;
  struct Parts {
    MarketFeed* feed = nullptr;  ///< Must outlive the worker, as the desk.
    MarketDesk* desk = nullptr;
    std::unique_ptr<TradeLake> lake;
    std::function<Result<std::unique_ptr<MarketTables>>()> open_tables;
    /// Positions of the newest commit of the table of trades; none if there is none.
    std::function<Result<Positions>()> table_positions;
    /// Whether the sources still hold everything after these positions. Otherwise all bars are made
    /// from the table.
    std::function<bool(const Positions&)> can_resume;
    MarketWorkerOptions options;
  };

  /// Open the tables, put the stored bars back and read the trade window from the lake. The feed
  /// then knows where to begin. Errors: those of MarketTables and TradeLake.
  static Result<std::unique_ptr<MarketWorker>> Open(io::Clock& clock, Parts parts);

  std::string name() const override { return "market"; }

  /// Take what the feed has; read some stale stretches again; make some measures; commit if it is
  /// time. Never fails.
  Result<bool> Step() override;

  bool has_backlog() const override { return !parts_.feed->empty(); }

  /// Take everything, read what is stale and commit. Errors: the last failure, if something could
  /// not be stored.
  Status Drain() override;

 private:
  /// Lets one kind of work have a part of the time: after a piece that took t it rests a multiple
  /// of t.
  class Share {
   public:
    explicit Share(int64_t rest_factor) : rest_factor_(rest_factor) {}
    bool MayWork(int64_t now_micros) const { return now_micros >= next_micros_; }
    /// `pace`: at least so long between two beginnings.
    void Worked(int64_t begin_micros, int64_t end_micros, int64_t pace_micros) {
      next_micros_ = std::max(begin_micros + pace_micros,
                              end_micros + rest_factor_ * (end_micros - begin_micros));
    }
    void Pause(int64_t until_micros) { next_micros_ = until_micros; }

   private:
    int64_t rest_factor_;
    int64_t next_micros_ = 0;
  };
  using Slot = std::pair<int64_t, market::Series>;  // its end

  MarketWorker(io::Clock& clock, Parts parts);

  // At the start.
  Status OpenAll();
  Status RestoreBars();
  Status RebuildWindow(bool whole_hour);
  Status HoldBackFuture();
  Status EmptyLeftMinutes(int64_t from_micros, const std::set<market::StaleStretch>& rebuilt);

  // The feed.
  void OnChange(const MarketChange& change) override;
  void OnPosition(const std::string& source, uint64_t end_offset) override;
  void OnCommitted() override;
  int64_t PastOrNone(int64_t event_micros, int64_t now_micros) const;
  bool TakeBatch();
  Status SettleLate();
  void QueueStale(market::MarketBook& book);

  // The lake.
  bool RebuildSome();
  Status RebuildOldest();
  bool BackfillSome();
  Status BackfillNext();
  Status RebuildRange(market::Interval interval, const TimeRange& range,
                      std::set<market::StaleStretch>* rebuilt);
  void ShowOnTape(const market::Trade& trade, int64_t now_micros);
  void RebuildOne(const market::StaleStretch& stretch, std::span<const market::Trade> trades);

  // Measures.
  bool EvaluateSome();
  void QueueSlots(int64_t as_of_micros);
  std::optional<Slot> NextSlot();
  void NoteChanged();
  void NoteBars(std::vector<market::ChangedBar> bars);

  // The tables.
  bool CommitIfDue();
  Status Commit();

  void Failed(const Status& failure, Share* share);
  void PublishFacts();
  int64_t Now() { return clock_.WallMicros(); }

  io::Clock& clock_;
  Parts parts_;
  MarketDesk& desk_;
  std::unique_ptr<MarketTables> tables_;  // nullptr after a failure: to be opened again
  StaleQueue stale_;
  std::optional<MarketBatch> batch_;
  MarketBatch::Place place_;              // in batch_
  market::MarketBook* book_ = nullptr;    // within MarketDesk::Change()
  int64_t now_micros_ = 0;                // of the replay under way
  std::optional<market::Trade> row_;      // kept for its buffers
  std::set<std::string> late_;            // keys that only the next commit can judge
  std::set<std::string> late_committed_;  // keys that it has judged
  bool uncommitted_ = false;              // changes came since the last commit of the table
  std::optional<int64_t> backfill_before_micros_;
  int64_t advanced_micros_ = 0;  // steady, as the next
  int64_t noted_micros_ = 0;
  int64_t changes_taken_ = 0;       // since advanced_micros_
  int64_t changes_per_second_ = 0;  // before it
  Share rebuild_share_;
  Share late_share_;
  Share backfill_share_;
  Share evaluate_share_;
  Share commit_share_;
  BarsByPlace unstored_;
  std::vector<MeasureSlot> unstored_slots_;
  int64_t slot_end_micros_ = 0;  // of the newest slot that was queued; 0: none yet
  std::deque<Slot> slots_;
  std::set<Slot> late_slots_;
  int64_t late_slots_micros_ = 0;  // steady; when they were last queued
  MarketFacts facts_;
};

}  // namespace tapelake::app
