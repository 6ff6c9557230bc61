#pragma once

/// What the verbs `tapelake table ...` do with a table, read or changed by hand.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/lake.h"
#include "app/world.h"
#include "base/status.h"
#include "hudi/inspect/verify.h"
#include "hudi/table/table.h"
#include "io/file_system.h"

namespace tapelake::app {

/// Find `database.table` in a lake, or the table at a path (which holds a '/').
/// Errors: those of FindTable; kNotFound (no table at the path).
Result<TableName> FindTableOrPath(io::FileSystem& files, const std::string& lake_path,
                                  const std::string& name_or_path);

/// What VerifyTable() looks for in tables of ours beyond what every Hudi table must keep.
hudi::VerifyOptions VerifyOptionsFor(int threads);

/// A table opened to be changed by hand: its lake is locked, so that no pipeline writes to it.
/// One thread. A table outside of a lake has no lock: whoever changes it sees to that.
class TableMaintenance {
 public:
  /// Errors: kConflict (a pipeline runs), those of hudi::Table::Open.
  static Result<TableMaintenance> Open(World& world, const TableName& name);

  hudi::Table& table() { return *table_; }

  /// Pin a commit (empty: the newest) with what ingest resumes from there; returns its instant.
  /// Errors: those of hudi::Table::Savepoint.
  Result<std::string> Savepoint(const std::string& instant, const std::string& comments);
  Status DeleteSavepoint(const std::string& instant);

  /// Go back to a commit. Errors: those of hudi::Table::Restore; kConflict if what ingest resumes
  /// from there is gone: only savepoints keep it.
  Result<hudi::RestoreCounts> Restore(const std::string& instant);

  /// Undo the newest commit (`instant`, if not empty, must be it). Errors: those of
  /// hudi::Table::RollBackCommit; kConflict as above.
  Result<hudi::RestoreCounts> RollBack(const std::string& instant);

  /// What was compacted.
  struct Compacted {
    std::vector<std::string> instants;
    hudi::CompactionCounts counts;
  };
  /// Run pending compactions, then compact every slice that has logs. Errors: kInvalid
  /// (copy-on-write), those of hudi::Table.
  Result<Compacted> Compact(int threads);

 private:
  TableMaintenance(World& world, std::unique_ptr<io::FileLock> lock,
                   std::unique_ptr<hudi::Table> table)
      : world_(&world), lock_(std::move(lock)), table_(std::move(table)) {}

  Status KeepResumable(const std::string& instant);

  World* world_;
  std::unique_ptr<io::FileLock> lock_;  // nullptr: the table lies in no lake
  std::unique_ptr<hudi::Table> table_;
};

}  // namespace tapelake::app
