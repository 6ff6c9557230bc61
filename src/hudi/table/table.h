#pragma once

/// A Hudi table of version 6 on a file system: create, open, read, upsert, compact, clean, archive.
///
/// This library knows nothing of streams, crypto or HTTP. Format: docs/internals/hudi-v6.md.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "base/status.h"
#include "hudi/cleaning/cleaning.h"
#include "hudi/compaction/compaction.h"
#include "hudi/file_slice/file_slice.h"
#include "hudi/format/table_config.h"
#include "hudi/timeline/timeline.h"
#include "hudi/writer/upsert.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "io/random.h"

namespace tapelake::hudi {

class BufferPool;
class CommitJob;
class TableState;

/// The world a table lives in. All referenced objects must outlive the table.
struct TableEnvironment {
  io::FileSystem& files;
  io::Clock& clock;
  io::Random& random;  ///< For file ids; used under the table's own single-writer rule.
};

/// What Create() needs to know. Record key and partition are single columns of `schema`.
struct CreateOptions {
  std::string database;
  std::string name;
  std::shared_ptr<arrow::Schema> schema;  ///< Data columns, without `_hoodie_*`.
  std::string record_key_field;
  std::string
      partition_field;  ///< A string column; hive-style directories. Empty: not partitioned.
  std::string precombine_field;
  int bucket_count = 4;
  TableType type = TableType::kCopyOnWrite;
};

/// One consistent view of a table: what readers of this instant see. Immutable; any thread.
struct Snapshot {
  std::string instant;  ///< Newest completed instant; empty for a table without commits.
  std::shared_ptr<arrow::Schema> schema;     ///< Data columns at that instant, without `_hoodie_*`.
  std::vector<FileSlice> slices;             ///< Latest slice of every live file group.
  std::shared_ptr<const Timeline> timeline;  ///< It was made of; says which log blocks count.
  std::string precombine_field;              ///< Orders records within logs.
  MergeRule merge = MergeRule::kOverwriteWithLatest;
};

/// One open table. One thread at a time; several Table objects may read the same table.
/// At most one process writes (single-writer rule of hudi-v6.md).
///
/// What the table consists of is kept in memory. Every call that needs it lists `.hoodie` once and
/// reads again only what others changed since the last, so a commit costs by the file groups it
/// touches, not by the size of the table. A table that was written keeps up to 64 MiB of buffers.
class Table {
 public:
  ~Table();

  /// Create an empty table at `base_path` (properties, folders, no commit) and open it.
  /// Errors: kAlreadyExists, kInvalid (schema Hudi cannot hold), kUnavailable.
  static Result<std::unique_ptr<Table>> Create(const TableEnvironment& environment,
                                               const std::string& base_path,
                                               const CreateOptions& options);

  /// Open an existing table. Errors: kNotFound (no `.hoodie`), kInvalid (version or feature we do
  /// not read; says which), kCorrupt (checksum, properties).
  static Result<std::unique_ptr<Table>> Open(const TableEnvironment& environment,
                                             const std::string& base_path);

  const std::string& base_path() const { return base_path_; }
  const TableConfig& config() const { return config_; }

  /// Read the timeline again and return the newest snapshot.
  Result<Snapshot> LatestSnapshot();

  /// Read the timeline again.
  Result<Timeline> LoadTimeline();

  /// The newest completed commit whose extraMetadata holds `key`: instant and the whole
  /// extraMetadata. kNotFound if there is none.
  Result<CommitMetadata> NewestCommitWith(const std::string& key);

  /// Roll back what dead writers left, by a rollback instant each: files, log blocks and timeline
  /// entries of every pending commit, deltacommit and replacecommit (ours or foreign; single-writer
  /// rule), the newest first. A rollback that a dead process began is finished. Pending compactions
  /// and cleans are left to RunCompaction() and Clean(). Upsert() does this first by itself.
  /// After a failure a repeat goes on where it stopped. Errors: kUnavailable, kCorrupt (a log that
  /// cannot be told from the instant's own).
  Status CleanUpPendingCommits();

