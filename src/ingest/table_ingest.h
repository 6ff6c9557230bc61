#pragma once

/// Changes -> commits of one Hudi table. Decides order, duplicates, partition moves and schema once
/// for everybody (architecture, decision 3).

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/status.h"
#include "hot/hot_table.h"
#include "hudi/table/table.h"
#include "record/change.h"
#include "record/log_mark.h"
#include "record/table_definition.h"
#include "transform/record_parser.h"

namespace tapelake::ingest {

/// received = applied + duplicates + stale + errors, always (after Commit).
struct IngestCounts {
  int64_t received = 0;
  int64_t applied =
      0;  ///< Changes accepted, also those a later change of the same commit replaced.
  int64_t duplicates = 0;      ///< The same change again.
  int64_t stale = 0;           ///< Older than what the table holds.
  int64_t errors = 0;          ///< Could not become rows.
  int64_t rescued_values = 0;  ///< Values kept in `_rescued`.
  // Copy-on-write: what the commits did. Merge-on-read reads nothing stored, so there these are
  // what the changes say of themselves (a key's first change in the commit was an INSERT, or not).
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
  int64_t index_bytes_max = 96 << 20;    ///< Recent-change index: memory.
  int threads = 2;
  bool hand_over = false;       ///< Accept another record shape than the table's last one.
  bool buckets_stated = false;  ///< The definition's bucket count was asked for, not defaulted.
  hudi::TableType type = hudi::TableType::kMergeOnRead;  ///< Of a new table.
  bool type_stated = false;  ///< An existing table of another type is a conflict.
  hudi::IndexKind index = hudi::IndexKind::kBucket;  ///< Of a new table.
  bool index_stated = false;  ///< An existing table of another index is a conflict.
  std::optional<hudi::CdcLogging> change_data;  ///< Of a new table; nullopt: no change-data logs.
  bool change_data_stated = false;  ///< An existing table that keeps others is a conflict.
  hot::HotTable* hot = nullptr;     ///< Gets the accepted rows; must outlive the object.
};

/// Why a record cannot become a row; kNone: it can.
struct Refusal {
  transform::ParseError error = transform::ParseError::kNone;
  std::string reason;
  bool refused() const { return error != transform::ParseError::kNone; }
};

/// What became of a change.
enum class Verdict : uint8_t {
  kApplied = 1,    ///< The row is now as the change says.
  kDuplicate = 2,  ///< The same change again.
  kStale = 3,      ///< The table holds, or is about to hold, something newer.
  kLate = 4,       ///< Accepted, but only the stored rows can judge, at the commit.
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

  /// Say whether a change can become a row: it has key and day, and comes in the record shape that
  /// orders the table. A function of the change, the definition and the table's order domain alone,
  /// so a record that is read again gets the same answer. `change` as RecordParser made it.
  Refusal Check(const record::Change& change) const;

  /// Decide the fate of a change that Check() passed: apply it, or count it as duplicate or stale.
  /// Accepted rows stay in memory. No I/O. Returns its fate as far as it is known now. After an
  /// error the object must be closed.
  Result<Verdict> Take(const record::Change& change);

  /// Count a record that cannot become a row.
  void CountError(transform::ParseError error);

  /// All records of `source` before `end_offset` were taken or counted.
  void Advance(const std::string& source, uint64_t end_offset);

  /// How places in sources that do not count their records are found again: as the newest commit
  /// says, then as set. By source.
  const std::map<std::string, record::LogMark>& marks() const;

  /// Let the commits from now on carry this mark of `source`; it must not lie behind what was taken
  /// of it. A mark that moved is written by the next Commit(), changes or not.
  void SetMark(const std::string& source, record::LogMark mark);

  /// `source` is gone and will never be read again: drop its position and mark. A later source of
  /// the same name begins at 0.
  void Forget(const std::string& source);

  /// Show what was accepted since the last call to the hot table, except changes that only the
  /// stored rows can judge (they show with the commit). Nothing without a hot table.
  Status PublishHot();

  int64_t pending_records() const;
  int64_t pending_bytes() const;

  /// Write everything taken since the last commit as one Hudi commit that carries the positions.
  /// With nothing taken or counted: no commit, an empty report. After any error the object must be
  /// closed and opened again (Open settles from the timeline what happened); nothing is lost, the
  /// source is read again from CommittedOffset().
  /// Errors: those of hudi::Table::Upsert; kUnknownOutcome.
  Result<CommitReport> Commit();

  /// The table, for its services between two commits. Same thread.
  hudi::Table& table();

  /// Totals since Open.
  const IngestCounts& totals() const;

 private:
  TableIngest();
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tapelake::ingest
