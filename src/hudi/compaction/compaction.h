#pragma once

/// Compaction: base file and logs of a slice become a new base file (docs/internals/hudi-v6.md,
/// "Table services"). A pure planner and an executor.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <arrow/type.h>

#include "base/status.h"
#include "hudi/file_slice/file_slice.h"
#include "hudi/format/commit_metadata.h"
#include "hudi/format/service_plans.h"
#include "hudi/format/table_config.h"
#include "hudi/timeline/timeline.h"
#include "io/file_system.h"

namespace tapelake::hudi {

/// When a slice is worth compacting; any of the limits is enough. A limit of 0 does not count.
struct CompactionPolicy {
  int64_t log_files_max = 30;
  int64_t log_bytes_max = 24 << 20;
  /// Logs bigger than this share of the base file. Log-only slices do not count by it.
  double log_share_max = 1.0;
  /// Smaller logs do not count by their share: a base file is packed, logs are not, and small
  /// groups would be compacted every few commits.
  int64_t log_share_bytes_min = 8 << 20;
  /// Log files that together are smaller than this share of a base file of log_share_bytes_min and
  /// more count a tenth of a file each: reading some more of them costs less than writing the base
  /// file again. 0: each counts as one.
  double small_log_share = 0;
  /// Age of a slice's oldest log. Bounds the age of what read-optimized readers and Trino see, also
  /// of log-only groups.
  int64_t age_micros_max = 600'000'000;
  int64_t slices_max = 64;  ///< Of one plan; the neediest first.
};

/// Choose the slices to compact now. Slices under a pending compaction and slices without logs are
/// never chosen. Pure.
CompactionPlan PlanCompaction(const std::vector<FileSlice>& slices, const CompactionPolicy& policy,
                              int64_t now_micros);

/// What executing one plan did.
struct CompactionCounts {
  int64_t slices = 0;
  int64_t rows_written = 0;
  int64_t bytes_written = 0;
  int64_t log_records = 0;
};

/// Keys of a commit's extraMetadata that start so are copied into the compaction's commit: a reader
/// that resumes from the newest commit that carries them then needs no older one.
inline constexpr std::string_view kCarriedKeyPrefix = "tapelake.";

/// Return the extraMetadata of a compaction's commit: the schema of the newest of `commits` that
/// has one, and every carried key of the newest that has any. `commits`: completed, not after the
/// compaction's instant, in any order. Pure.
///
/// A compaction may complete after later commits. Its instant is still older than theirs, so what
/// it copied never wins over what they say.
std::map<std::string, std::string> CarriedMetadata(const std::vector<CommitMetadata>& commits);

/// What a compaction is executed with. Everything referenced must outlive the job.
struct CompactionTarget {
  io::FileSystem& files;
  const std::string& base_path;
  const TableConfig& config;
  const Timeline& timeline;  ///< Says which log blocks count. Holds the plan's instant or later.
  std::string instant;       ///< Of the compaction.
  std::shared_ptr<arrow::Schema> schema;  ///< Data columns of the table.
};

/// Executes one plan: writes a base file per operation. Knows nothing of publishing.
///
/// One thread calls; Run() starts threads of its own and joins them. Memory: the merged logs of the
/// groups at work, whose log files together stay below kLogBytesInFlightMax (one group may be
/// bigger), and about two row groups per thread.
class CompactionJob {
 public:
  static constexpr int64_t kLogBytesInFlightMax = int64_t{128} << 20;

  CompactionJob(const CompactionTarget& target, const CompactionPlan& plan)
      : target_(target), plan_(plan) {}

  /// Delete base files of the instant that an earlier try left, durably, whatever their write
  /// token. Errors: kUnavailable.
  Status RemoveLeftovers();

  /// Write every base file, durably. Returns the commit's stats (extraMetadata is the caller's).
  /// Any failure names its file group; files written may stay, RemoveLeftovers() finds them.
  /// Errors: kConflict (a log holds rows of a pending commit), kInvalid, kCorrupt, kNotFound,
  /// kUnavailable.
  Result<CommitMetadata> Run(int threads, CompactionCounts* counts);

 private:
  Result<WriteStat> CompactSlice(size_t number) const;
  int ThreadsFor(int threads) const;
  Status RunAll(int threads, std::vector<WriteStat>* stats) const;

  const CompactionTarget& target_;
  const CompactionPlan& plan_;
  std::string footer_schema_;  // Avro schema with meta columns
};

}  // namespace tapelake::hudi
