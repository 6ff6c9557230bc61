#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include <arrow/table.h>
#include <arrow/type.h>

#include "base/status.h"
#include "hudi/writer/sealing_output.h"
#include "io/file_system.h"

namespace parquet::arrow {
class FileWriter;
}

namespace tapelake::hudi {

/// Writes one Parquet base file: ZSTD, version 1 pages, decimals as fixed bytes, no Arrow schema in
/// the footer; dictionaries only where the schema has dictionary types. The file is sealed.
///
/// One thread. A file that was not closed is rubbish: the caller deletes it.
class BaseFileWriter {
 public:
  /// Create the file. `schema` has the meta columns; a column of type dictionary<int32, T> is
  /// written dictionary-encoded as T. Errors: kUnavailable, kInvalid (type Parquet cannot hold).
  static Result<std::unique_ptr<BaseFileWriter>> Open(io::FileSystem& files,
                                                      const std::string& path,
                                                      const std::shared_ptr<arrow::Schema>& schema);
  ~BaseFileWriter();

  /// Append `table` (columns = the schema of Open) as one row group. Its dictionaries must be
  /// unified. Errors: kUnavailable, kInvalid; the file is then rubbish.
  Status WriteRowGroup(const arrow::Table& table);

  /// Write the footer with these key/value pairs, make the content durable and return its size in
  /// bytes. Errors: kUnavailable.
  Result<int64_t> Close(const std::map<std::string, std::string>& footer);

 private:
  BaseFileWriter() = default;

  std::shared_ptr<SealingOutput> sink_;
  std::unique_ptr<parquet::arrow::FileWriter> writer_;
};

}  // namespace tapelake::hudi
