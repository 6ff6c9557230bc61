#pragma once

/// Cleaning (old slices) and archival (old instants) in their simple forms
/// (docs/internals/hudi-v6.md, section 14.7). Pure planners; the table door executes.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/status.h"
#include "hudi/file_slice/file_slice.h"
#include "hudi/format/service_plans.h"
#include "hudi/timeline/timeline.h"

namespace tapelake::hudi {

/// KEEP_LATEST_COMMITS with the limits of a table that commits every few seconds.
struct CleaningPolicy {
  int64_t commits_retained = 60;
};

/// Bounds of the active timeline. keep_min < keep_max; keep_min > commits_retained.
struct ArchivalPolicy {
  int64_t instants_keep_min = 120;
  int64_t instants_keep_max = 180;
};

/// The files no reader at or after the earliest retained commit needs. An empty plan: nothing to
/// do. Pure. `partitions`: every version of every file.
CleanerPlan PlanCleaning(const std::vector<PartitionFiles>& partitions, const Timeline& timeline,
                         const std::string& base_path, const CleaningPolicy& policy);

/// The instants to archive now, oldest first: completed ones only, never past a pending instant, a
/// savepoint, the newest commit for which `must_stay` is true, or what cleaning still needs. Pure.
std::vector<Instant> PlanArchival(const Timeline& timeline, const ArchivalPolicy& policy);

}  // namespace tapelake::hudi
