#include "bench/trade_rows.h"

#include <utility>

#include <arrow/array.h>
#include <arrow/array/concatenate.h>
#include <arrow/compute/api_vector.h>
#include <arrow/datum.h>
#include <arrow/table.h>
#include <arrow/util/checked_cast.h>
#include <parquet/arrow/reader.h>

#include "hudi/writer/commit_job.h"

namespace tapelake::bench {
namespace {

using arrow::internal::checked_cast;

constexpr int kThreads = 2;
constexpr const char* kFewValues[] = {"exchange", "trading_pair", "order_type", "trade_status",
                                      "order_source"};

using FileReader = parquet::arrow::FileReader;

Result<std::unique_ptr<FileReader>> OpenFile(io::FileSystem& files, const std::string& path,
                                             FewValues few_values) {
  parquet::arrow::FileReaderBuilder builder;
  TAPELAKE_ASSIGN_OR_RAISE(auto file, files.OpenForRead(path));
  TAPELAKE_RETURN_NOT_OK(builder.Open(std::move(file)));
  parquet::ArrowReaderProperties properties(/*use_threads=*/false);
  properties.set_coerce_int96_timestamp_unit(arrow::TimeUnit::MICRO);
  const parquet::SchemaDescriptor& schema = *builder.raw_reader()->metadata()->schema();
  for (const char* name : kFewValues) {
    const int column = schema.ColumnIndex(name);
    if (column >= 0) properties.set_read_dictionary(column, few_values == FewValues::kDictionary);
  }
  std::unique_ptr<FileReader> reader;
  TAPELAKE_RETURN_NOT_OK(builder.properties(properties)->Build(&reader));
  return reader;
}

/// Spark writes timestamps as INT96, which says nothing of their zone: they are UTC.
Result<std::shared_ptr<arrow::Array>> InUtc(const std::shared_ptr<arrow::Array>& column) {
  if (column->type_id() != arrow::Type::TIMESTAMP) return column;
  return column->View(arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"));
}

/// One column of all files, in their order.
Result<std::shared_ptr<arrow::Array>> ReadColumn(
    const std::vector<std::unique_ptr<FileReader>>& files, int column) {
  arrow::ArrayVector chunks;
  for (const auto& file : files) {
    std::shared_ptr<arrow::ChunkedArray> read;
    TAPELAKE_RETURN_NOT_OK(file->ReadColumn(column, &read));
    chunks.insert(chunks.end(), read->chunks().begin(), read->chunks().end());
  }
  TAPELAKE_ASSIGN_OR_RAISE(auto joined, arrow::Concatenate(chunks));
  return InUtc(joined);
}

}  // namespace

Result<std::shared_ptr<arrow::RecordBatch>> ReadRows(io::FileSystem& files,
                                                     const std::string& folder,
                                                     FewValues few_values) {
  std::vector<std::unique_ptr<FileReader>> readers;
  TAPELAKE_ASSIGN_OR_RAISE(const auto entries, files.List(folder));
  for (const io::FileInfo& entry : entries) {
    if (!entry.name.ends_with(".parquet") || entry.name.starts_with('.')) continue;
    TAPELAKE_ASSIGN_OR_RAISE(auto reader,
                             OpenFile(files, io::JoinPath(folder, entry.name), few_values));
    readers.push_back(std::move(reader));
  }
  if (readers.empty()) return MakeError(ErrorKind::kNotFound, "no Parquet file in " + folder);
  std::shared_ptr<arrow::Schema> schema;
  TAPELAKE_RETURN_NOT_OK(readers.front()->GetSchema(&schema));
  arrow::ArrayVector columns(static_cast<size_t>(schema->num_fields()));
  // Column by column: the rows never lie in memory twice, and joining them is shared work too.
  TAPELAKE_RETURN_NOT_OK(
      hudi::RunOnThreads(columns.size(), kThreads, [&](size_t number, size_t /*thread*/) -> Status {
        return ReadColumn(readers, static_cast<int>(number)).Value(&columns[number]);
      }));
  arrow::FieldVector fields;
  for (int i = 0; i < schema->num_fields(); ++i)
    fields.push_back(
        arrow::field(schema->field(i)->name(), columns[static_cast<size_t>(i)]->type()));
  const int64_t rows = columns.front()->length();
  return arrow::RecordBatch::Make(arrow::schema(fields), rows, columns);
}

std::shared_ptr<arrow::Schema> PlainSchema(const arrow::Schema& schema) {
  arrow::FieldVector fields = schema.fields();
  for (auto& field : fields) {
    if (field->type()->id() != arrow::Type::DICTIONARY) continue;
    const auto& type = checked_cast<const arrow::DictionaryType&>(*field->type());
    field = field->WithType(type.value_type());
  }
  return arrow::schema(std::move(fields));
}

Changes ChangesOf(const arrow::RecordBatch& rows, const std::string& partition_column) {
  Changes result;
  const auto& keys = checked_cast<const arrow::StringArray&>(*rows.GetColumnByName(kKey));
  const std::shared_ptr<arrow::Array> column = rows.GetColumnByName(partition_column);
  const bool is_dictionary = column->type_id() == arrow::Type::DICTIONARY;
  const auto encoded =
      is_dictionary
          ? column
          : arrow::compute::DictionaryEncode(arrow::Datum(column)).ValueOrDie().make_array();
  const auto& partitions = checked_cast<const arrow::DictionaryArray&>(*encoded);
  const auto& values = checked_cast<const arrow::StringArray&>(*partitions.dictionary());
  const auto& numbers = checked_cast<const arrow::Int32Array&>(*partitions.indices());
  for (int64_t number = 0; number < values.length(); ++number)
    result.partition_values.emplace_back(values.GetView(number));
  result.changes.reserve(static_cast<size_t>(rows.num_rows()));
  for (int64_t row = 0; row < rows.num_rows(); ++row)
    result.changes.push_back({.record_key = keys.GetView(row),
                              .partition = static_cast<uint32_t>(numbers.Value(row)),
                              .row = row});
  return result;
}

}  // namespace tapelake::bench
