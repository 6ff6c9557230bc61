#pragma once

/// The SQL functions over a table's past: hudi() with as_of and mode, hudi_incremental(),
/// hudi_changes(), hudi_commits(), hudi_files(), hudi_partitions(). Internal to query.

#include <functional>
#include <string>

#include <duckdb.h>

#include "base/status.h"
#include "query/snapshot_cache.h"

namespace tapelake::query {

/// What the functions work with; referenced objects must outlive the database.
struct HistoryEnvironment {
  duckdb_connection connection;
  SnapshotCache& snapshots;
  /// Gives the path of the table that a text names; what names none is a path itself.
  std::function<std::string(const std::string& table)> path_of;
};

/// Register, for the whole database, what the macros below call: `tapelake_read_sql`, the text of a
/// read as SnapshotSelect gives it, and `tapelake_history`, which streams rows.
/// Errors: kInternal.
Status RegisterHistoryFunctions(const HistoryEnvironment& environment);

/// The statements that define the functions users call, for the user's connection: a temporary
/// macro is found whatever schema the user chooses with USE.
extern const char* const kHistoryMacros[6];

}  // namespace tapelake::query
