#include "hudi/log/log_records.h"

#include <algorithm>

#include <arrow/buffer.h>
#include <arrow/io/memory.h>
#include <arrow/table.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/schema.h>
#include <parquet/exception.h>
#include <parquet/file_reader.h>

namespace tapelake::hudi {
namespace {

void CollectLeaves(const parquet::arrow::SchemaField& field, std::vector<int>* leaves) {
  if (field.is_leaf()) leaves->push_back(field.column_index);
  for (const parquet::arrow::SchemaField& child : field.children)
    CollectLeaves(child, leaves);
}

Result<std::shared_ptr<arrow::Table>> ReadTable(std::string_view content,
                                                const std::vector<std::string>& columns) {
  // The reader may keep slices of its input: give it bytes of its own.
  const auto bytes = arrow::Buffer::FromString(std::string(content));
  parquet::arrow::FileReaderBuilder builder;
  TAPELAKE_RETURN_NOT_OK(builder.Open(std::make_shared<arrow::io::BufferReader>(bytes)));
  builder.properties(parquet::ArrowReaderProperties(/*use_threads=*/false));
  std::unique_ptr<parquet::arrow::FileReader> reader;
  TAPELAKE_RETURN_NOT_OK(builder.Build(&reader));
  std::vector<int> leaves;
  for (const parquet::arrow::SchemaField& field : reader->manifest().schema_fields) {
    if (std::ranges::find(columns, field.field->name()) == columns.end()) continue;
    CollectLeaves(field, &leaves);
  }
  return reader->ReadTable(leaves);
}

}  // namespace

Result<std::shared_ptr<arrow::RecordBatch>> LogRecordReader::Read(const LogBlock& block) {
  if (block.type == LogBlockType::kParquetData) return ReadParquet(block.content);
  return ReadAvro(block);
}

Result<std::shared_ptr<arrow::RecordBatch>> LogRecordReader::ReadAvro(const LogBlock& block) {
  const auto schema = block.header.find(LogHeaderKey::kSchema);
  if (schema == block.header.end()) {
    return MakeError(ErrorKind::kCorrupt, "a data block without schema");
  }
  auto decoder = decoders_.find(schema->second);
  if (decoder == decoders_.end()) {
    TAPELAKE_ASSIGN_OR_RAISE(auto made, AvroRowDecoder::Make(schema->second, columns_));
    decoder = decoders_.emplace(schema->second, std::move(made)).first;
  }
  TAPELAKE_ASSIGN_OR_RAISE(const auto datums, SplitAvroBlockContent(block.content));
  for (const std::string_view datum : datums) {
    TAPELAKE_RETURN_NOT_OK(decoder->second.Append(datum));
  }
  return decoder->second.Finish();
}

Result<std::shared_ptr<arrow::RecordBatch>> LogRecordReader::ReadParquet(std::string_view content) {
  const auto read = [&]() -> Result<std::shared_ptr<arrow::RecordBatch>> {
    BEGIN_PARQUET_CATCH_EXCEPTIONS
    TAPELAKE_ASSIGN_OR_RAISE(const auto table, ReadTable(content, columns_));
    TAPELAKE_ASSIGN_OR_RAISE(auto batch, table->CombineChunksToBatch());
    return batch->ReplaceSchemaMetadata(nullptr);
    END_PARQUET_CATCH_EXCEPTIONS
  };
  auto batch = read();
  if (batch.ok()) return batch;
  return MakeError(ErrorKind::kCorrupt, "Parquet data block: " + batch.status().message());
}

}  // namespace tapelake::hudi
