#pragma once

/// Clustering: small files of a partition become one (docs/internals/hudi-v6.md, section 18). A
/// pure planner and an executor.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <arrow/type.h>

#include "base/status.h"
#include "hudi/file_slice/file_slice.h"
#include "hudi/format/commit_metadata.h"
#include "hudi/format/table_config.h"
#include "io/file_system.h"
#include "io/random.h"

namespace tapelake::hudi {

/// Which files are merged.
struct ClusteringPolicy {
  int64_t small_file_bytes = int64_t{64} << 20;    ///< Smaller base files are merged.
  int64_t target_file_bytes = int64_t{120} << 20;  ///< About the size of what they become.
  int64_t groups_max = 256;                        ///< Files made by one run.
};

/// Slices of one partition that become one file group.
struct ClusteringGroup {
  std::string partition_path;
  std::vector<FileSlice> slices;
};

/// Choose what to merge: base files without logs that are small, two or more of a partition, packed
/// up to the target size, the smallest first. Pure.
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
  std::string instant;
  std::shared_ptr<arrow::Schema> schema;  ///< Data columns of the table.
};

/// Writes one base file per group. Rows keep commit time and sequence number; memory: one row group
/// per thread. One thread calls; Run() starts threads of its own and joins them.
class ClusteringJob {
 public:
  ClusteringJob(const ClusteringTarget& target, std::vector<ClusteringGroup> groups);

  /// Write all files, durably. Returns the replacecommit's metadata without extraMetadata. On
  /// failure call RemoveFiles(). Errors: kCorrupt, kInvalid, kNotFound, kUnavailable.
  Result<CommitMetadata> Run(int threads);

  /// Delete whatever Run() may have written. Errors: kUnavailable.
  Status RemoveFiles();

 private:
  Result<WriteStat> Merge(size_t number) const;

  const ClusteringTarget& target_;
  std::vector<ClusteringGroup> groups_;
  std::vector<std::string> file_ids_;    // by group
  std::vector<std::string> file_names_;  // by group
};

}  // namespace tapelake::hudi
