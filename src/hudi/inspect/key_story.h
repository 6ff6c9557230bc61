#pragma once

/// What a table knows of one record key.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "hudi/table/table.h"

namespace tapelake::hudi {

/// Data columns and their values as text; nullopt: null.
using RowTexts = std::vector<std::pair<std::string, std::optional<std::string>>>;

/// One commit that wrote or deleted the key.
struct KeyCommit {
  std::string instant;
  std::string operation;  ///< `UPSERT`, ...
  std::string path;       ///< The file that holds it, relative to the base path.
  bool deletes = false;
  RowTexts row;  ///< Empty if it deletes.
};

/// A row that readers see now.
struct KeyRow {
  std::string path;
  std::string partition_path;
  std::string commit;  ///< `_hoodie_commit_time`.
  RowTexts row;
};

struct KeyStory {
  std::vector<KeyCommit> commits;  ///< Ascending; archived ones too.
  std::vector<KeyRow> rows;        ///< One, if the table is sound and has the key.
  int64_t files_gone = 0;          ///< Files of commits that may have told more, but were cleaned.
  int64_t commits_gone = 0;        ///< Commits that wrote those files.
};

/// Tell all of `key`. With a bucket index only the files of the key's bucket are read, else all
/// that commits name and that are still there. Memory: the table's file names, and one log file, a
/// row group or one file of the archive. Errors: those of Table::LatestSnapshot, VisitHistory and
/// SliceReader; kCorrupt (a damaged file).
Result<KeyStory> TellKey(const TableEnvironment& environment, Table& table, const std::string& key);

}  // namespace tapelake::hudi
