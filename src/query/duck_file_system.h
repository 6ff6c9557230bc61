#pragma once

/// What lets DuckDB read files that only our own file system knows. Internal to query.

#include <duckdb.h>

#include "base/status.h"
#include "io/file_system.h"

namespace tapelake::query {

/// Give the database `s3://` and `s3a://` paths, read through `files`, which must outlive it: the
/// same credentials, retries and connections as everywhere, and DuckDB's own pruning above them.
/// Read only, and no patterns: `hudi('s3://...')` and `read_parquet('s3://.../file.parquet')` work.
///
/// This is the one place of DuckDB's C++ interface, which its C interface has no counterpart of; it
/// holds for one version. Errors: kInternal (the library is of another version than the headers).
Status RegisterS3Files(duckdb_database database, io::FileSystem& files);

}  // namespace tapelake::query
