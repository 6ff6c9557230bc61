#pragma once

/// Which files make up a table at an instant (docs/internals/hudi-v6.md, section 12).

#include <cstdint>
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

  bool operator==(const SliceLogFile&) const = default;
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

  /// The base instant that the name of a new log file carries, and its version.
  const std::string& log_base_instant() const {
    return pending_compaction.empty() ? base_instant : pending_compaction;
  }
  int64_t next_log_version() const;

  /// Path of the base file relative to the table's base path.
  std::string RelativePath() const;

  /// Path of one of the log files relative to the table's base path.
  std::string LogPath(const SliceLogFile& log) const;
  bool operator==(const FileSlice&) const = default;
};

/// The data files of one partition directory. Side files (`.crc`), temporaries and the partition
/// metadata are in neither list.
struct PartitionFiles {
  std::string partition_path;
  std::vector<FileSlice> base_files;   ///< Every version, committed or not, sorted by name.
  std::vector<std::string> log_files;  ///< Names of merge-on-read logs; not empty: the table cannot
                                       ///< be read by its base files alone.
  std::vector<std::string> cdc_files;  ///< Names of change-data logs.
};

/// (partition path, file id).
using FileGroupId = std::pair<std::string, std::string>;

/// The slices of a table at one instant.
struct SliceListing {
  std::vector<FileSlice> slices;       ///< Sorted by partition path, then file id.
  std::vector<std::string> log_files;  ///< Relative paths of merge-on-read logs of live groups.
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

/// Return the file groups that replacecommits completed at or before `as_of` replaced.
/// Errors: those of ReadCommitMetadata.
Result<std::set<FileGroupId>> ReplacedFileGroups(io::FileSystem& files,
                                                 const std::string& base_path,
                                                 const Timeline& timeline, std::string_view as_of);

/// Pick the latest committed slice at or before `as_of` of every file group of one partition that
/// is not in `replaced`. Pure. Errors: kCorrupt, naming both files, if two base files of one group
/// carry one committed instant.
Result<std::vector<FileSlice>> LatestSlicesOf(const PartitionFiles& partition,
                                              const Timeline& timeline,
                                              const std::set<FileGroupId>& replaced,
                                              std::string_view as_of);

/// List the whole table: latest slices as of the newest completed commit not after `as_of` (empty:
/// of the newest). A table without commits has none. Errors: all of the above.
Result<SliceListing> LatestSlices(io::FileSystem& files, const std::string& base_path,
                                  const Timeline& timeline, std::string_view as_of);

/// Return the relative paths of all base files and change-data logs that carry exactly this
/// instant: what a dead writer of that instant left. Errors: those of ListPartitions and
/// ListPartitionFiles.
Result<std::vector<std::string>> ListFilesOfInstant(io::FileSystem& files,
                                                    const std::string& base_path,
                                                    std::string_view timestamp);

}  // namespace tapelake::hudi
