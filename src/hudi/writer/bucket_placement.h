#pragma once

#include "base/status.h"
#include "hudi/writer/change_groups.h"
#include "hudi/writer/commit_job.h"

namespace tapelake::hudi {

/// Sort the changes of a request by bucket. Nothing is read; the target must have buckets.
///
/// A bucket without file group gets a new one; so do all, if the operation replaces groups.
/// Copy-on-write groups and those that replace others get base files, merge-on-read groups logs.
/// Errors: those of ChangeGroups::Make.
Result<ChangeGroups> PlaceByBucket(const UpsertTarget& target, const UpsertRequest& request);

}  // namespace tapelake::hudi
