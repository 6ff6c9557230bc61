#pragma once

#include <string>

#include "base/status.h"
#include "hudi/format/instant.h"
#include "hudi/format/service_plans.h"
#include "io/file_system.h"

namespace tapelake::hudi {

/// Where a rollback works. Everything referenced must outlive it.
struct RollbackTarget {
  io::FileSystem& files;
  const std::string& base_path;
};

/// Find what the pending commit, deltacommit or replacecommit `dead` left on disk. Writes nothing.
///
/// To be deleted are its base files, and log files that hold nothing of other instants: those its
/// inflight file names by path (whatever they hold), those named after it, and in the groups that
/// an inflight file without paths names (or all, if it says nothing) those whose blocks are its
/// own. Log files that also hold blocks of others get a rollback block. Files that are gone already
/// are not in the plan, so a plan made again after a crash holds the rest; their partitions are, so
/// that it is made durable that they are gone.
/// Errors: kUnavailable.
Result<RollbackPlan> PlanRollback(const RollbackTarget& target, const Instant& dead);

/// Carry out a plan, durably: delete the files, append the rollback blocks as new log files of
/// instant `rollback`. May be repeated after a failure. Errors: kUnavailable.
Result<RollbackMetadata> ExecuteRollback(const RollbackTarget& target, const RollbackPlan& plan,
                                         const std::string& rollback);

}  // namespace tapelake::hudi
