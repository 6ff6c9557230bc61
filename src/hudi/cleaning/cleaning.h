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

/// Which old slices are kept; Hudi's three policies.
enum class CleaningKind : uint8_t {
  kLatestCommits = 1,       ///< KEEP_LATEST_COMMITS: what readers of the newest commits need.
  kLatestByHours = 2,       ///< KEEP_LATEST_BY_HOURS: what readers of the last hours' commits need.
  kLatestFileVersions = 3,  ///< KEEP_LATEST_FILE_VERSIONS: the newest slices of each file group.
};

/// How much of the past stays readable. The defaults are those of a table that commits every few
/// seconds.
struct CleaningPolicy {
  CleaningKind kind = CleaningKind::kLatestCommits;
  int64_t commits_retained = 60;       ///< At least 1.
  int64_t hours_retained = 24;         ///< At least 1.
  int64_t file_versions_retained = 3;  ///< At least 1.
  /// Whatever the kind: what a reader needs that began so long ago, at the commit that was then the
  /// newest, is kept. 0: readers are done before their slices are superseded that often.
  int64_t reader_micros = 0;
  /// Look into all partitions, not only into those that changed since the last clean: finds what a
  /// savepoint kept that is deleted now, or a clean by file versions, which always looks so.
  bool everywhere = false;
};

/// Bounds of the active timeline, in completed commits. keep_min < keep_max;
/// keep_min > commits_retained.
struct ArchivalPolicy {
  int64_t instants_keep_min = 120;
  int64_t instants_keep_max = 180;
  /// As many as it may be, the commits that readers begin with for so long stay: cleaning knows
  /// only active ones. As CleaningPolicy::reader_micros.
  int64_t reader_micros = 0;
};

/// The earliest commit whose snapshot stays readable: the `commits_retained`-th newest completed
/// one, or the first of the last hours (the newest if there is none), or for file versions the
/// newest; but not after the one that readers of `reader_micros` ago began with, nor after the last
/// one before a pending write or compaction. Empty: nothing may be cleaned; also if what it must
/// not be after is no longer active. Pure. `now_micros`: wall clock; instants are read as UTC.
std::string EarliestRetained(const Timeline& timeline, const CleaningPolicy& policy,
                             int64_t now_micros);

/// What decides which files are still needed.
struct CleaningInput {
  const Timeline& timeline;
  const std::string& base_path;
  std::string earliest_retained;                   ///< Not empty.
  std::map<FileGroupId, std::string> replaced_at;  ///< Instant of the replacecommit.
  std::map<FileGroupId, std::string> compacting;   ///< Base instant of the slice being compacted.
  int64_t file_versions = 0;                       ///< Newest slices of a group that stay besides.
};

/// The files that no reader at or after the earliest retained commit needs. Per file group stay:
/// the newest slice, the newest before `earliest_retained`, all from there on, the slice a pending
/// compaction reads, and for every savepoint the slice it sees; files of instants that are not
/// committed are not touched. Of a group replaced before `earliest_retained` only savepointed
/// slices stay. An empty plan: nothing to do. Pure. `partitions`: every version of every file.
CleanerPlan PlanCleaning(const std::vector<PartitionFiles>& partitions, const CleaningInput& input);

/// What archival must leave active, beyond what the timeline itself says.
struct ArchivalLimits {
  std::string kept_instant;  ///< And all after it; empty: no such rule.
  /// The newest commit up to this time, with which readers may have begun, and the commits after
  /// it; empty: no such rule.
  std::string readers_began;
  /// And all after it: the first replacecommit of whose replaced files some are left, which would
  /// become visible without it. Empty: there is none.
  std::string first_replacing;
};

/// The instants to archive now, ascending: completed ones only. The newest `instants_keep_min`
/// commits stay, and those of `limits.readers_began`, and so does everything from these on: a
/// pending instant and the last commit before it, a savepoint and the last commit before it that
/// has none, `limits.kept_instant`, a replacecommit from `limits.first_replacing` on. The newest
/// clean stays too. Nothing is due while there are at most `instants_keep_max` commits and at most
/// as many other instants. Pure.
std::vector<Instant> PlanArchival(const Timeline& timeline, const ArchivalPolicy& policy,
                                  const ArchivalLimits& limits);

}  // namespace tapelake::hudi
