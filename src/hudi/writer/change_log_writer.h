#pragma once

/// Change-data logs beside the base files of copy-on-write tables (docs/internals/hudi-v6.md,
/// section 20).

#include <cstdint>
#include <string>

#include "base/status.h"
#include "hudi/format/table_config.h"
#include "hudi/writer/file_group_merge.h"

namespace tapelake::hudi {

/// What all change-data logs of one commit have in common.
struct ChangeLogFormat {
  CdcLogging logging = CdcLogging::kBothImages;
  std::string schema;  ///< Avro, of the records; see ChangeLogSchemaText().
};

/// The schema of a log's records. `table_schema`: the Avro schema text of the table's rows, whose
/// record is called `name` in namespace `name_space`.
std::string ChangeLogSchemaText(CdcLogging logging, const std::string& table_schema,
                                const std::string& name, const std::string& name_space);

/// Path of the log of a file group, relative to the base path.
std::string ChangeLogPath(const CommitContext& context, const FileGroupTask& task);

/// Write the log of a file group that was rewritten: what became of its stored rows and which rows
/// are new, by comparing the file before (read again) with the changes that won. Returns the log's
/// size. The content is durable, the name after SyncDirectory. Any thread. Memory: one block of
/// 64 MiB, and the rows of one batch. Errors: kCorrupt, kInvalid (a row Avro cannot hold),
/// kUnavailable.
Result<int64_t> WriteChangeLog(const CommitContext& context, const FileGroupTask& task,
                               const FileGroupOutcome& outcome, const ChangeLogFormat& format);

}  // namespace tapelake::hudi
