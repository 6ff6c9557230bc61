#pragma once

#include "base/status.h"
#include "hudi/reader/base_file_check.h"
#include "hudi/writer/change_groups.h"
#include "hudi/writer/commit_job.h"
#include "hudi/writer/file_sizing.h"

namespace tapelake::hudi {

/// Sort the changes of a request by the file group that holds their key, for tables with a bloom or
/// simple index; new rows go where PackInserts() says, a row taking what EstimateRecordBytes()
/// says.
///
/// Looks for the keys, on the request's threads, in the base files of their partitions and, for
/// those it does not find there, in the logs: other indexes put new rows there. A key that several
/// groups hold (another writer doubled it) is changed in all of them. Deletes of keys that nobody
/// holds go nowhere. kInsert looks for nothing. Merge-on-read: updates and deletes go to logs, but
/// for groups that get new rows, too: those get a new base file with all of it.
/// Errors: those of ChangeGroups::Make; kInvalid (one key twice in a partition; groups of a bucket
/// index in a table that does not say so), and those of FindInBaseFile() and FindInLogs().
Result<ChangeGroups> PlaceByKey(const UpsertTarget& target, const UpsertRequest& request,
                                const FileSizing& sizing, CheckedBaseFiles& checked);

}  // namespace tapelake::hudi
