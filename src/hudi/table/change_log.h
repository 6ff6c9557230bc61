#pragma once

#include <memory>
#include <string>
#include <vector>

#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "base/status.h"
#include "hudi/format/commit_metadata.h"
#include "hudi/format/table_config.h"
#include "io/file_system.h"

namespace tapelake::hudi {

/// Return whether the change-data logs of such stats hold all that is to be said of their file
/// group's changes: the table logs both images, has one key field, and every rewrite has a log.
bool HaveWholeChangeLogs(const TableConfig& config, const std::vector<const WriteStat*>& stats);

/// What is read of one file group's change-data logs (docs/internals/hudi-reading.md, section 6).
struct ChangeLogSource {
  io::FileSystem& files;
  const std::string& base_path;
  const std::string& key_field;
  const std::string& instant;  ///< Of the commit; blocks of others do not count.
  const std::string& partition_path;
};

/// Read the changes that the logs of `stats` hold, as rows of `schema` (ChangeSchema()); nullptr if
/// there is none. Errors: kNotFound (a log is gone), kCorrupt (naming the file), kInvalid (a stored
/// type that does not widen to the schema's; a key that is no text).
Result<std::shared_ptr<arrow::RecordBatch>> ReadChangeLogs(
    const ChangeLogSource& source, const std::vector<const WriteStat*>& stats,
    const std::shared_ptr<arrow::Schema>& schema);

}  // namespace tapelake::hudi
