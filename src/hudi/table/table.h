#pragma once

/// A Hudi table of version 6, copy-on-write, on a file system: create, open, read, upsert.
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
#include "hudi/file_slice/file_slice.h"
#include "hudi/format/table_config.h"
#include "hudi/timeline/timeline.h"
#include "hudi/writer/upsert.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "io/random.h"

namespace tapelake::hudi {

class UpsertJob;

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
};

/// One consistent view of a table: what readers of this instant see. Immutable; any thread.
struct Snapshot {
  std::string instant;  ///< Newest completed instant; empty for a table without commits.
  std::shared_ptr<arrow::Schema> schema;  ///< Data columns at that instant, without `_hoodie_*`.
  std::vector<FileSlice> slices;          ///< Latest slice of every live file group.
};

/// One open table. One thread at a time; several Table objects may read the same table.
/// At most one process writes (single-writer rule of hudi-v6.md).
class Table {
 public:
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

  /// Remove what dead writers left: files and timeline entries of every pending commit (ours or
  /// foreign; single-writer rule). Upsert() does this first by itself.
  Status CleanUpPendingCommits();

  /// Apply one batch of changes as one commit, durably. See UpsertRequest and UpsertResult.
  ///
  /// First cleans up after dead writers and retires a foreign metadata table. Waits if the newest
  /// instant is ahead of the clock. A failed Status means that no instant was begun and nothing is
  /// changed: kInvalid (request, a schema change the table cannot follow, a table or file group not
  /// ours to write), kUnavailable (file system; newest instant more than 10 s ahead), kCorrupt.
  /// Once an instant was begun the result tells its outcome; kNotDone leaves no trace of it but
  /// what the next CleanUpPendingCommits() removes.
  Result<UpsertResult> Upsert(const UpsertRequest& request);

 private:
  Table(const TableEnvironment& environment, std::string base_path, TableConfig config)
      : environment_(environment), base_path_(std::move(base_path)), config_(std::move(config)) {}

  Status ReloadConfig();
  Status RetireMetadataTable();
  Result<Snapshot> SnapshotAt(const Timeline& timeline);
  Result<std::string> WaitForInstant();
  Status RollBack(const Instant& instant);
  Status CommitFiles(UpsertJob* job, const UpsertRequest& request, UpsertResult* result);

  TableEnvironment environment_;
  std::string base_path_;
  TableConfig config_;
};

}  // namespace tapelake::hudi
