#pragma once

/// The way of changes from a table's worker to the market's.

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/market/trade_layout.h"
#include "base/bounded_queue.h"
#include "base/status.h"
#include "ingest/table_ingest.h"
#include "market/trade.h"
#include "record/change.h"
#include "record/table_definition.h"

namespace tapelake::app {

/// What a change says of the market.
enum class MarketNews : uint8_t {
  kRow = 1,    ///< The row is as `after` says now.
  kPlace = 2,  ///< Only that a row was, or is, at these places.
  kLate = 3,   ///< As kPlace; but what the table holds there is known only after the next commit.
};

/// One change, or one note between changes. Views live as long as the batch.
struct MarketChange {
  MarketNews news = MarketNews::kRow;
  std::string_view key;
  bool has_after = false;  ///< A row is there; `after` is where, for kPlace and kLate too.
  TradeView after;
  bool has_before = false;  ///< The old image and its place.
  TradeView before;
  int64_t change_time_micros = 0;
};

/// Changes in order, packed into flat memory, with notes of how far they go. One thread.
class MarketBatch {
 public:
  void Add(const MarketChange& change);
  /// Everything of `source` before `end_offset` is in what was added so far.
  void AddPosition(const std::string& source, uint64_t end_offset);
  /// Everything added so far, here and in the batches before, is in a commit of the table.
  void AddCommitted();

  class Reader {
   public:
    virtual ~Reader() = default;
    virtual void OnChange(const MarketChange& change) = 0;
    virtual void OnPosition(const std::string& source, uint64_t end_offset) = 0;
    virtual void OnCommitted() = 0;
  };
  /// How far it was replayed.
  struct Place {
    size_t event = 0;
    size_t note = 0;
    size_t text = 0;
  };
  /// Tell what was added, in that order, from `*place` on and at most `changes_max` changes. Return
  /// whether there is more.
  bool Replay(Reader* reader, size_t changes_max, Place* place) const;

  bool empty() const { return events_.empty() && notes_.empty(); }
  size_t changes() const { return events_.size(); }
  size_t bytes() const { return events_.size() * sizeof(Event) + text_.size(); }

 private:
  struct Event {
    MarketChange change;  // its views are empty: the texts stand in text_
    uint32_t key_bytes = 0;
    uint32_t pair_bytes = 0;
    uint32_t exchange_bytes = 0;
    uint32_t old_pair_bytes = 0;
    uint32_t old_exchange_bytes = 0;
    bool old_is_same = false;  // pair and exchange of `before` are those of `after`
  };
  struct Note {
    size_t event = 0;    // it stands before this event
    std::string source;  // empty: the note is "committed"
    uint64_t end_offset = 0;
  };

  std::string text_;
  std::vector<Event> events_;
  std::vector<Note> notes_;
};

/// Takes changes from the table's worker (one thread) and gives them to the market's (another),
/// with a bounded queue between them. When it is full CanAdd() says so, and the table's worker
/// reads no more; nothing is ever dropped. Knows how far the market's own tables go.
class MarketFeed {
 public:
  MarketFeed(TradeLayout layout, const base::QueueLimits& limits)
      : layout_(std::move(layout)), queue_(limits) {}

  // The table's worker.

  /// Whether there is room for another block of records.
  bool CanAdd() const { return batch_.bytes() < kBatchBytesMax || queue_.closed(); }
  /// Records of `source` before this were handed over in this run, or are in the market's tables.
  uint64_t TakenOffset(const std::string& source) const;
  /// Records of `source` before this are in the market's tables.
  uint64_t StoredOffset(const std::string& source) const;
  /// Take a change with ingest's verdict; without one ingest had it before.
  void Add(const record::Change& change, std::optional<ingest::Verdict> verdict);
  /// All changes of `source` before `end_offset` were added.
  void Advance(const std::string& source, uint64_t end_offset);
  /// Pass on what was added, if the queue has room. `committed`: all of it is in the table.
  void HandOver(bool committed);
  /// The same whatever room there is: the table's worker ends.
  void HandOverLast(bool committed);

  // The market's worker.

  std::optional<MarketBatch> Take() { return queue_.TryPop(); }
  bool empty() const { return queue_.size() == 0; }
  /// Whether so much waits that the table's worker may soon have to.
  bool behind() const { return queue_.size() > kBehindBatches; }
  /// The market's tables are right up to these positions now.
  void SetStored(const std::map<std::string, uint64_t>& positions);
  /// Nobody takes any more: what is added from now on is forgotten, and read again by the next
  /// start, whose positions say so.
  void Close() { queue_.Close(); }

 private:
  static constexpr size_t kBatchBytesMax = size_t{8} << 20;
  static constexpr size_t kBehindBatches = 3;

  TradeLayout layout_;                      // the table's worker's, as the next two
  std::map<std::string, uint64_t> handed_;  // source -> added in this run
  MarketBatch batch_;
  base::BoundedQueue<MarketBatch> queue_;
  mutable std::mutex mutex_;  // guards stored_
  std::map<std::string, uint64_t> stored_;
};

}  // namespace tapelake::app
