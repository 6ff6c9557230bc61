#pragma once

/// The SQL function that reads the base files of a table. Internal to query.

#include <duckdb.h>

#include "base/status.h"

namespace tapelake::query {

/// Register `tapelake_parquet` for the whole database: `read_parquet`, but
///
/// - the files are taken as they are named: none is a pattern, and none is looked for before it is
///   opened;
/// - `partition_values => [TEXT, ...]`, one for each file (NULL: not known), and
///   `partition_field => TEXT` say which column has that value in every row of the file: files that
///   a condition on that column rules out are never opened. What DuckDB can do by itself needs the
///   footers of all files, or hive partitions, which go with no stated schema.
///
/// Made by DuckDB's C++ classes; RegisterS3Files() has checked the version. Errors: kInternal.
Status RegisterParquetFunction(duckdb_database database);

}  // namespace tapelake::query
