// One copy-on-write operation, timed: read Parquet rows, write them to a Hudi table, commit.
//
//   cow_bench load INPUT TABLE     create TABLE (6 partitions x 4 buckets) and bulk-load INPUT
//   cow_bench upsert INPUT TABLE   upsert INPUT into TABLE
//
// INPUT is a folder of Parquet files with the 13 columns of bench/cow_spark.py. Prints one JSON
// line.

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include <absl/container/flat_hash_map.h>
#include <arrow/array.h>
#include <arrow/array/concatenate.h>
#include <arrow/table.h>
#include <arrow/util/checked_cast.h>
#include <parquet/arrow/reader.h>

#include "hudi/table/table.h"
#include "io/local_file_system.h"

namespace tapelake {
namespace {

using arrow::internal::checked_cast;

constexpr const char* kKey = "transaction_id";
constexpr const char* kPartition = "exchange";
constexpr const char* kPrecombine = "event_seq";

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

struct Changes {
  std::vector<hudi::RecordChange> changes;
  std::vector<std::string> partition_values;
};

Changes ChangesOf(const arrow::RecordBatch& rows) {
  Changes result;
  const auto& keys = checked_cast<const arrow::StringArray&>(*rows.GetColumnByName(kKey));
  const auto& values = checked_cast<const arrow::StringArray&>(*rows.GetColumnByName(kPartition));
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

struct Arguments {
  bool is_load = false;
  std::string input;
  std::string table;
};

Status Run(const Arguments& arguments) {
  io::LocalFileSystem files;
  io::SystemClock clock;
  io::SystemRandom random;
  const hudi::TableEnvironment environment{files, clock, random};
  const int64_t start = clock.SteadyMicros();
  TAPELAKE_ASSIGN_OR_RAISE(const auto rows, ReadRows(files, arguments.input));
  const int64_t have_rows = clock.SteadyMicros();
  const Changes changes = ChangesOf(*rows);
  std::unique_ptr<hudi::Table> table;
  if (arguments.is_load) {
    TAPELAKE_ASSIGN_OR_RAISE(table, hudi::Table::Create(environment, arguments.table,
                                                        {.name = "bench",
                                                         .schema = rows->schema(),
                                                         .record_key_field = kKey,
                                                         .partition_field = kPartition,
                                                         .precombine_field = kPrecombine}));
  } else {
    TAPELAKE_ASSIGN_OR_RAISE(table, hudi::Table::Open(environment, arguments.table));
  }
  TAPELAKE_ASSIGN_OR_RAISE(
      const auto result,
      table->Upsert({.schema = rows->schema(),
                     .rows = rows,
                     .partition_values = changes.partition_values,
                     .changes = changes.changes,
                     .operation = arguments.is_load ? "BULK_INSERT" : "UPSERT"}));
  TAPELAKE_RETURN_NOT_OK(result.reason);
  const int64_t end = clock.SteadyMicros();
  std::printf(
      "{\"seconds\":%.3f,\"read_input_seconds\":%.3f,\"inserted\":%lld,\"updated\":%lld,"
      "\"files\":%lld,\"bytes\":%lld}\n",
      static_cast<double>(end - start) / 1e6, static_cast<double>(have_rows - start) / 1e6,
      static_cast<long long>(result.inserted_rows), static_cast<long long>(result.updated_rows),
      static_cast<long long>(result.files_written), static_cast<long long>(result.bytes_written));
  return Status::OK();
}

}  // namespace
}  // namespace tapelake

int main(int argc, char** argv) {
  const std::string verb = argc == 4 ? argv[1] : "";
  if (verb != "load" && verb != "upsert") {
    std::fprintf(stderr, "usage: cow_bench load|upsert INPUT TABLE\n");
    return 2;
  }
  const tapelake::Status status = tapelake::Run({verb == "load", argv[2], argv[3]});
  if (!status.ok()) std::fprintf(stderr, "cow_bench: %s\n", status.ToString().c_str());
  return status.ok() ? 0 : 1;
}
