#pragma once

/// Whether a table is what its timeline says (docs/internals/hudi-v6.md, section 17).

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "hudi/inspect/finding.h"
#include "hudi/table/table.h"

namespace tapelake::hudi {

struct VerifyOptions {
  int threads = 1;
  /// An int64 column that grows from commit to commit: no row of a commit may have a value that is
  /// not greater than all values of earlier commits. Empty, or no such column: not checked.
  std::string growing_column = {};
  /// Findings beyond these are counted only.
  int64_t findings_max = 1000;
};

/// What was looked at, and what is wrong with it.
struct VerifyReport {
  std::vector<Finding> findings;  ///< Timeline first, then files, then rows.
  int64_t findings_left_out = 0;
  int64_t instants = 0;
  int64_t base_files = 0;
  int64_t log_files = 0;
  int64_t bytes = 0;
  int64_t rows = 0;  ///< Of the newest snapshot.

  /// Nothing but notes was found.
  bool sound() const;
};

/// Prove of the table at `base_path`, or say where it is not so: every instant's file can be read
/// and none is dead; every file that readers of a retained or savepointed commit need is there,
/// with size and counts as its commit says; every data file belongs to a commit; checksums,
/// footers, key ranges and key filters are right; rows lie in the file, partition and bucket that
/// their columns say; each key is in one row; the growing column grows.
///
/// Reads every byte of the table once; nothing is written. What a writer does meanwhile is left
/// out; a table that is cleaned or rolled back meanwhile is read again, a few times. Memory: 16
/// bytes per row, and per thread a row group or one slice's logs. Errors: kNotFound (no table),
/// kInvalid (a version that is not verified), kUnavailable.
Result<VerifyReport> VerifyTable(const TableEnvironment& environment, const std::string& base_path,
                                 const VerifyOptions& options);

/// What RepairTable() did.
struct RepairReport {
  std::vector<std::string> done;  ///< One sentence each.
};

/// Do what is safe about the findings of VerifyTable(): roll back dead instants and finish
/// rollbacks, restores and cleans that were begun; delete data files whose instant is not and never
/// will be committed, which no reader sees; give partitions their missing marker file. Everything
/// else is left as it is. Needs the rights of the table's one writer. After a failure a repeat goes
/// on. Errors: those of Table::CleanUpPendingCommits and Table::Clean.
Result<RepairReport> RepairTable(const TableEnvironment& environment, const std::string& base_path,
                                 const std::vector<Finding>& findings);

}  // namespace tapelake::hudi
