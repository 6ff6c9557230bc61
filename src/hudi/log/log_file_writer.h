#pragma once

/// One new log file: a data block and a delete block of one commit and file group.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <arrow/record_batch.h>

#include "base/status.h"
#include "hudi/format/avro_datum.h"
#include "hudi/format/log_block.h"
#include "io/file_system.h"

namespace tapelake::hudi {

/// What goes into the file. Either part may be empty, not both.
struct LogFileContent {
  std::string_view instant;
  std::string_view schema_json;  ///< Avro schema with meta columns; what `encoder` was made of.
  const arrow::RecordBatch* rows = nullptr;  ///< With meta columns; nullptr: deletes only.
  std::span<const int64_t> selection;        ///< Rows of `rows`, in order.
  const std::vector<DeleteRecord>* deletes = nullptr;
};

/// Write the file and make its content durable (its name is durable after SyncDirectory). Returns
/// its size. Blocks stay below 256 MiB: more rows make several data blocks. The data blocks come
/// before the delete block. After a failure a part of the file may exist.
/// Errors: kInvalid (encoder), kUnavailable.
Result<int64_t> WriteLogFile(io::FileSystem& files, const std::string& path,
                             const LogFileContent& content, AvroRowEncoder* encoder);

}  // namespace tapelake::hudi
