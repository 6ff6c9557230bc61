#pragma once

/// Compaction: base file and logs of a slice become a new base file (docs/internals/hudi-v6.md,
/// sections 12.3 and 14.4). A pure planner and an executor.

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "hudi/file_slice/file_slice.h"
#include "hudi/format/commit_metadata.h"
#include "hudi/format/service_plans.h"
#include "hudi/format/table_config.h"
#include "hudi/timeline/timeline.h"
#include "io/file_system.h"

namespace tapelake::hudi {

/// When a slice is worth compacting; any of the limits is enough.
struct CompactionPolicy {
  int64_t log_files_max = 30;
  int64_t log_bytes_max = 64 << 20;
  /// Logs bigger than this share of the base file. Log-only slices do not count by it.
  double log_share_max = 1.0;
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

}  // namespace tapelake::hudi
