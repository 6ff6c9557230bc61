#pragma once

/// Which files make up a table at an instant (docs/internals/hudi-v6.md, section 12).

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "hudi/timeline/timeline.h"
#include "io/file_system.h"

namespace tapelake::hudi {

/// One log file of a slice.
struct SliceLogFile {
  std::string name;  ///< Without directory.
  int64_t version = 1;
  int64_t size_bytes = 0;
  int64_t modified_micros = 0;  ///< When it was written; 0: unknown. No part of its identity.

  bool operator==(const SliceLogFile& other) const {
    return name == other.name && version == other.version && size_bytes == other.size_bytes;
  }
};

/// One version of a file group: its base file written by `base_instant`, and the logs over it.
struct FileSlice {
  std::string partition_path;  ///< Relative to the base path; empty if not partitioned.
  std::string file_id;
  std::string base_instant;    ///< Log-only: the instant that started the group.
  std::string base_file_name;  ///< Empty: log-only.
  int64_t size_bytes = 0;      ///< Of the base file.

  /// In scan order; committed or not (blocks are judged one by one). Under a pending compaction
  /// those named after it come last.
  std::vector<SliceLogFile> log_files;

  /// Instant of the pending compaction that covers this slice, or empty. New log files are then
  /// named after it.
  std::string pending_compaction;

  bool has_base_file() const { return !base_file_name.empty(); }

  /// The base instant that the name of a new log file carries.
  const std::string& log_base_instant() const {
    return pending_compaction.empty() ? base_instant : pending_compaction;
  }

  /// One more than the highest version among the logs of that base instant; 1 for the first.
  int64_t next_log_version() const;

  /// Path of the base file relative to the table's base path.
  std::string RelativePath() const;

  /// Path of one of the log files relative to the table's base path.
  std::string LogPath(const SliceLogFile& log) const;
  bool operator==(const FileSlice&) const = default;
};

/// One merge-on-read log in a partition directory.
struct PartitionLogFile {
  std::string file_id;
  std::string base_instant;
  std::string write_token;
  SliceLogFile file;

  bool operator==(const PartitionLogFile&) const = default;
};

/// The data files of one partition directory. Side files (`.crc`), temporaries and the partition
/// metadata are in neither list.
struct PartitionFiles {
  std::string partition_path;
  std::vector<FileSlice> base_files;        ///< Every version, committed or not, sorted by name;
                                            ///< without logs.
  std::vector<PartitionLogFile> log_files;  ///< By group and base instant, then in scan order.
  std::vector<std::string> cdc_files;       ///< Names of change-data logs.
};

/// (partition path, file id).
using FileGroupId = std::pair<std::string, std::string>;

/// What decides which files count, beside the files themselves.
struct SliceRules {
  const Timeline& timeline;
  std::string as_of;                              ///< Newest instant that counts.
  std::set<FileGroupId> replaced;                 ///< Groups that are gone.
  std::map<FileGroupId, std::string> compacting;  ///< Instant of the pending compaction.
};

/// Return the partition paths of a table, sorted: directories that hold kPartitionMetadataFileName.
/// The walk does not go below such a directory, nor into names that start with a dot. A table that
/// is not partitioned gives one empty path (none before its first commit). Errors: kNotFound,
/// kUnavailable, kInvalid (deeper than 32 levels).
Result<std::vector<std::string>> ListPartitions(io::FileSystem& files,
                                                const std::string& base_path);

/// List one partition directory. Errors: kNotFound, kUnavailable.
Result<PartitionFiles> ListPartitionFiles(io::FileSystem& files, const std::string& base_path,
                                          const std::string& partition_path);

/// List all partitions, sorted by path; every directory is listed once. Errors: those of
/// ListPartitions.
Result<std::vector<PartitionFiles>> ListTableFiles(io::FileSystem& files,
                                                   const std::string& base_path);

/// Return the file groups that replacecommits completed at or before `as_of` replaced.
/// Errors: those of ReadCommitMetadata.
Result<std::set<FileGroupId>> ReplacedFileGroups(io::FileSystem& files,
                                                 const std::string& base_path,
                                                 const Timeline& timeline, std::string_view as_of);

/// Return the file groups under a pending compaction, and its instant. Errors: kNotFound,
/// kUnavailable (a plan cannot be read), kCorrupt (naming the plan that does not parse, or the
/// group that two plans hold).
Result<std::map<FileGroupId, std::string>> CompactingFileGroups(io::FileSystem& files,
                                                                const std::string& base_path,
                                                                const Timeline& timeline);

/// Gather the rules for the slices at `as_of` (empty: at the newest completed commit). `timeline`
/// must outlive them. Errors: those of the two functions above.
Result<SliceRules> ReadSliceRules(io::FileSystem& files, const std::string& base_path,
                                  const Timeline& timeline, std::string_view as_of);

/// Pick the latest committed slice at or before `rules.as_of` of every live file group of one
/// partition, sorted by file id. Pure.
///
/// Whether a slice counts is decided by its base instant alone, that of a log-only slice being the
/// one its logs are named after (from table version 8 on: that its first log is named after; which
/// slice a log belongs to is then a matter of completion times, docs/internals/hudi-reading.md,
/// section 2). Base files of instants that are not committed, those of a pending
/// compaction included, are never seen; the logs named after a pending compaction belong to the
/// newest slice before it. Errors: kCorrupt, naming both files, if two base files of one group
/// carry one committed instant.
Result<std::vector<FileSlice>> LatestSlicesOf(const PartitionFiles& partition,
                                              const SliceRules& rules);

/// List the whole table: latest slices as of the newest completed commit not after `as_of` (empty:
/// of the newest), sorted by partition path, then file id. A table without commits has none.
/// Errors: all of the above.
Result<std::vector<FileSlice>> LatestSlices(io::FileSystem& files, const std::string& base_path,
                                            const Timeline& timeline, std::string_view as_of);

/// Return the relative paths of all base files and change-data logs that carry exactly this
/// instant: what a dead writer of that instant left, but for merge-on-read logs, whose names do not
/// tell whose blocks they hold. Errors: those of ListTableFiles.
Result<std::vector<std::string>> ListFilesOfInstant(io::FileSystem& files,
                                                    const std::string& base_path,
                                                    std::string_view timestamp);

}  // namespace tapelake::hudi
