#include "hudi/writer/base_file_writer.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include <arrow/array.h>
#include <arrow/array/util.h>
#include <arrow/builder.h>
#include <arrow/io/memory.h>
#include <arrow/scalar.h>
#include <arrow/util/key_value_metadata.h>
#include <parquet/arrow/schema.h>
#include <parquet/arrow/writer.h>
#include <parquet/exception.h>
#include <parquet/properties.h>

#include "base/seal.h"
#include "hudi/format/avro_schema.h"
#include "hudi/reader/base_file_check.h"
#include "hudi/writer/chunk_file_writer.h"

namespace tapelake::hudi {
namespace {

constexpr int kZstdLevel = 1;  // level 3 is slower and no smaller on rows like these
constexpr int64_t kWriteBatchRows = 16 * 1024;
constexpr int64_t kEncodedBytesFirst = 1 << 20;
constexpr size_t kFileNameColumn = 4;  // of the meta columns

std::shared_ptr<parquet::WriterProperties> WriterProperties(const arrow::Schema& schema) {
  parquet::WriterProperties::Builder builder;
  builder.compression(parquet::Compression::ZSTD);
  builder.compression_level(kZstdLevel);
  builder.data_page_version(parquet::ParquetDataPageVersion::V1);
  builder.version(parquet::ParquetVersion::PARQUET_2_6);
  builder.max_row_group_length(std::numeric_limits<int64_t>::max());
  builder.write_batch_size(kWriteBatchRows);
  builder.disable_dictionary();
  for (const auto& field : schema.fields()) {
    if (field->type()->id() == arrow::Type::DICTIONARY) builder.enable_dictionary(field->name());
  }
  // Nobody looks for rows by sequence number: its range would cost a comparison per row.
  builder.disable_statistics(std::string(kMetaColumns[1]));
  return builder.build();
}

bool IsFileName(const std::string& column) {
  return column == kMetaColumns[kFileNameColumn];
}

/// The node of a top-level column; nullptr if there is none.
parquet::schema::NodePtr ColumnNode(const parquet::SchemaDescriptor& schema,
                                    const std::string& column) {
  const int field = schema.group_node()->FieldIndex(column);
  return field < 0 ? nullptr : schema.group_node()->field(field);
}

/// The leaf columns of a top-level column.
std::vector<int> LeavesOf(const parquet::SchemaDescriptor& schema, const std::string& column) {
  std::vector<int> leaves;
  for (int leaf = 0; leaf < schema.num_columns(); ++leaf) {
    if (schema.GetColumnRoot(leaf)->name() == column) leaves.push_back(leaf);
  }
  return leaves;
}

}  // namespace

Result<std::shared_ptr<arrow::Array>> ConstantColumn(const std::string& value, int64_t rows) {
  arrow::StringBuilder builder;
  TAPELAKE_RETURN_NOT_OK(builder.Append(value));
  TAPELAKE_ASSIGN_OR_RAISE(auto values, builder.Finish());
  TAPELAKE_ASSIGN_OR_RAISE(auto zeros, arrow::MakeArrayFromScalar(arrow::Int32Scalar(0), rows));
  return arrow::DictionaryArray::FromArrays(arrow::dictionary(arrow::int32(), arrow::utf8()), zeros,
                                            values);
}

BaseFileWriter::~BaseFileWriter() {
  if (sink_ != nullptr && !sink_->closed()) (void)sink_->Abort();
}

Result<std::unique_ptr<BaseFileWriter>> BaseFileWriter::Open(
    io::FileSystem& files, const std::string& path, const std::shared_ptr<arrow::Schema>& schema) {
  std::unique_ptr<BaseFileWriter> writer(new BaseFileWriter());
  writer->file_name_ = io::FileName(path);
  writer->schema_ = schema;
  std::shared_ptr<parquet::SchemaDescriptor> columns;
  TAPELAKE_RETURN_NOT_OK(
      parquet::arrow::ToParquetSchema(schema.get(), *WriterProperties(*schema), &columns));
  TAPELAKE_ASSIGN_OR_RAISE(auto file, files.OpenForWrite(path));
  writer->sink_ = std::make_shared<SealingOutput>(std::move(file));
  TAPELAKE_ASSIGN_OR_RAISE(writer->chunks_,
                           ChunkFileWriter::Open(writer->sink_, columns->schema_root()));
  return writer;
}

/// Some columns as a Parquet file of one row group in memory, to be copied from.
Result<ParquetSource> BaseFileWriter::Encode(const arrow::Table& table) {
  TAPELAKE_ASSIGN_OR_RAISE(auto out, arrow::io::BufferOutputStream::Create(kEncodedBytesFirst));
  TAPELAKE_ASSIGN_OR_RAISE(const auto writer, parquet::arrow::FileWriter::Open(
                                                  *table.schema(), arrow::default_memory_pool(),
                                                  out, WriterProperties(*table.schema())));
  TAPELAKE_RETURN_NOT_OK(writer->WriteTable(table, std::numeric_limits<int64_t>::max()));
  TAPELAKE_RETURN_NOT_OK(writer->Close());
  TAPELAKE_ASSIGN_OR_RAISE(auto bytes, out->Finish());
  return ParquetSource{std::make_shared<arrow::io::BufferReader>(std::move(bytes)),
                       writer->metadata()};
}

Status BaseFileWriter::WriteRowGroup(const arrow::Table& table) {
  TAPELAKE_ASSIGN_OR_RAISE(const ParquetSource encoded, Encode(table));
  std::vector<ColumnChunkRef> chunks;
  for (int leaf = 0; leaf < encoded.footer->num_columns(); ++leaf)
    chunks.push_back({&encoded, 0, leaf});
  return chunks_->AppendRowGroup(table.num_rows(), chunks);
}

bool BaseFileWriter::CanCopyRowGroup(const BaseFileReader& stored, int row_group) const {
  for (const auto& field : schema_->fields()) {
    if (!IsFileName(field->name()) && !CanCopyColumn(stored, row_group, field->name())) {
      return false;
    }
  }
  return true;
}

bool BaseFileWriter::CanCopyColumn(const BaseFileReader& stored, int row_group,
                                   const std::string& column) const {
  const ParquetSource& source = stored.source();
  const auto can_copy = [&]() -> Result<bool> {
    BEGIN_PARQUET_CATCH_EXCEPTIONS
    const auto there = ColumnNode(*source.footer->schema(), column);
    // Arrow does not know a name that two columns have.
    if (stored.schema()->GetFieldIndex(column) < 0) return there == nullptr;
    if (!there->Equals(ColumnNode(chunks_->schema(), column).get())) return false;
    return std::ranges::all_of(LeavesOf(*source.footer->schema(), column),
                               [&](int leaf) { return CanCopyChunk({&source, row_group, leaf}); });
    END_PARQUET_CATCH_EXCEPTIONS
  };
  return can_copy().ValueOr(false);  // decoding it will say what is wrong
}

Result<std::shared_ptr<arrow::Table>> BaseFileWriter::ColumnsBesideCopied(
    const BaseFileReader& stored, int64_t rows) const {
  arrow::FieldVector fields;
  arrow::ArrayVector columns;
  for (const auto& field : schema_->fields()) {
    if (IsFileName(field->name())) {
      TAPELAKE_ASSIGN_OR_RAISE(auto column, ConstantColumn(file_name_, rows));
      columns.push_back(std::move(column));
    } else if (stored.schema()->GetFieldIndex(field->name()) < 0) {
      TAPELAKE_ASSIGN_OR_RAISE(auto column, arrow::MakeArrayOfNull(field->type(), rows));
      columns.push_back(std::move(column));
    } else {
      continue;
    }
    fields.push_back(field);
  }
  return arrow::Table::Make(arrow::schema(std::move(fields)), std::move(columns), rows);
}

Status BaseFileWriter::CopyRowGroup(const BaseFileReader& stored, int row_group) {
  const int64_t rows = stored.row_group_rows(row_group);
  TAPELAKE_ASSIGN_OR_RAISE(const auto others, ColumnsBesideCopied(stored, rows));
  TAPELAKE_ASSIGN_OR_RAISE(const ParquetSource encoded, Encode(*others));
  std::vector<ColumnChunkRef> chunks;
  for (const auto& field : schema_->fields()) {
    const bool is_encoded = others->schema()->GetFieldIndex(field->name()) >= 0;
    const ParquetSource& source = is_encoded ? encoded : stored.source();
    for (const int leaf : LeavesOf(*source.footer->schema(), field->name()))
      chunks.push_back({&source, is_encoded ? 0 : row_group, leaf});
  }
  return chunks_->AppendRowGroup(rows, chunks);
}

Result<int64_t> BaseFileWriter::Close(const std::map<std::string, std::string>& footer) {
  auto metadata = std::make_shared<arrow::KeyValueMetadata>();
  for (const auto& [key, value] : footer)
    metadata->Append(key, value);
  metadata->Append(std::string(base::kSealKey), std::string(base::kOpenSeal));  // last
  sink_->HoldBack();
  TAPELAKE_RETURN_NOT_OK(chunks_->Close(metadata));
  TAPELAKE_ASSIGN_OR_RAISE(const int64_t size_bytes, sink_->Tell());
  TAPELAKE_RETURN_NOT_OK(sink_->Finish(kBaseFileSealMark));
  return size_bytes;
}

}  // namespace tapelake::hudi