  /// Apply one batch of changes as one commit, durably. See UpsertRequest and UpsertResult.
  ///
  /// First cleans up after dead writers and retires a foreign metadata table. Waits if the newest
  /// instant is ahead of the clock. A failed Status means that no instant was begun and nothing is
  /// changed: kInvalid (request, a schema change the table cannot follow, a table or file group not
  /// ours to write), kUnavailable (file system; newest instant more than 10 s ahead), kCorrupt.
  /// Once an instant was begun the result tells its outcome; kNotDone leaves no trace of it but
  /// what the next CleanUpPendingCommits() removes.
  ///
  /// Merge-on-read: every touched file group gets one new log file (a data block, a delete block);
  /// groups that do not exist yet start log-only. Nothing stored is read, so inserted_rows counts
  /// all rows written, deleted_rows all deletes, and `merger` must be nullptr (kInvalid).
  Result<UpsertResult> Upsert(const UpsertRequest& request);

  /// Merge-on-read: choose what to compact and write the plan to the timeline. Same thread as
  /// Upsert(), between two commits. Returns the compaction's instant; empty if nothing is due or
  /// one is pending already. Errors: as Upsert.
  Result<std::string> ScheduleCompaction(const CompactionPolicy& policy);

  /// Instants of scheduled compactions that are not completed, ascending.
  Result<std::vector<std::string>> PendingCompactions();

  /// Execute a scheduled compaction and publish it; also one that a dead process began (its base
  /// files are removed first). May run on another Table object of the same table and on another
  /// thread while this one commits. Errors: kNotFound (no such plan), kConflict (a planned log
  /// holds rows of a pending commit), kCorrupt, kUnavailable, kUnknownOutcome; after any the
  /// compaction stays pending and can be executed again.
  Result<CompactionCounts> RunCompaction(const std::string& instant, int threads);

  /// Delete slices that nobody needs, with a clean instant; finishes a clean that a dead process
  /// began. Returns the number of files deleted. Same thread rule as Upsert(). Errors: kCorrupt,
  /// kUnavailable, kUnknownOutcome; a clean that was begun is finished by the next call.
  Result<int64_t> Clean(const CleaningPolicy& policy);

  /// Move old instants to the archived timeline, so that `.hoodie` stays small. The newest commit
  /// whose extraMetadata holds `kept_key` always stays active (empty: no such rule). Returns the
  /// number of instants archived. Same thread rule as Upsert(). Errors: kInvalid (policy), kCorrupt
  /// (an instant's file does not parse; names it), kUnavailable; nothing is lost by any, and the
  /// next call goes on.
  Result<int64_t> Archive(const ArchivalPolicy& policy, const std::string& kept_key);

 private:
  struct ServiceState;

  Table(const TableEnvironment& environment, std::string base_path, TableConfig config);

  Status ReloadConfig();
  /// Make state_ say what the table's folder says now. One listing if nothing happened.
  Status Refresh();
  Status RetireMetadataTable();
  /// Refresh, then TakeInstant().
  Result<std::string> WaitForInstant();
  /// An instant to use, after the newest of state_. Sleeps (and refreshes) until the clock is
  /// there.
  Result<std::string> TakeInstant();
  Status RollBackDeadInstants();
  /// `begun`: the rollback of `dead` that a dead process began, or nullptr.
  Status RollBack(const Instant& dead, const Instant* begun);
  Status CommitFiles(CommitJob* job, const UpsertRequest& request, UpsertResult* result);
  InstantAction commit_action() const;
  ServiceState& services();

  TableEnvironment environment_;
  std::string base_path_;
  TableConfig config_;
  std::unique_ptr<TableState> state_;    // nullptr: not read yet, or no longer known
  std::unique_ptr<BufferPool> buffers_;  // for log files
  std::shared_ptr<ServiceState> services_;
};

}  // namespace tapelake::hudi
