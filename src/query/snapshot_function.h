#pragma once

/// The SQL function behind hudi('PATH') and the lake's views. Internal to query.

#include <duckdb.h>

#include "base/status.h"
#include "query/snapshot_cache.h"

namespace tapelake::query {

/// Register `tapelake_snapshot_sql(path)` for the whole database: the text of SnapshotSelect for
/// the table at `path`. DuckDB computes it while it binds `query(...)`, so that what is planned is
/// a plain read_parquet over a list of files. `snapshots` must outlive the database. Errors:
/// kInternal.
Status RegisterSnapshotFunction(duckdb_connection connection, SnapshotCache& snapshots);

}  // namespace tapelake::query
