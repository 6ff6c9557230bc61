#include "hudi/reader/base_file_reader.h"

#include <algorithm>
#include <numeric>

#include <arrow/table.h>
#include <arrow/util/key_value_metadata.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/schema.h>
#include <parquet/exception.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/statistics.h>

namespace tapelake::hudi {
namespace {

bool IsDictionaryEncoding(parquet::Encoding::type encoding) {
  return encoding == parquet::Encoding::PLAIN_DICTIONARY ||
         encoding == parquet::Encoding::RLE_DICTIONARY;
}

/// Whether every data page of a leaf column refers to a dictionary, so that reading it as one never
/// has to build a dictionary from plain pages.
bool WhollyDictionary(const parquet::FileMetaData& footer, int leaf) {
  for (int group = 0; group < footer.num_row_groups(); ++group) {
    const auto chunk = footer.RowGroup(group)->ColumnChunk(leaf);
    bool any = false;
    for (const parquet::PageEncodingStats& page : chunk->encoding_stats()) {
      if (page.page_type == parquet::PageType::DICTIONARY_PAGE) continue;
      if (!IsDictionaryEncoding(page.encoding)) return false;
      any = true;
    }
    if (!any) return false;
  }
  return footer.num_row_groups() > 0;
}

parquet::ArrowReaderProperties ReaderProperties(const parquet::FileMetaData& footer,
                                                const BaseFileReadOptions& options) {
  parquet::ArrowReaderProperties properties(/*use_threads=*/false);
  properties.set_batch_size(options.batch_rows);
  properties.set_pre_buffer(false);  // would hold a whole row group twice
  if (!options.keep_dictionaries) return properties;
  const parquet::SchemaDescriptor& schema = *footer.schema();
  for (int leaf = 0; leaf < schema.num_columns(); ++leaf) {
    const parquet::ColumnDescriptor& column = *schema.Column(leaf);
    if (column.physical_type() != parquet::Type::BYTE_ARRAY) continue;
    if (column.max_repetition_level() > 0 || column.path()->ToDotVector().size() > 1) continue;
    if (std::ranges::find(options.dense_columns, column.name()) != options.dense_columns.end()) {
      continue;
    }
    if (WhollyDictionary(footer, leaf)) properties.set_read_dictionary(leaf, true);
  }
  return properties;
}

void CollectLeaves(const parquet::arrow::SchemaField& field, std::vector<int>* leaves) {
  if (field.is_leaf()) leaves->push_back(field.column_index);
  for (const parquet::arrow::SchemaField& child : field.children)
    CollectLeaves(child, leaves);
}

Status OpenParquet(std::shared_ptr<arrow::io::RandomAccessFile> file,
                   const BaseFileReadOptions& options,
                   std::unique_ptr<parquet::arrow::FileReader>* reader) {
  parquet::arrow::FileReaderBuilder builder;
  TAPELAKE_RETURN_NOT_OK(builder.Open(std::move(file)));
  BEGIN_PARQUET_CATCH_EXCEPTIONS
  builder.properties(ReaderProperties(*builder.raw_reader()->metadata(), options));
  END_PARQUET_CATCH_EXCEPTIONS
  return builder.Build().Value(reader);
}

}  // namespace

BaseFileReader::~BaseFileReader() = default;

Status BaseFileReader::InFile(const Status& status) const {
  if (status.ok()) return status;
  if (status.detail() != nullptr) return WithContext(status, "base file '" + path_ + "'");
  // What Parquet cannot make sense of is damage of the file, not a mistake of our caller.
  const ErrorKind kind =
      status.IsIOError() || status.IsInvalid() ? ErrorKind::kCorrupt : KindOf(status);
  return MakeError(kind, "base file '" + path_ + "': " + status.message());
}

Result<std::unique_ptr<BaseFileReader>> BaseFileReader::Open(io::FileSystem& files,
                                                             const std::string& path,
                                                             const BaseFileReadOptions& options) {
  std::unique_ptr<BaseFileReader> reader(new BaseFileReader());
  reader->path_ = path;
  TAPELAKE_ASSIGN_OR_RAISE(reader->source_.file, files.OpenForRead(path));
  TAPELAKE_RETURN_NOT_OK(
      reader->InFile(OpenParquet(reader->source_.file, options, &reader->reader_)));
  reader->source_.footer = reader->reader_->parquet_reader()->metadata();
  TAPELAKE_RETURN_NOT_OK(reader->InFile(reader->reader_->GetSchema(&reader->schema_)));
  reader->schema_ = reader->schema_->WithMetadata(nullptr);
  return reader;
}

int64_t BaseFileReader::row_count() const {
  return source_.footer->num_rows();
}
int BaseFileReader::row_group_count() const {
  return source_.footer->num_row_groups();
}
int64_t BaseFileReader::row_group_rows(int row_group) const {
  return source_.footer->RowGroup(row_group)->num_rows();
}

std::vector<int> BaseFileReader::AllRowGroups() const {
  std::vector<int> all(static_cast<size_t>(row_group_count()));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

std::vector<int> BaseFileReader::LeafColumns(const std::vector<std::string>& columns) const {
  std::vector<int> leaves;
  for (const std::string& column : columns) {
    const int field = schema_->GetFieldIndex(column);
    if (field < 0) continue;
    CollectLeaves(reader_->manifest().schema_fields[static_cast<size_t>(field)], &leaves);
  }
  return leaves;
}

Result<std::shared_ptr<arrow::RecordBatch>> BaseFileReader::ReadRowGroup(
    int row_group, const std::vector<std::string>& columns) {
  auto read = reader_->ReadRowGroup(row_group, LeafColumns(columns));
  TAPELAKE_RETURN_NOT_OK(InFile(read.status()));
  const std::shared_ptr<arrow::Table>& table = *read;
  auto combined = table->CombineChunksToBatch();
  TAPELAKE_RETURN_NOT_OK(InFile(combined.status()));
  return combined;
}

Result<std::unique_ptr<arrow::RecordBatchReader>> BaseFileReader::Stream(
    const std::vector<int>& row_groups, const std::vector<std::string>& columns) {
  auto stream = reader_->GetRecordBatchReader(row_groups, LeafColumns(columns));
  TAPELAKE_RETURN_NOT_OK(InFile(stream.status()));
  return stream;
}

Result<ColumnStatistics> BaseFileReader::Statistics(int row_group,
                                                    const std::string& column) const {
  const int field = schema_->GetFieldIndex(column);
  if (field < 0) {
    return MakeError(ErrorKind::kInvalid,
                     "base file '" + path_ + "' has no column '" + column + "'");
  }
  ColumnStatistics result;
  const auto& leaf = reader_->manifest().schema_fields[static_cast<size_t>(field)];
  if (!leaf.is_leaf()) return result;
  const auto collect = [&]() -> Status {
    BEGIN_PARQUET_CATCH_EXCEPTIONS
    const auto chunk = source_.footer->RowGroup(row_group)->ColumnChunk(leaf.column_index);
    const auto statistics = chunk->is_stats_set() ? chunk->statistics() : nullptr;
    if (statistics == nullptr) return Status::OK();
    if (statistics->HasNullCount()) result.null_count = statistics->null_count();
    if (!statistics->HasMinMax()) return Status::OK();
    return parquet::arrow::StatisticsAsScalars(*statistics, &result.min, &result.max);
    END_PARQUET_CATCH_EXCEPTIONS
  };
  TAPELAKE_RETURN_NOT_OK(InFile(collect()));
  return result;
}

std::optional<std::string> BaseFileReader::FooterValue(const std::string& key) const {
  const auto& metadata = source_.footer->key_value_metadata();
  if (metadata == nullptr) return std::nullopt;
  auto value = metadata->Get(key);
  if (!value.ok()) return std::nullopt;
  return std::move(value).ValueUnsafe();
}

}  // namespace tapelake::hudi
