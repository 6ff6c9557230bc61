#pragma once

/// A Hudi table of version 6 on a file system: create, open, read, upsert, compact, clean, archive.
///
/// This library knows nothing of streams, crypto or HTTP. Format: docs/internals/hudi-v6.md.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "base/status.h"
#include "hudi/cleaning/cleaning.h"
#include "hudi/clustering/clustering.h"
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
class CheckedBaseFiles;
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
  IndexKind index = IndexKind::kBucket;  ///< How Spark and we find the file group of a key.
  int bucket_count = 4;                  ///< kBucket only.
  TableType type = TableType::kCopyOnWrite;
  std::optional<CdcLogging> cdc_logging = {};  ///< Keep change-data logs so.
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

/// What a savepoint says of itself.
struct SavepointRequest {
  std::string by = "tapelake";
  std::string comments = {};
};

/// What RollBackCommit() or Restore() did.
struct RestoreCounts {
  std::string instant = {};  ///< Its own; empty: there was nothing to do.
  int64_t instants = 0;      ///< Taken back.
  int64_t files = 0;         ///< Deleted.
};

/// What Cluster() did.
struct ClusteringCounts {
  std::string instant = {};  ///< Of its replacecommit; empty: there was nothing to merge.
  int64_t files_replaced = 0;
  int64_t files_written = 0;
  int64_t rows = 0;
  int64_t bytes_written = 0;
};

/// What DeletePartitions() did.
struct DeletedPartitions {
  std::string instant = {};  ///< Of its replacecommit; empty: there was nothing to remove.
  int64_t partitions = 0;    ///< That had file groups.
  int64_t file_groups = 0;
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

  /// Make the names of the timeline, of the table and of all directories above it durable. Who will
  /// write calls it before it acts on what the table says: a process that died may have made names
  /// that can be seen and would still vanish with the power. Create() does it. Errors:
  /// kUnavailable.
  Status MakeNamesDurable();

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
  /// rule), the newest first. A rollback or restore that a dead process began is finished. Pending
  /// compactions and cleans are left to RunCompaction() and Clean(). Upsert() does this first by
  /// itself. After a failure a repeat goes on where it stopped. Errors: kUnavailable, kCorrupt (a
  /// log that cannot be told from the instant's own).
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
  /// The file group of a change is found by the table's index (docs/internals/hudi-v6.md, section
  /// 19). Merge-on-read, bucket index: every touched file group gets one new log file (a data
  /// block, a delete block); groups that do not exist yet start log-only. Nothing stored is read,
  /// so inserted_rows counts all rows written, deleted_rows all deletes. Merge-on-read, other
  /// indexes: updates and deletes go to logs, new rows to base files. In neither may there be a
  /// `merger` (kInvalid).
  ///
  /// Operations that replace file groups make a replacecommit; the replaced ones stay for readers
  /// of earlier instants until they are cleaned.
  Result<UpsertResult> Upsert(const UpsertRequest& request);

  /// Remove all rows of some partitions (their directories, relative to base_path(), for example
  /// `day=2026-11-22`) by a replacecommit; what newer commits carry is carried on. Their files stay
  /// until they are cleaned. Partitions without rows are no error; if none has any, nothing is done
  /// and the instant is empty. Errors: as Upsert.
  Result<DeletedPartitions> DeletePartitions(const std::vector<std::string>& partition_paths);

  /// Merge-on-read: choose what to compact and write the plan to the timeline. Same thread as
  /// Upsert(), between two commits. Returns the compaction's instant; empty if one is pending
  /// already or nothing is due, be it by what this object saw last. Errors: as Upsert.
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

  /// Merge small files of a partition, base file and logs, into one base file each, by a
  /// replacecommit; what a dead process began of it is rolled back like a commit. File groups under
  /// a pending compaction are left alone, so one may run meanwhile. What newer commits carry is
  /// carried on. Tables with a bucket index cannot be clustered. Same thread rule as Upsert().
  /// Errors: kInvalid (such a table; says why), kCorrupt, kUnavailable, kUnknownOutcome; the table
  /// is unchanged by any but the last.
  Result<ClusteringCounts> Cluster(const ClusteringPolicy& policy, int threads);

  /// Pin a completed commit: its files are not cleaned, neither it nor anything after it is
  /// archived, and Restore() can go back to it, until DeleteSavepoint(). Same thread rule as
  /// Upsert(). Errors: kNotFound (no such commit on the active timeline), kAlreadyExists, kInvalid
  /// (files of it may be cleaned; a table of another version), kUnavailable, kUnknownOutcome.
  Status Savepoint(const std::string& instant, const SavepointRequest& request);

  /// Unpin a commit. Errors: kNotFound (no such savepoint), kUnavailable; a repeat goes on.
  Status DeleteSavepoint(const std::string& instant);

  /// Undo the newest completed commit by a rollback instant, as if it had never been; also a
  /// compaction, whose rows stay as they are. Compactions planned after it are dropped. Same thread
  /// rule as Upsert(). Errors: kNotFound (no such commit), kInvalid (a later commit, or its
  /// savepoint, is in the way; what readers of the commit before it need may be cleaned; all
  /// commits before it are archived), kCorrupt, kUnavailable. After a failure the commit either is
  /// as before or is taken back by the next CleanUpPendingCommits().
  Result<RestoreCounts> RollBackCommit(const std::string& instant);

  /// Take the table back to a completed commit by a restore instant: whatever was committed or
  /// planned later is gone for good. Needs its savepoint, or that nothing it needs was cleaned.
  /// While it works readers see earlier and earlier commits. Same thread rule as Upsert().
  /// Errors: kNotFound (no such commit on the active timeline), kInvalid (its files may be cleaned;
  /// a later commit has a savepoint), kCorrupt, kUnavailable. A restore that was begun is finished
  /// by the next CleanUpPendingCommits().
  Result<RestoreCounts> Restore(const std::string& instant);

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
  Result<int64_t> FinishPendingCleans(const Timeline& timeline);
  Result<int64_t> FinishArchival(const Timeline& timeline);
  /// Both, of what a failure or a dead process left half done.
  Status FinishServices();
  /// What the commit of a service copies of the newest commits.
  Result<std::map<std::string, std::string>> MetadataToCarry();
  /// Return whether all files that readers of this commit need are there. Errors: kInvalid.
  Status CheckNotCleaned(const std::string& instant);
  Status TakeBackPendingCompactions(const std::string& after, const std::string& by);
  Result<RestoreCounts> FinishRestore(const Instant& restore);
  Status CommitFiles(CommitJob* job, const UpsertRequest& request, UpsertResult* result);
  Result<std::unique_ptr<CommitJob>> PlanCommit(const std::string& instant,
                                                const UpsertRequest& request);
  /// The groups that a commit of these files replaces, by partition.
  std::map<std::string, std::vector<std::string>> ReplacedBy(const CommitMetadata& written,
                                                             WriteOperation operation) const;
  InstantAction ActionOf(WriteOperation operation) const;
  ServiceState& services();

  TableEnvironment environment_;
  std::string base_path_;
  TableConfig config_;
  std::unique_ptr<TableState> state_;          // nullptr: not read yet, or no longer known
  std::unique_ptr<BufferPool> buffers_;        // for log files
  std::unique_ptr<CheckedBaseFiles> checked_;  // by the look for keys
  std::shared_ptr<ServiceState> services_;
};

}  // namespace tapelake::hudi
