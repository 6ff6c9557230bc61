#pragma once

/// Wire records -> commits of one Hudi table. Decides order, duplicates, partition moves and schema
/// once for everybody (architecture, decision 3).

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/status.h"
#include "hudi/table/table.h"
#include "record/record_block.h"
#include "record/table_definition.h"

namespace tapelake::ingest {

/// received = applied + duplicates + stale + errors, always (after Commit).
struct IngestCounts {
  int64_t received = 0;
  int64_t applied =
      0;  ///< Changes accepted, also those a later change of the same commit replaced.
  int64_t duplicates = 0;      ///< The same change again.
  int64_t stale = 0;           ///< Older than what the table holds.
  int64_t errors = 0;          ///< Became error objects.
  int64_t rescued_values = 0;  ///< Values kept in `_rescued`.
  int64_t inserted_rows = 0;
  int64_t updated_rows = 0;
  int64_t deleted_rows = 0;
  int64_t commits = 0;
  std::map<std::string, int64_t> errors_by_type;  ///< ParseErrorText -> count.

  void Add(const IngestCounts& other);
};

struct IngestOptions {
  std::string lake_path;                 ///< The table lies in `<lake_path>/<database>/<name>`.
  int64_t horizon_micros = 600'000'000;  ///< Recent-change index: event time kept.
  int64_t index_bytes_max = 256 << 20;   ///< Recent-change index: memory.
  int threads = 2;
  bool hand_over = false;       ///< Accept another record shape than the table's last one.
  bool buckets_stated = false;  ///< The definition's bucket count was asked for, not defaulted.
};

/// What one Commit() did.
struct CommitReport {
  std::string instant;           ///< Empty if there was nothing to commit.
  IngestCounts counts;           ///< Since the commit before.
  int64_t watermark_micros = 0;  ///< Newest change time in the table; 0 if none.
  int64_t duration_micros = 0;
  int64_t table_rows_written = 0;
};

/// Ingest into one table. One thread.
class TableIngest {
 public:
  /// Open (or create) the table, clean up after dead writers, load positions and the recent-change
  /// index. Errors: kInvalid (definition), kConflict (stored schema or bucket count differs),
  /// kCorrupt.
  static Result<std::unique_ptr<TableIngest>> Open(const hudi::TableEnvironment& environment,
                                                   const record::TableDefinition& table,
                                                   const IngestOptions& options);
  ~TableIngest();

  /// The offset up to which `source` is committed; 0 if it is new. `source` names a log of records
  /// for ever (for files: see source::FileSourceId).
  uint64_t CommittedOffset(const std::string& source) const;

  /// Parse a block, decide every record's fate, keep accepted rows in memory. No I/O but reads.
  /// `source` as in CommittedOffset; `place` is for people (file name). After an error nothing of
  /// the block is kept and the object must be closed.
  Status Append(const record::RecordBlock& block, const std::string& source,
                const std::string& place);

  int64_t pending_records() const;
  int64_t pending_bytes() const;

  /// Write error objects, then everything appended since the last commit as one Hudi commit that
  /// carries the positions. With nothing appended: no commit, an empty report.
  /// Errors: those of hudi::Table::Upsert; kUnknownOutcome after which the object must be closed
  /// and opened again (Open settles it from the timeline).
  Result<CommitReport> Commit();

  /// Totals since Open.
  const IngestCounts& totals() const;

 private:
  TableIngest();
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tapelake::ingest
