#pragma once

#include "base/status.h"
#include "hudi/writer/change_groups.h"
#include "hudi/writer/commit_job.h"
#include "hudi/writer/file_sizing.h"

namespace tapelake::hudi {

/// Put all rows of a request into new file groups, sorted by key within their partition and cut
/// into files of `sizing.max_file_bytes`, as equal as may be. What is stored is not looked at.
///
/// What a row takes is measured on a sample of the rows. Sorts on the request's threads; memory:
/// 16 bytes a row. Errors: those of ChangeGroups::Make; kInvalid (one key twice in a partition).
Result<ChangeGroups> PlaceSorted(const UpsertTarget& target, const UpsertRequest& request,
                                 const FileSizing& sizing);

}  // namespace tapelake::hudi
