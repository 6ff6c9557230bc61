#pragma once

/// Snapshots pinned for one statement and kept while their timelines stand still.

#include <map>
#include <mutex>
#include <string>

#include "query/snapshot_provider.h"

namespace tapelake::query {

/// Answers every question of one statement about a path alike, and resolves a table anew only when
/// its timeline has changed since. Any thread; one lock, held while a table is resolved.
class SnapshotCache {
 public:
  /// `provider` must outlive the cache.
  explicit SnapshotCache(SnapshotProvider& provider) : provider_(provider) {}

  /// A new statement starts: look at each timeline again when it is next asked for.
  void BeginStatement();

  /// The snapshot that this statement sees. Errors: the provider's; also kept by LastError().
  Result<TableSnapshot> Get(const std::string& path);

  /// The newest error of Get since BeginStatement(), or OK: DuckDB passes on only its text.
  Status LastError();

 private:
  struct Entry {
    std::string version;
    TableSnapshot snapshot;
    uint64_t checked_statement = 0;
  };

  Result<TableSnapshot> GetLocked(const std::string& path);

  SnapshotProvider& provider_;
  std::mutex mutex_;
  uint64_t statement_ = 1;
  Status last_error_;
  std::map<std::string, Entry> entries_;
};

}  // namespace tapelake::query
