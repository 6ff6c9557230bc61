#pragma once

/// The SQL functions by which a statement reads an Overlay. Internal to query.

#include <duckdb.h>

#include "base/status.h"
#include "io/file_system.h"
#include "query/snapshot_cache.h"

namespace tapelake::query {

/// Register, for the whole database:
///
/// `tapelake_overlay(id)`: the overlay's rows that nothing above them hides, streamed as Arrow
/// batches in DuckDB's own memory; columns that the query does not name are not touched.
///
/// `tapelake_hidden(id, file, row)`: whether the row at that place (from 0) of that base file is
/// outdated. A scalar function, and no join: the key sets are ready made, and DuckDB pushes the
/// query's other filters past it into the scan of the file. No key goes through DuckDB: see
/// HiddenRows.
///
/// `id` is a constant that SnapshotCache gave; plans keep the overlay they were made with. Both
/// fail on an id or file that is not known. `connection`, `snapshots` and `files`, by which keys
/// are read, must outlive the database. Errors: kInternal.
Status RegisterOverlayFunctions(duckdb_connection connection, SnapshotCache& snapshots,
                                io::FileSystem& files);

}  // namespace tapelake::query
