#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/status.h"
#include "hudi/cleaning/cleaning.h"
#include "io/clock.h"
#include "io/file_system.h"

namespace tapelake::hudi {

/// Finds and deletes the files that PlanCleaning names. Looks only into partitions in which slices
/// were superseded since the last clean, so that a table's size does not matter.
///
/// One thread; single-writer rule. What is passed in must outlive it.
class CleaningJob {
 public:
  CleaningJob(io::FileSystem& files, io::Clock& clock, std::string base_path)
      : files_(files), clock_(clock), base_path_(std::move(base_path)) {}

  /// Finish the cleans that dead processes began; returns the number of files in their plans.
  /// Errors: kCorrupt (naming the clean), kUnavailable, kUnknownOutcome.
  Result<int64_t> FinishPending(const Timeline& timeline);

  /// What to clean now; an empty plan: nothing. Nothing is written.
  /// Errors: those of the listings of file_slice.h and of ReadCommitMetadata.
  Result<CleanerPlan> Plan(const Timeline& timeline, const CleaningPolicy& policy);

  /// Put the plan on the timeline at `instant`, execute and complete it; returns the number of
  /// files. After a failure the clean is pending: FinishPending() ends it. Errors: kConflict,
  /// kUnavailable, kUnknownOutcome.
  Result<int64_t> Run(const std::string& instant, const CleanerPlan& plan);

 private:
  Result<int64_t> Finish(const std::string& instant);
  Result<std::vector<PartitionFiles>> ListCandidates(const Timeline& timeline,
                                                     const std::string& before);
  Result<std::set<std::string>> SupersededIn(const Timeline& timeline, const std::string& before);

  io::FileSystem& files_;
  io::Clock& clock_;
  std::string base_path_;
  std::string cleaned_before_;  // nothing superseded by commits before it is left; empty: unknown
};

/// The earliest commit that the newest clean retains, be it done or begun; empty if nobody knows.
/// Errors: kCorrupt, kUnavailable.
Result<std::string> CleanedBefore(io::FileSystem& files, const std::string& base_path,
                                  const Timeline& timeline);

}  // namespace tapelake::hudi
