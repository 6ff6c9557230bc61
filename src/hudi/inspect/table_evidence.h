#pragma once

/// Everything that a table says of itself, read once: timeline, commits, archive, directories.

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/status.h"
#include "hudi/file_slice/file_slice.h"
#include "hudi/format/commit_metadata.h"
#include "hudi/format/table_config.h"
#include "hudi/inspect/finding.h"
#include "hudi/timeline/timeline.h"
#include "io/file_system.h"

namespace tapelake::hudi {

/// What the archived timeline says. An archive that cannot be read proves nothing.
struct ArchiveEvidence {
  bool readable = true;
  std::set<std::string> completed;  ///< Timestamps of archived instants that write.
  bool has_clean = false;           ///< A clean was archived.
};

/// What cleans say: which files they may have taken away.
struct CleaningEvidence {
  bool cleaned = false;         ///< Some clean ran, or runs.
  std::string before;           ///< Earliest instant that the newest one retained; empty: unknown.
  std::set<std::string> paths;  ///< Files in plans of the timeline, relative to the base path.
};

/// A table as it lies there. Immutable once read; any thread.
struct TableEvidence {
  std::string base_path;
  TableConfig config;
  std::vector<std::string> names;  ///< In `.hoodie`, as they were before the files were listed.
  Timeline timeline;
  std::vector<CommitMetadata> commits;  ///< Completed ones that can be read, ascending.
  std::vector<PartitionFiles> partitions;
  std::set<std::string> unmarked_partitions;  ///< Those of `partitions` that readers do not find.
  std::map<std::string, std::vector<std::string>> foreign_files;  ///< By partition path.
  std::map<std::string, int64_t> cdc_sizes;  ///< Of change-data logs, by relative path.
  std::map<FileGroupId, std::string> replaced_at;
  std::map<FileGroupId, std::string> compacting;  ///< Instant of the pending compaction.
  /// Completed instants of a live metadata table; none: there is no live one.
  std::optional<std::set<std::string>> metadata_table;
  ArchiveEvidence archive;
  CleaningEvidence cleaning;
  std::vector<Finding> findings;  ///< What could not be read.

  /// Newest instant of any action; whatever came later was not there when the reading began.
  std::string newest_instant() const;
  /// Whether `timestamp` is a write that is begun and not completed.
  bool IsPendingWrite(const std::string& timestamp) const;
  /// Whether `commits` has the commit of this instant.
  bool HasCommit(const std::string& timestamp) const;
};

/// Whether a failure says something of the table, not of the disk under it.
bool IsDamage(const Status& status);

/// Read it all; what cannot be read becomes a finding, so that the rest is looked at all the same.
/// Errors: kNotFound, kUnavailable.
Result<TableEvidence> ReadTableEvidence(io::FileSystem& files, const std::string& base_path,
                                        const TableConfig& config);

}  // namespace tapelake::hudi
