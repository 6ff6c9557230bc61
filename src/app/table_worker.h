#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "app/commit_pacer.h"
#include "app/feed.h"
#include "app/mark_book.h"
#include "app/market/market_feed.h"
#include "app/table_services.h"
#include "app/worker.h"
#include "delivery/delivery.h"
#include "ingest/table_ingest.h"
#include "io/clock.h"
#include "metrics/instruments.h"
#include "record/record_block.h"
#include "transform/record_parser.h"

namespace tapelake::app {

/// What a table worker has done so far.
struct TableProgress {
  std::string table;  ///< `database.table`
  ingest::IngestCounts counts;
  int64_t read_records = 0;
  int64_t read_bytes = 0;
  /// In the table after the last commit. Merge-on-read: what the changes say of themselves, which
  /// disorder falsifies a little, until Drain() has counted.
  int64_t rows = 0;
  bool rows_exact = true;
  std::string last_instant;             ///< Of this run; empty before its first commit.
  int64_t last_commit_wall_micros = 0;  ///< When it was published.
  int64_t last_commit_took_micros = 0;
  int64_t watermark_micros = 0;  ///< Newest change time committed; 0 if none.
  int64_t sources = 0;
  int64_t sources_done = 0;
  int64_t raw_objects = 0;    ///< Written in this run.
  int64_t error_objects = 0;  ///< Written in this run.
  int64_t retries = 0;        ///< Failures that were answered by opening the table again.
  std::string last_failure;   ///< The newest of them.
  int64_t lost_records = 0;   ///< Dropped by the source before they were read.
  std::optional<source::PullFigures> pull;  ///< Of a source that is asked for its records.
  bool at_end = false;                      ///< The feed has no more records.
  /// Wall time when the oldest record was read that is in no commit yet; 0: none waits.
  int64_t waiting_since_micros = 0;
  int64_t merged_files = 0;       ///< Small files that became part of bigger ones in this run.
  int64_t cleaned_files = 0;      ///< Deleted by cleaning in this run.
  int64_t archived_instants = 0;  ///< Moved off the active timeline in this run.
};

/// Feed -> parse once -> ingest, delivery and market; hot chunks and paced commits; plans of the
/// table's services between commits.
///
/// The three have positions of their own: a record goes to those that do not have it yet. Of a
/// change that ingest already has the market is told only where it was.
/// Step() and Drain() belong to one thread; progress() may be called from any.
class TableWorker : public Worker {
 public:
  struct Parts {
    std::function<Result<std::unique_ptr<ingest::TableIngest>>()> open_ingest;
    std::function<Result<std::unique_ptr<Feed>>(const FeedStart&)> open_feed;
    delivery::Delivery* delivery = nullptr;  ///< Must outlive the worker.
    bool delivers = false;         ///< Step the delivery itself: there is no delivery worker.
    MarketFeed* market = nullptr;  ///< Gets the trades; must outlive the worker. May be nullptr.
    CommitLimits limits;
    int64_t hot_micros = 100'000;  ///< Pace of the hot chunks.
    ServicePolicies services;
    /// Called with the instant of every compaction to run; empty: they run within Step().
    std::function<void(const std::string& instant)> on_compaction;
    bool reads_off = false;  ///< At the end, read until the feed has nothing more.
    bool retries = false;    ///< Open ingest and feed again after failures that may pass.
    std::string table;
    int64_t rows_before = 0;                      ///< In the table at the start.
    std::function<Result<int64_t>()> count_rows;  ///< Of the table now; may be empty.
  };

  /// Open ingest and feed. `clock` must outlive the worker. Errors: those of the parts.
  static Result<std::unique_ptr<TableWorker>> Open(io::Clock& clock, Parts parts);

  std::string name() const override { return parts_.table; }

  /// Read one block, show it, commit if it is time. Errors: those of feed, ingest and delivery that
  /// do not pass by themselves.
  Result<bool> Step() override;

  /// A stream is read to its end, so that what was put before the stop is committed; files, which
  /// may be long, are left where they are.
  bool has_backlog() const override { return parts_.reads_off; }

  bool is_held_up() const override { return !HasRoom(); }

  /// Commit what was read and deliver all of it.
  Status Drain() override;
  Status Settle() override;

  TableProgress progress() const;

  /// How long the commits of this run took. Any thread.
  const metrics::Histogram& commit_durations() const { return commit_durations_; }

  /// See Feed::failures(). Same thread as Step().
  std::vector<Status> failures() const { return feed_->failures(); }

 private:
  TableWorker(io::Clock& clock, Parts parts);
  Status OpenParts();
  uint64_t NeededOffset(const std::string& source) const;
  uint64_t NewestOffset(const std::string& source) const;
  uint64_t DeliveryOffset(const std::string& source) const;
  Result<bool> Work();
  Result<bool> Read();
  /// Who of the three does not have a record yet.
  struct Takers {
    bool ingest = false;
    bool delivery = false;
    bool market = false;
  };
  Status TakeBlock();
  void PassTo(const std::string& source, uint64_t offset);
  void TakeNews();
  bool MarksMayMove(int64_t now_micros);
  void SetMarks();
  Status TakeRecord(const record::RecordBlock::Entry& entry, const Takers& takers);
  void HandOver(bool last);
  bool HasRoom() const;
  Result<bool> DeliverSelf();
  Status Commit();
  void PlanServing();
  Status Serve();
  Status CountRows();
  Result<bool> Retry(const Status& failure);
  void Publish();

  io::Clock& clock_;
  Parts parts_;
  CommitPacer pacer_;
  std::unique_ptr<ingest::TableIngest> ingest_;
  std::unique_ptr<Feed> feed_;
  transform::RecordParser parser_;
  record::RecordBlock block_;
  MarkBook marks_;
  std::map<std::string, uint64_t> added_;  // source id -> given to delivery in this run
  int64_t last_hot_micros_ = 0;
  int64_t quiet_marks_micros_ = 0;  // steady time of the next look at marks without changes
  TableServices services_;
  bool services_wait_ = false;           // after a commit, until what came meanwhile can be seen
  int64_t serve_micros_ = 0;             // steady time when they run without one; 0: never
  std::optional<int64_t> retry_micros_;  // steady time of the next try; set: nothing is open
  int64_t retry_pause_micros_ = 0;
  ingest::IngestCounts counts_before_;  // of ingest objects that were closed
  int64_t lost_before_ = 0;             // of feeds that were closed
  TableProgress now_;
  metrics::Histogram commit_durations_;

  mutable std::mutex mutex_;  // guards published_, which Step() copies now_ to
  TableProgress published_;
};

}  // namespace tapelake::app
