#include "bench/trade_rows.h"

#include <string_view>
#include <utility>

#include <absl/container/flat_hash_map.h>
#include <arrow/array.h>
#include <arrow/array/concatenate.h>
#include <arrow/table.h>
#include <arrow/util/checked_cast.h>
#include <parquet/arrow/reader.h>

namespace tapelake::bench {
namespace {

using arrow::internal::checked_cast;

Result<std::shared_ptr<arrow::Table>> ReadFile(io::FileSystem& files, const std::string& path) {
  parquet::arrow::FileReaderBuilder builder;
  TAPELAKE_ASSIGN_OR_RAISE(auto file, files.OpenForRead(path));
  TAPELAKE_RETURN_NOT_OK(builder.Open(std::move(file)));
  parquet::ArrowReaderProperties properties(/*use_threads=*/true);
  properties.set_coerce_int96_timestamp_unit(arrow::TimeUnit::MICRO);
  std::unique_ptr<parquet::arrow::FileReader> reader;
  TAPELAKE_RETURN_NOT_OK(builder.properties(properties)->Build(&reader));
  return reader->ReadTable();
}

/// Spark writes timestamps as INT96, which says nothing of their zone: they are UTC.
Result<std::shared_ptr<arrow::Array>> InUtc(const std::shared_ptr<arrow::Array>& column) {
  if (column->type_id() != arrow::Type::TIMESTAMP) return column;
  return column->View(arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"));
}

}  // namespace

Result<std::shared_ptr<arrow::RecordBatch>> ReadRows(io::FileSystem& files,
                                                     const std::string& folder) {
  std::vector<std::string> names;
  std::vector<arrow::ArrayVector> chunks;  // per column
  TAPELAKE_ASSIGN_OR_RAISE(const auto entries, files.List(folder));
  for (const io::FileInfo& entry : entries) {
    if (!entry.name.ends_with(".parquet") || entry.name.starts_with('.')) continue;
    TAPELAKE_ASSIGN_OR_RAISE(const auto table, ReadFile(files, io::JoinPath(folder, entry.name)));
    names = table->ColumnNames();
    chunks.resize(names.size());
    for (size_t i = 0; i < names.size(); ++i) {
      const auto& more = table->column(static_cast<int>(i))->chunks();
      chunks[i].insert(chunks[i].end(), more.begin(), more.end());
    }
  }
  arrow::FieldVector fields;
  arrow::ArrayVector columns;
  for (size_t i = 0; i < names.size(); ++i) {
    TAPELAKE_ASSIGN_OR_RAISE(auto column, arrow::Concatenate(chunks[i]));
    chunks[i].clear();  // the rows never lie in memory twice
    TAPELAKE_ASSIGN_OR_RAISE(column, InUtc(column));
    fields.push_back(arrow::field(names[i], column->type()));
    columns.push_back(std::move(column));
  }
  const int64_t rows = columns.empty() ? 0 : columns.front()->length();
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
