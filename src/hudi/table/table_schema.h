#pragma once

#include <memory>
#include <string>
#include <vector>

#include <arrow/type.h>

#include "base/status.h"
#include "hudi/file_slice/file_slice.h"
#include "hudi/format/table_config.h"
#include "io/file_system.h"

namespace tapelake::hudi {

/// Where a schema is looked for. Everything referenced must outlive the call.
struct SchemaSource {
  io::FileSystem& files;
  const std::string& base_path;
  const TableConfig& config;
};

/// The schema of a table none of whose commits says it: that of creation, else that of the base
/// file of the last slice that has one; without data columns, if there is none. Errors: those of
/// ParseAvroSchema and BaseFileReader::Open.
Result<std::shared_ptr<arrow::Schema>> FallbackSchema(const SchemaSource& source,
                                                      const std::vector<FileSlice>& slices);

}  // namespace tapelake::hudi
