// Merge-on-read operations, timed.
//
//   mor_bench append TABLE ROWS    append 1,000,000 made-up rows of 18 columns to a new TABLE, ROWS
//   a
//                                  commit; counts only what Table::Upsert costs
//   mor_bench load INPUT TABLE     create TABLE (6 partitions x 4 buckets), append INPUT, compact
//   it mor_bench upsert INPUT TABLE   read INPUT, upsert it into TABLE
//
// INPUT is a folder of Parquet files with the 13 columns of bench/cow_spark.py. Prints one JSON
// line.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

#include <arrow/builder.h>

#include "bench/trade_rows.h"
#include "hudi/table/table.h"
#include "io/local_file_system.h"

namespace tapelake {
namespace {

constexpr int64_t kAppendedRows = 1'000'000;
constexpr int64_t kFirstMicros = 1'714'521'600'000'000;

/// CPU time of this process, all threads, user and system.
double CpuSeconds() {
  return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

struct World {
  io::LocalFileSystem files;
  io::SystemClock clock;
  io::SystemRandom random;

  hudi::TableEnvironment environment() { return {files, clock, random}; }
  double Seconds() { return static_cast<double>(clock.SteadyMicros()) / 1e6; }
};

/// The live table's columns: 13 of a trade, and the 5 that the pipeline adds.
std::shared_ptr<arrow::Schema> AppendSchema() {
  const auto text = arrow::utf8();
  const auto time = arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
  const auto amount = arrow::decimal128(38, 18);
  return arrow::schema({arrow::field("transaction_id", text), arrow::field("timestamp", time),
                        arrow::field("exchange", text), arrow::field("trading_pair", text),
                        arrow::field("order_type", text), arrow::field("price", amount),
                        arrow::field("quantity", amount), arrow::field("trade_fee", amount),
                        arrow::field("trade_status", text), arrow::field("user_id", text),
                        arrow::field("wallet_address", text), arrow::field("order_source", text),
                        arrow::field("note", text), arrow::field("event_date", text),
                        arrow::field("_rescued", text), arrow::field("_change_time", time),
                        arrow::field("_change_sequence", text),
                        arrow::field("_change_seq", arrow::int64())});
}

std::string Hex(uint64_t number, int digits) {
  char text[17];
  std::snprintf(text, sizeof(text), "%016llx", static_cast<unsigned long long>(number));
  return {text + 16 - digits, static_cast<size_t>(digits)};
}

std::string RandomText(const std::string& column, io::Random& random) {
  const auto pick = [&](const std::vector<std::string>& values) {
    return values[random.Below(values.size())];
  };
  if (column == "transaction_id") {
    return Hex(random.Next(), 8) + "-" + Hex(random.Next(), 4) + "-" + Hex(random.Next(), 4) + "-" +
           Hex(random.Next(), 4) + "-" + Hex(random.Next(), 12);
  }
  if (column == "exchange") return pick({"binance", "coinbase", "kraken", "bitfinex"});
  if (column == "trading_pair") return pick({"BTC-USD", "ETH-USD", "SOL-USD", "XRP-USD"});
  if (column == "order_type") return pick({"limit", "market", "stop"});
  if (column == "trade_status") return pick({"filled", "open", "cancelled"});
  if (column == "order_source") return pick({"api", "web", "mobile"});
  if (column == "user_id") return "user-" + Hex(random.Next(), 8);
  if (column == "event_date") return pick({"2026-11-21", "2026-11-22"});
  if (column == "_change_sequence") return "4955" + std::to_string(random.Next());
  return "0x" + Hex(random.Next(), 16) + Hex(random.Next(), 16);
}

Result<std::shared_ptr<arrow::Array>> RandomColumn(const arrow::Field& field, int64_t first,
                                                   int64_t rows, io::Random& random) {
  TAPELAKE_ASSIGN_OR_RAISE(auto builder, arrow::MakeBuilder(field.type()));
  for (int64_t row = first; row < first + rows; ++row) {
    if (field.name() == "note" || field.name() == "_rescued") {
      TAPELAKE_RETURN_NOT_OK(builder->AppendNull());
    } else if (field.type()->id() == arrow::Type::STRING) {
      TAPELAKE_RETURN_NOT_OK(
          static_cast<arrow::StringBuilder&>(*builder).Append(RandomText(field.name(), random)));
    } else if (field.type()->id() == arrow::Type::DECIMAL128) {
      const arrow::Decimal128 whole(static_cast<int64_t>(random.Below(100'000'000'000)));
      TAPELAKE_RETURN_NOT_OK(static_cast<arrow::Decimal128Builder&>(*builder).Append(
          whole * arrow::Decimal128(10'000'000'000)));
    } else if (field.type()->id() == arrow::Type::TIMESTAMP) {
      TAPELAKE_RETURN_NOT_OK(
          static_cast<arrow::TimestampBuilder&>(*builder).Append(kFirstMicros + row * 1000));
    } else {
      TAPELAKE_RETURN_NOT_OK(static_cast<arrow::Int64Builder&>(*builder).Append(row));
    }
  }
  return builder->Finish();
}

Result<std::shared_ptr<arrow::RecordBatch>> RandomRows(int64_t first, int64_t rows,
                                                       io::Random& random) {
  const auto schema = AppendSchema();
  arrow::ArrayVector columns;
  for (const auto& field : schema->fields()) {
    TAPELAKE_ASSIGN_OR_RAISE(auto column, RandomColumn(*field, first, rows, random));
    columns.push_back(std::move(column));
  }
  return arrow::RecordBatch::Make(schema, rows, std::move(columns));
}

struct AppendFigures {
  double seconds = 0;
  double cpu_seconds = 0;
  int64_t bytes = 0;
};

Result<AppendFigures> AppendTo(World& world, const std::string& path,
                               const arrow::RecordBatchVector& batches) {
  TAPELAKE_ASSIGN_OR_RAISE(auto table,
                           hudi::Table::Create(world.environment(), path,
                                               {.name = "bench",
                                                .schema = AppendSchema(),
                                                .record_key_field = "transaction_id",
                                                .partition_field = "event_date",
                                                .precombine_field = "_change_seq",
                                                .type = hudi::TableType::kMergeOnRead}));
  AppendFigures figures;
  for (const auto& rows : batches) {
    const bench::Changes changes = bench::ChangesOf(*rows, "event_date");
    const double start = world.Seconds();
    const double cpu_start = CpuSeconds();
    TAPELAKE_ASSIGN_OR_RAISE(const auto result,
                             table->Upsert({.schema = rows->schema(),
                                            .rows = rows,
                                            .partition_values = changes.partition_values,
                                            .changes = changes.changes}));
    TAPELAKE_RETURN_NOT_OK(result.reason);
    figures.seconds += world.Seconds() - start;
    figures.cpu_seconds += CpuSeconds() - cpu_start;
    figures.bytes += result.bytes_written;
  }
  return figures;
}

/// The first time goes into a table that is deleted at once: the second then writes into memory
/// that the machine has already. A hypervisor that takes free memory back charges its return to
/// whoever touches it first, which is half of all CPU time here and no work of ours.
Status Append(const std::string& path, int64_t rows_per_commit) {
  World world;
  io::SeededRandom random(1);
  arrow::RecordBatchVector batches;
  for (int64_t first = 0; first < kAppendedRows; first += rows_per_commit) {
    const int64_t count = std::min(rows_per_commit, kAppendedRows - first);
    TAPELAKE_ASSIGN_OR_RAISE(auto rows, RandomRows(first, count, random));
    batches.push_back(std::move(rows));
  }
  TAPELAKE_RETURN_NOT_OK(AppendTo(world, path + "-warm", batches).status());
  TAPELAKE_RETURN_NOT_OK(world.files.DeleteDirectory(path + "-warm"));
  TAPELAKE_ASSIGN_OR_RAISE(const AppendFigures figures, AppendTo(world, path, batches));
  std::printf(
      "{\"commits\":%lld,\"bytes\":%lld,\"append\":{\"seconds\":%.3f,\"cpu_seconds\":%.3f}}\n",
      static_cast<long long>(batches.size()), static_cast<long long>(figures.bytes),
      figures.seconds, figures.cpu_seconds);
  return Status::OK();
}

Status Compact(hudi::Table& table) {
  TAPELAKE_ASSIGN_OR_RAISE(const std::string instant,
                           table.ScheduleCompaction({.log_files_max = 1}));
  if (instant.empty()) return MakeError(ErrorKind::kInternal, "nothing to compact");
  return table.RunCompaction(instant, /*threads=*/2).status();
}

Status Write(bool is_load, const std::string& input, const std::string& path) {
  World world;
  const double start = world.Seconds();
  TAPELAKE_ASSIGN_OR_RAISE(const auto rows, bench::ReadRows(world.files, input));
  const double have_rows = world.Seconds();
  const bench::Changes changes = bench::ChangesOf(*rows, bench::kPartition);
  std::unique_ptr<hudi::Table> table;
  if (is_load) {
    TAPELAKE_ASSIGN_OR_RAISE(table, hudi::Table::Create(world.environment(), path,
                                                        {.name = "bench",
                                                         .schema = rows->schema(),
                                                         .record_key_field = bench::kKey,
                                                         .partition_field = bench::kPartition,
                                                         .precombine_field = bench::kPrecombine,
                                                         .type = hudi::TableType::kMergeOnRead}));
  } else {
    TAPELAKE_ASSIGN_OR_RAISE(table, hudi::Table::Open(world.environment(), path));
  }
  TAPELAKE_ASSIGN_OR_RAISE(const auto result,
                           table->Upsert({.schema = rows->schema(),
                                          .rows = rows,
                                          .partition_values = changes.partition_values,
                                          .changes = changes.changes}));
  TAPELAKE_RETURN_NOT_OK(result.reason);
  if (is_load) TAPELAKE_RETURN_NOT_OK(Compact(*table));
  std::printf(
      "{\"seconds\":%.3f,\"read_input_seconds\":%.3f,\"written\":%lld,\"files\":%lld,"
      "\"bytes\":%lld}\n",
      world.Seconds() - start, have_rows - start, static_cast<long long>(result.inserted_rows),
      static_cast<long long>(result.files_written), static_cast<long long>(result.bytes_written));
  return Status::OK();
}

}  // namespace
}  // namespace tapelake

int main(int argc, char** argv) {
  const std::string verb = argc == 4 ? argv[1] : "";
  const bool known = verb == "append" || verb == "load" || verb == "upsert";
  const int64_t rows = verb == "append" ? std::atoll(argv[3]) : 1;
  if (!known || rows < 1) {
    std::fprintf(stderr,
                 "usage: mor_bench append TABLE ROWS|load INPUT TABLE|upsert INPUT TABLE\n");
    return 2;
  }
  const tapelake::Status status = verb == "append"
                                      ? tapelake::Append(argv[2], rows)
                                      : tapelake::Write(verb == "load", argv[2], argv[3]);
  if (!status.ok()) std::fprintf(stderr, "mor_bench: %s\n", status.ToString().c_str());
  return status.ok() ? 0 : 1;
}
