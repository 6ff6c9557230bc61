#pragma once

/// What query needs to know of a table: which files, which columns.

#include <memory>
#include <string>
#include <vector>

#include <arrow/type.h>

#include "base/status.h"

namespace tapelake::query {

/// The files of a table at one instant.
struct TableSnapshot {
  std::string instant;                    ///< Newest completed instant; empty without commits.
  std::shared_ptr<arrow::Schema> schema;  ///< Data columns in order, without `_hoodie_*`.
  std::vector<std::string> file_paths;    ///< Parquet files that hold exactly the table's rows.
};

/// Resolve a path to a snapshot. Thread rule: one call at a time (callers lock).
class SnapshotProvider {
 public:
  virtual ~SnapshotProvider() = default;

  /// Return a text that changes whenever the table's timeline does; much cheaper than Resolve.
  /// Errors: kNotFound (no table at `path`), kUnavailable.
  virtual Result<std::string> TimelineVersion(const std::string& path) = 0;

  /// Return the newest snapshot of the table at `path`. Errors: kNotFound (no table), kInvalid (a
  /// kind of table that is not read), kCorrupt, kUnavailable; each names the path.
  virtual Result<TableSnapshot> Resolve(const std::string& path) = 0;
};

}  // namespace tapelake::query
