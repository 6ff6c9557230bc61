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

#include "bench/made_rows.h"
#include "bench/trade_rows.h"
#include "hudi/table/table.h"
#include "io/local_file_system.h"

namespace tapelake {
namespace {

constexpr int64_t kAppendedRows = 1'000'000;

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
                                                .schema = bench::LiveSchema(),
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
    TAPELAKE_ASSIGN_OR_RAISE(auto rows, bench::RandomRows(first, count, random));
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
