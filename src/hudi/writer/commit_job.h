#pragma once

#include <functional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "hudi/file_slice/file_slice.h"
#include "hudi/format/commit_metadata.h"
#include "hudi/format/table_config.h"
#include "hudi/index/bucket_index.h"
#include "hudi/log/buffer_pool.h"
#include "hudi/timeline/timeline.h"
#include "hudi/writer/upsert.h"
#include "io/file_system.h"
#include "io/random.h"

namespace tapelake::hudi {

/// Where a job writes. Everything referenced must outlive it.
struct UpsertTarget {
  io::FileSystem& files;
  io::Random& random;
  const std::string& base_path;
  const TableConfig& config;
  const Timeline& timeline;
  const BucketIndex* buckets;  ///< nullptr: the table has another index.
  /// Then: the latest slices, sorted by partition path, then file id.
  std::span<const FileSlice> slices;
  BufferPool& buffers;
  std::string instant;

  /// The slices of one partition; for tables without bucket index.
  std::span<const FileSlice> SlicesOf(const std::string& partition_path) const;
};

/// The data files of one commit. Knows nothing of the timeline: publishing is the caller's.
///
/// One thread calls; Run() may start threads of its own and joins them.
class CommitJob {
 public:
  virtual ~CommitJob() = default;

  /// What the inflight file says: what is going to be written.
  virtual std::string InflightContent() const = 0;

  /// Write all files, durably in content and name, partition metadata included. Fills the counts of
  /// `*result` and returns the stats (extraMetadata is left to the caller). On failure call
  /// RemoveFiles(). Errors: kInvalid (see the jobs), kCorrupt, kNotFound, kUnavailable.
  virtual Result<CommitMetadata> Run(UpsertResult* result) = 0;

  /// Delete whatever Run() may have written; absent files are fine. New partition directories stay.
  /// Errors: kUnavailable.
  virtual Status RemoveFiles() = 0;

  /// The Avro schema of the request without meta columns, for extraMetadata.
  virtual const std::string& commit_schema() const = 0;

  /// The latest slice of every file group that was written. After Run().
  virtual std::vector<FileSlice> WrittenSlices() const = 0;
};

/// Make those of `partition_paths` in which the target has no file group to partition directories:
/// directory and kPartitionMetadataFileName, durably. Errors: kUnavailable.
Status PreparePartitions(const UpsertTarget& target, const std::set<std::string>& partition_paths);

/// Call `work(task, thread)` for every task in [0, task_count) on up to `thread_count` threads, the
/// caller's among them; `thread` counts them from 0. After a failure no more tasks are begun.
/// Returns the failure of the lowest task.
Status RunOnThreads(size_t task_count, int thread_count,
                    const std::function<Status(size_t task, size_t thread)>& work);

}  // namespace tapelake::hudi
