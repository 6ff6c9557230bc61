#pragma once

/// What lies in a lake: its tables and their state, read from disk alone.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/world.h"
#include "base/status.h"
#include "hudi/reader/slice_reader.h"
#include "hudi/table/table.h"
#include "ingest/ingest_state.h"

namespace tapelake::app {

/// A directory `LAKE/<database>/<name>` that holds a Hudi table.
struct TableName {
  std::string database;
  std::string name;
  std::string path;
  std::string QualifiedName() const { return database + "." + name; }
};

/// The state of one table at its newest commit.
struct TableFacts {
  TableName name;
  hudi::TableConfig config;
  hudi::Snapshot snapshot;
  int64_t rows = 0;
  int64_t bytes = 0;      ///< Of base files and logs.
  int64_t log_files = 0;  ///< Not yet compacted.
  int64_t partitions = 0;
  int64_t commits = 0;                       ///< Completed ones on the active timeline.
  std::optional<ingest::IngestState> state;  ///< None: no commit carries our positions.
  std::string state_instant;                 ///< The commit that carries `state`.
  int64_t error_objects = 0;                 ///< Files under LAKE/errors for this table.
};

/// List the tables of a lake by name; a lake that does not exist has none. Errors: kUnavailable.
Result<std::vector<TableName>> ListTables(io::FileSystem& files, const std::string& lake_path);

/// Find `database.table` in a lake. Errors: kNotFound (names what is there), kUnavailable.
Result<TableName> FindTable(io::FileSystem& files, const std::string& lake_path,
                            const std::string& qualified_name);

/// Read the state of a table. Opens the footer of every live file and reads the logs. Errors: those
/// of hudi::Table.
Result<TableFacts> ReadTableFacts(World& world, const std::string& lake_path,
                                  const TableName& name);

/// Read the record keys of one slice, merged. Everything must outlive the reader.
/// Errors: those of hudi::SliceReader::Open.
Result<std::unique_ptr<hudi::SliceReader>> OpenSliceKeys(io::FileSystem& files,
                                                         const std::string& table_path,
                                                         const hudi::Snapshot& snapshot,
                                                         const hudi::FileSlice& slice);

/// Rows of a snapshot: from the footers, and where there are logs from the merged keys.
/// Errors: kCorrupt, kUnavailable.
Result<int64_t> CountRows(io::FileSystem& files, const std::string& table_path,
                          const hudi::Snapshot& snapshot);

/// Microseconds since 1970 UTC of an instant time (`20261122190204123`); nullopt if it is none.
std::optional<int64_t> InstantMicros(const std::string& instant);

}  // namespace tapelake::app
