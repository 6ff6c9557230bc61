#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <arrow/io/interfaces.h>
#include <parquet/metadata.h>
#include <parquet/schema.h>

#include "base/status.h"
#include "hudi/reader/base_file_reader.h"

namespace tapelake::hudi {

/// One column chunk of a Parquet file: a leaf column of one row group. Refers to its source.
struct ColumnChunkRef {
  const ParquetSource* source;
  int row_group;
  int leaf;
};

/// Whether ChunkFileWriter can move the chunk without decoding it and say everything of it that its
/// footer says. It cannot if the chunk is encrypted, lies in another file, has pages of version 2,
/// no count of its encodings, or an encoding that old writers got wrong (DELTA_BYTE_ARRAY: readers
/// go by the footer's author).
bool CanCopyChunk(const ColumnChunkRef& chunk);

/// Writes a Parquet file out of column chunks of other files, which are copied as they are: pages,
/// encodings, compression, statistics, size statistics and page index stay; offsets are those of
/// the new place. Bloom filters of Parquet (which no Hudi writer makes) are left out.
///
/// One thread. Memory: pieces of 1 MiB, the page indexes and the footer. What was written is
/// rubbish until Close() returns OK.
class ChunkFileWriter {
 public:
  /// Begin a file on `sink`, which outlives the writer's use and is not closed. `schema`: the root
  /// of the file's columns. Errors: kUnavailable.
  static Result<std::unique_ptr<ChunkFileWriter>> Open(
      std::shared_ptr<arrow::io::OutputStream> sink, const parquet::schema::NodePtr& schema);

  const parquet::SchemaDescriptor& schema() const { return schema_; }

  /// Append one row group of `rows` rows, one chunk per leaf column of the schema, each of a column
  /// of the same form (SchemaDescriptor node) and CanCopyChunk. Errors: kCorrupt (a chunk or its
  /// index does not lie in its file, or holds another number of values), kUnavailable.
  Status AppendRowGroup(int64_t rows, std::span<const ColumnChunkRef> chunks);

  /// Write page indexes and footer. Errors: kUnavailable.
  Status Close(const std::shared_ptr<const arrow::KeyValueMetadata>& key_values);

 private:
  struct RowGroup {
    std::unique_ptr<parquet::FileMetaDataBuilder> footer;  // of this row group alone
    std::vector<std::string> column_indexes;               // as stored, by leaf; empty: none
    std::vector<std::string> offset_indexes;
  };

  ChunkFileWriter() = default;
  Status AppendChunks(int64_t rows, std::span<const ColumnChunkRef> chunks);
  Status AppendChunk(int64_t rows, const ColumnChunkRef& chunk,
                     parquet::ColumnChunkMetaDataBuilder* target, RowGroup* group);
  Status CopyBytes(const ParquetSource& source, int64_t offset, int64_t size);
  Status WriteIndexes(parquet::IndexKind kind, std::vector<std::string> RowGroup::* indexes);

  std::shared_ptr<arrow::io::OutputStream> sink_;
  parquet::SchemaDescriptor schema_;
  std::vector<RowGroup> row_groups_;
};

}  // namespace tapelake::hudi
