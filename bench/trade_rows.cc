#include "bench/trade_rows.h"

#include <string_view>
#include <utility>

#include <absl/container/flat_hash_map.h>
#include <arrow/array.h>
#include <arrow/array/concatenate.h>
#include <arrow/table.h>
#include <arrow/util/checked_cast.h>
#include <parquet/arrow/reader.h>

#include "hudi/writer/commit_job.h"

namespace tapelake::bench {
namespace {

using arrow::internal::checked_cast;

constexpr int kThreads = 2;

using FileReader = parquet::arrow::FileReader;

Result<std::unique_ptr<FileReader>> OpenFile(io::FileSystem& files, const std::string& path) {
  parquet::arrow::FileReaderBuilder builder;
  TAPELAKE_ASSIGN_OR_RAISE(auto file, files.OpenForRead(path));
  TAPELAKE_RETURN_NOT_OK(builder.Open(std::move(file)));
  parquet::ArrowReaderProperties properties(/*use_threads=*/false);
  properties.set_coerce_int96_timestamp_unit(arrow::TimeUnit::MICRO);
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
                                                     const std::string& folder) {
  std::vector<std::unique_ptr<FileReader>> readers;
  TAPELAKE_ASSIGN_OR_RAISE(const auto entries, files.List(folder));
  for (const io::FileInfo& entry : entries) {
    if (!entry.name.ends_with(".parquet") || entry.name.starts_with('.')) continue;
    TAPELAKE_ASSIGN_OR_RAISE(auto reader, OpenFile(files, io::JoinPath(folder, entry.name)));
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

Changes ChangesOf(const arrow::RecordBatch& rows, const std::string& partition_column) {
  Changes result;
  const auto& keys = checked_cast<const arrow::StringArray&>(*rows.GetColumnByName(kKey));
  const auto& values =
      checked_cast<const arrow::StringArray&>(*rows.GetColumnByName(partition_column));
  absl::flat_hash_map<std::string_view, uint32_t> numbers;
  result.changes.reserve(static_cast<size_t>(rows.num_rows()));
  for (int64_t row = 0; row < rows.num_rows(); ++row) {
    const std::string_view value = values.GetView(row);
    const auto next = static_cast<uint32_t>(result.partition_values.size());
    const auto [number, is_new] = numbers.try_emplace(value, next);
    if (is_new) result.partition_values.emplace_back(value);
    result.changes.push_back({keys.GetView(row), number->second, row});
  }
  return result;
}

}  // namespace tapelake::bench
