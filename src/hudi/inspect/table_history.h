#pragma once

/// What happened to a table, instant by instant.

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "hudi/format/instant.h"
#include "io/file_system.h"

namespace tapelake::hudi {

/// One instant. Counts are of commits, and 0 where they do not apply.
struct HistoryEntry {
  Instant instant;
  bool archived = false;  ///< Then only instant and state are known.
  std::string operation;  ///< `UPSERT`, `COMPACT`, ...; empty for other actions than commits.
  int64_t files = 0;      ///< Written by a commit; deleted by a clean, rollback or restore.
  int64_t rows = 0;       ///< In the files written.
  int64_t inserts = 0;
  int64_t updates = 0;
  int64_t deletes = 0;
  int64_t bytes = 0;
  int64_t replaced_groups = 0;
  std::string note;  ///< What a rollback or restore took back, a savepoint's comment, a failure.
};

struct HistoryOptions {
  bool archive = false;     ///< Also what the archive knows.
  int64_t entries_max = 0;  ///< The newest; 0: all.
};

/// The history of the table at `base_path`, the newest first. An instant that cannot be read has
/// its failure as note. Errors: kNotFound (no table), kUnavailable.
Result<std::vector<HistoryEntry>> ReadHistory(io::FileSystem& files, const std::string& base_path,
                                              const HistoryOptions& options);

}  // namespace tapelake::hudi
