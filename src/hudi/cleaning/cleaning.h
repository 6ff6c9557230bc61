#pragma once

/// Cleaning (old slices) and archival (old instants) in their simple forms
/// (docs/internals/hudi-v6.md, "Table services"). Pure planners and the archive's files; the table
/// door executes.

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

/// Bounds of the active timeline, in completed commits. keep_min < keep_max;
/// keep_min > commits_retained.
struct ArchivalPolicy {
  int64_t instants_keep_min = 120;
  int64_t instants_keep_max = 180;
};

/// The earliest commit whose snapshot stays readable: the `commits_retained`-th newest completed
/// one, but not after the last one before a pending write or compaction. Empty: there are not more
/// commits than that. Pure.
std::string EarliestRetained(const Timeline& timeline, const CleaningPolicy& policy);

/// What decides which files are still needed.
struct CleaningInput {
  const Timeline& timeline;
  const std::string& base_path;
  std::string earliest_retained;                   ///< Not empty.
  std::map<FileGroupId, std::string> replaced_at;  ///< Instant of the replacecommit.
  std::map<FileGroupId, std::string> compacting;   ///< Base instant of the slice being compacted.
};

/// The files that no reader at or after the earliest retained commit needs. Per file group stay:
/// the newest slice, the newest before `earliest_retained`, all from there on, the slice a pending
/// compaction reads, and for every savepoint the slice it sees; files of instants that are not
/// committed are not touched. Of a group replaced before `earliest_retained` only savepointed
/// slices stay. An empty plan: nothing to do. Pure. `partitions`: every version of every file.
CleanerPlan PlanCleaning(const std::vector<PartitionFiles>& partitions, const CleaningInput& input);

/// What archival must leave active, beyond what the timeline itself says.
struct ArchivalLimits {
  std::string kept_instant;    ///< And all after it; empty: no such rule.
  std::string cleaned_before;  ///< Earliest retained commit of the newest completed clean.
};

/// The instants to archive now, ascending: completed ones only. The newest `instants_keep_min`
/// commits stay, and so does everything from these on: a pending instant and the last commit before
/// it, a savepoint, `limits.kept_instant`, a replacecommit not before `limits.cleaned_before` (its
/// replaced files would become visible). The newest clean stays too. Nothing is due while there are
/// at most `instants_keep_max` commits and at most as many other instants. Pure.
std::vector<Instant> PlanArchival(const Timeline& timeline, const ArchivalPolicy& policy,
                                  const ArchivalLimits& limits);

}  // namespace tapelake::hudi
