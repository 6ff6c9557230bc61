#pragma once

/// Clustering: small files of a partition become one (docs/internals/hudi-v6.md, section 18). A
/// pure planner and an executor.

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include <arrow/type.h>

#include "base/status.h"
#include "hudi/file_slice/file_slice.h"
#include "hudi/format/commit_metadata.h"
#include "hudi/format/table_config.h"
#include "hudi/log/log_overlay.h"
#include "hudi/timeline/timeline.h"
#include "io/file_system.h"
#include "io/random.h"

namespace tapelake::hudi {

/// Which files are merged. The size of a file is that of base file and logs together.
struct ClusteringPolicy {
  int64_t small_file_bytes = int64_t{64} << 20;    ///< Smaller files are merged.
  int64_t target_file_bytes = int64_t{120} << 20;  ///< About the size of what they become.
  int64_t groups_max = 256;                        ///< Files made by one run.
  int64_t files_min = 2;                           ///< Fewer files are not worth one of their own.
  /// A file that has more than this share of the bytes of those it would be merged with is left
  /// alone. With 0.5 the file a row lies in at least doubles whenever the row is written again, so
  /// a service that comes again and again writes it few times. 1: no such rule.
  double largest_share_max = 1;
  int64_t bytes_max = std::numeric_limits<int64_t>::max();  ///< Read by one run.
  int64_t files_max = std::numeric_limits<int64_t>::max();  ///< Read by one run.
};

/// Slices of one partition that become one file group.
struct ClusteringGroup {
  std::string partition_path;
  std::vector<FileSlice> slices;
};

/// Choose what to merge: small slices with a base file, but for those under a pending compaction,
/// packed by partition up to the target size, the smallest first. If not all fit into one run, the
/// groups of the most files come first. Pure.
std::vector<ClusteringGroup> PlanClustering(const std::vector<FileSlice>& slices,
                                            const ClusteringPolicy& policy);

/// Return OK if the table's file groups may be replaced by others. Errors: kInvalid with the
/// reason: with a bucket index the file group of a key follows from the key, so no group can be
/// merged; no meta columns; change data capture. Pure.
Status CheckClusterable(const TableConfig& config, const std::vector<FileSlice>& slices);

/// The content of `<t>.replacecommit.requested`, as Hudi 0.15 writes a clustering plan (section 5).
std::string FormatClusteringPlan(const std::string& base_path,
                                 const std::vector<ClusteringGroup>& groups);

/// What the job works with. Everything referenced must outlive it.
struct ClusteringTarget {
  io::FileSystem& files;
  io::Random& random;
  const std::string& base_path;
  const TableConfig& config;
  const Timeline& timeline;  ///< Says which log blocks count; nothing pends but compactions.
  std::string instant;
  std::shared_ptr<arrow::Schema> schema;  ///< Data columns of the table.
};

/// Writes one base file per group. Rows keep commit time and sequence number; memory: one row group
/// per thread, and the merged logs of its group. One thread calls; Run() starts threads of its own
/// and joins them.
class ClusteringJob {
 public:
  ClusteringJob(const ClusteringTarget& target, std::vector<ClusteringGroup> groups);

  /// What `<t>.replacecommit.inflight` holds: every file that Run() is going to write.
  std::string InflightContent() const;

  /// Write all files, durably. Returns the replacecommit's metadata without extraMetadata. On
  /// failure call RemoveFiles(). Errors: kCorrupt, kInvalid, kNotFound, kUnavailable.
  Result<CommitMetadata> Run(int threads);

  /// Delete whatever Run() may have written. Errors: kUnavailable.
  Status RemoveFiles();

 private:
  Result<std::shared_ptr<const LogOverlay>> ReadLogs(const FileSlice& slice) const;
  WriteStat Planned(size_t number) const;
  Result<WriteStat> Merge(size_t number) const;

  const ClusteringTarget& target_;
  std::vector<ClusteringGroup> groups_;
  std::vector<std::string> file_ids_;    // by group
  std::vector<std::string> file_names_;  // by group
};

}  // namespace tapelake::hudi
