#pragma once

/// The SQL functions by which a statement reads an Overlay. Internal to query.

#include <duckdb.h>

#include "base/status.h"
#include "query/snapshot_cache.h"

namespace tapelake::query {

/// Register, for the whole database:
///
/// `tapelake_overlay(id)`: the overlay's rows that nothing above them hides, streamed as Arrow
/// batches in DuckDB's own memory; columns that the query does not name are not touched.
///
/// `tapelake_hidden(id, file, key)`: whether the row of that record key in that base file is
/// outdated. A scalar function, and no join: the key sets are ready made, and DuckDB pushes the
/// query's other filters past it into the scan of the file.
///
/// `id` is a constant that SnapshotCache gave; plans keep the overlay they were made with. Both
/// fail on an id or file that is not known. `connection` and `snapshots` must outlive the database.
/// Errors: kInternal.
Status RegisterOverlayFunctions(duckdb_connection connection, SnapshotCache& snapshots);

}  // namespace tapelake::query
