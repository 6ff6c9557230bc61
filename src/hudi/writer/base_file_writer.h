#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include <arrow/table.h>
#include <arrow/type.h>

#include "base/status.h"
#include "hudi/reader/base_file_reader.h"
#include "hudi/writer/sealing_output.h"
#include "io/file_system.h"

namespace tapelake::hudi {

class ChunkFileWriter;

/// Smaller row groups are better decoded and put together than moved as they are: what many of them
/// cost the readers of a file is more than what its rewrites save.
inline constexpr int64_t kCopiedRowsMin = 16'384;

/// A dictionary column of `rows` rows that all have one value.
Result<std::shared_ptr<arrow::Array>> ConstantColumn(const std::string& value, int64_t rows);

/// Writes one Parquet base file: ZSTD, version 1 pages, decimals as fixed bytes, no Arrow schema in
/// the footer; dictionaries only where the schema has dictionary types. Row groups of stored files
/// can be moved without decoding them; they stay as their writer made them. The file is sealed.
///
/// One thread. Memory: one encoded row group. A file that was not closed is rubbish: the caller
/// deletes it.
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

  /// Whether CopyRowGroup() may be used: every column of this file that `stored` has too, but for
  /// `_hoodie_file_name`, is of the very same Parquet type there and can be moved.
  bool CanCopyRowGroup(const BaseFileReader& stored, int row_group) const;

  /// Append all rows of a stored row group: column chunks are copied byte by byte, columns that
  /// `stored` lacks are null, and `_hoodie_file_name` is this file's. Errors: kCorrupt,
  /// kUnavailable; the file is then rubbish.
  Status CopyRowGroup(const BaseFileReader& stored, int row_group);

  /// Write the footer with these key/value pairs, make the content durable and return its size in
  /// bytes. Errors: kUnavailable.
  Result<int64_t> Close(const std::map<std::string, std::string>& footer);

 private:
  BaseFileWriter() = default;
  bool CanCopyColumn(const BaseFileReader& stored, int row_group, const std::string& column) const;
  Result<ParquetSource> Encode(const arrow::Table& table);
  Result<std::shared_ptr<arrow::Table>> ColumnsBesideCopied(const BaseFileReader& stored,
                                                            int64_t rows) const;

  std::string file_name_;
  std::shared_ptr<arrow::Schema> schema_;
  std::shared_ptr<SealingOutput> sink_;
  std::unique_ptr<ChunkFileWriter> chunks_;
};

}  // namespace tapelake::hudi
