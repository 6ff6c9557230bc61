#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <arrow/io/interfaces.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

#include "base/status.h"
#include "io/file_system.h"

namespace parquet {
class FileMetaData;
namespace arrow {
class FileReader;
}
}  // namespace parquet

namespace tapelake::hudi {

/// A Parquet file as it lies on disk: what its column chunks can be copied from.
struct ParquetSource {
  std::shared_ptr<arrow::io::RandomAccessFile> file;
  std::shared_ptr<parquet::FileMetaData> footer;
};

/// What a footer knows of one column in one row group.
struct ColumnStatistics {
  std::shared_ptr<arrow::Scalar> min;  ///< nullptr: unknown, or no value but nulls.
  std::shared_ptr<arrow::Scalar> max;
  std::optional<int64_t> null_count;
};

/// How to read one base file.
struct BaseFileReadOptions {
  int64_t batch_rows = 65'536;  ///< Most rows of a streamed batch.
  /// Give string columns that the file stores wholly as dictionaries as DictionaryArray (int32
  /// indices), which costs a fraction of the time; others are plain arrays.
  bool keep_dictionaries = false;
  std::vector<std::string> dense_columns;  ///< Never as dictionaries, whatever the file holds.
};

/// Reads the Parquet base file of one file slice as Arrow batches.
///
/// One thread at a time; several readers may read one file. Memory: one row group's compressed
/// bytes of the chosen columns plus one batch. The file stays open for the reader's life.
class BaseFileReader {
 public:
  /// Open a file and read its footer. Errors: kNotFound, kUnavailable, kCorrupt (no Parquet).
  static Result<std::unique_ptr<BaseFileReader>> Open(io::FileSystem& files,
                                                      const std::string& path,
                                                      const BaseFileReadOptions& options = {});
  ~BaseFileReader();

  /// All columns of the file, the meta columns included. Dictionary types appear as such.
  const std::shared_ptr<arrow::Schema>& schema() const { return schema_; }
  int64_t row_count() const;
  int row_group_count() const;
  int64_t row_group_rows(int row_group) const;

  /// Read some columns of one row group as one batch, in the order of `columns`. Columns the file
  /// lacks are left out (ProjectBatch fills them with nulls). Errors: kCorrupt, kUnavailable.
  Result<std::shared_ptr<arrow::RecordBatch>> ReadRowGroup(int row_group,
                                                           const std::vector<std::string>& columns);

  /// Stream some columns of some row groups, batch by batch; columns as in ReadRowGroup.
  /// The stream must not outlive the reader. Errors: kCorrupt, kUnavailable; also those of a batch.
  Result<std::unique_ptr<arrow::RecordBatchReader>> Stream(const std::vector<int>& row_groups,
                                                           const std::vector<std::string>& columns);

  /// All row groups, in order: the first argument of Stream() for a whole file.
  std::vector<int> AllRowGroups() const;

  /// Statistics of a top-level column. Unknown ones are empty. Errors: kInvalid (no such column).
  Result<ColumnStatistics> Statistics(int row_group, const std::string& column) const;

  /// The file itself. Valid for the reader's life.
  const ParquetSource& source() const { return source_; }

  /// A value of the footer's key/value metadata; nullopt if absent.
  std::optional<std::string> FooterValue(const std::string& key) const;

 private:
  BaseFileReader() = default;
  std::vector<int> LeafColumns(const std::vector<std::string>& columns) const;
  Status InFile(const Status& status) const;

  std::string path_;
  std::unique_ptr<parquet::arrow::FileReader> reader_;
  ParquetSource source_;
  std::shared_ptr<arrow::Schema> schema_;
};

}  // namespace tapelake::hudi
