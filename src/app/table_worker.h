#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "app/commit_pacer.h"
#include "app/feed.h"
#include "app/worker.h"
#include "ingest/table_ingest.h"
#include "io/clock.h"
#include "record/record_block.h"

namespace tapelake::app {

/// What a table worker has done so far.
struct TableProgress {
  std::string table;  ///< `database.table`
  ingest::IngestCounts counts;
  int64_t read_records = 0;
  int64_t read_bytes = 0;
  int64_t rows = 0;                     ///< In the table after the last commit.
  std::string last_instant;             ///< Of this run; empty before its first commit.
  int64_t last_commit_wall_micros = 0;  ///< When it was published.
  int64_t last_commit_took_micros = 0;
  int64_t watermark_micros = 0;  ///< Newest change time committed; 0 if none.
  int64_t sources = 0;
  int64_t sources_done = 0;
  bool at_end = false;  ///< The feed has no more records.
};

/// Feed -> ingest -> paced commits of one table.
///
/// Step() and Drain() belong to one thread; progress() may be called from any.
class TableWorker : public Worker {
 public:
  struct Parts {
    std::unique_ptr<ingest::TableIngest> ingest;
    std::unique_ptr<Feed> feed;
    CommitLimits limits;
    std::string table;
    int64_t rows_before = 0;  ///< In the table at the start.
  };

  /// `clock` must outlive the worker.
  TableWorker(io::Clock& clock, Parts parts);

  std::string name() const override { return parts_.table; }

  /// Read one block and commit if it is time. Errors: those of Feed::Next and ingest.
  Result<bool> Step() override;

  /// Commit what was read.
  Status Drain() override;

  TableProgress progress() const;

  /// See Feed::failures(). Same thread as Step().
  std::vector<Status> failures() const { return parts_.feed->failures(); }

 private:
  Status Commit();
  void Publish();

  io::Clock& clock_;
  Parts parts_;
  CommitPacer pacer_;
  record::RecordBlock block_;
  TableProgress now_;

  mutable std::mutex mutex_;  // guards published_, which Step() copies now_ to
  TableProgress published_;
};

}  // namespace tapelake::app
