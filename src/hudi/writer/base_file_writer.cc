#include "hudi/writer/base_file_writer.h"

#include <limits>

#include <arrow/util/key_value_metadata.h>
#include <parquet/arrow/writer.h>
#include <parquet/properties.h>

#include "base/seal.h"
#include "hudi/format/avro_schema.h"
#include "hudi/reader/base_file_check.h"

namespace tapelake::hudi {
namespace {

constexpr int kZstdLevel = 1;  // level 3 is slower and no smaller on rows like these
constexpr int64_t kWriteBatchRows = 16 * 1024;

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

}  // namespace

BaseFileWriter::~BaseFileWriter() {
  if (sink_ != nullptr && !sink_->closed()) (void)sink_->Abort();
}

Result<std::unique_ptr<BaseFileWriter>> BaseFileWriter::Open(
    io::FileSystem& files, const std::string& path, const std::shared_ptr<arrow::Schema>& schema) {
  std::unique_ptr<BaseFileWriter> writer(new BaseFileWriter());
  TAPELAKE_ASSIGN_OR_RAISE(auto file, files.OpenForWrite(path));
  writer->sink_ = std::make_shared<SealingOutput>(std::move(file));
  TAPELAKE_ASSIGN_OR_RAISE(
      writer->writer_, parquet::arrow::FileWriter::Open(*schema, arrow::default_memory_pool(),
                                                        writer->sink_, WriterProperties(*schema)));
  return writer;
}

Status BaseFileWriter::WriteRowGroup(const arrow::Table& table) {
  return writer_->WriteTable(table, std::numeric_limits<int64_t>::max());
}

Result<int64_t> BaseFileWriter::Close(const std::map<std::string, std::string>& footer) {
  auto metadata = std::make_shared<arrow::KeyValueMetadata>();
  for (const auto& [key, value] : footer)
    metadata->Append(key, value);
  metadata->Append(std::string(base::kSealKey), std::string(base::kOpenSeal));  // last
  TAPELAKE_RETURN_NOT_OK(writer_->AddKeyValueMetadata(metadata));
  sink_->HoldBack();
  TAPELAKE_RETURN_NOT_OK(writer_->Close());
  TAPELAKE_ASSIGN_OR_RAISE(const int64_t size_bytes, sink_->Tell());
  TAPELAKE_RETURN_NOT_OK(sink_->Finish(kBaseFileSealMark));
  return size_bytes;
}

}  // namespace tapelake::hudi
