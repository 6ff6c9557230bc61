#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "hudi/format/commit_metadata.h"
#include "hudi/format/table_config.h"
#include "hudi/index/bucket_index.h"
#include "hudi/writer/file_group_merge.h"
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
  const BucketIndex& index;
  std::string instant;
};

/// The data files of one commit: finds the file group of every change, writes the touched groups in
/// parallel. Knows nothing of the timeline: publishing is the caller's.
///
/// One thread calls; Run() starts `request.threads` of its own and joins them.
class UpsertJob {
 public:
  /// Distribute the changes over file groups. Nothing is written.
  /// Errors: kInvalid (rows do not fit the schema, a change names no row or partition, an empty
  /// key, a partition value that cannot be a directory, a schema Hudi cannot hold).
  static Result<std::unique_ptr<UpsertJob>> Plan(const UpsertTarget& target,
                                                 const UpsertRequest& request);

  /// The stats this commit is going to have, for the inflight file: what the changes say, before
  /// anything was compared with stored rows.
  CommitMetadata PlannedMetadata() const;

  /// Write all files, durably, partition metadata included. Fills the counts of `*result` and
  /// returns the stats (extraMetadata is left to the caller). On failure call RemoveFiles().
  /// Errors: those of FileGroupMerge::Run, and of the file system.
  Result<CommitMetadata> Run(UpsertResult* result);

  /// Delete whatever Run() may have written; absent files are fine. New partition directories stay.
  /// Errors: kUnavailable.
  Status RemoveFiles();

  /// The Avro schema of the request without meta columns, for extraMetadata.
  const std::string& commit_schema() const { return commit_schema_; }

 private:
  UpsertJob(const UpsertTarget& target, const UpsertRequest& request);
  Status ResolvePartitions();
  Status Distribute();
  void AddTask(uint32_t partition, uint32_t bucket, std::span<const uint32_t> changes);
  Status PreparePartitions();
  Status RunTasks(std::vector<FileGroupOutcome>* outcomes);

  UpsertTarget target_;
  const UpsertRequest& request_;
  std::string commit_schema_;
  CommitContext context_;
  std::vector<std::string> partition_paths_;  // distinct
  std::vector<uint32_t> partition_of_value_;  // partition value -> partition path
  std::vector<uint32_t> ordered_changes_;     // change indices by (partition, bucket)
  std::vector<FileGroupTask> tasks_;
};

/// Return, per column, whether a sample of its values repeats itself enough for a dictionary.
/// Only strings and binaries are ever worth one.
std::vector<bool> FindLowCardinality(const arrow::RecordBatch& rows);

}  // namespace tapelake::hudi
