// One copy-on-write operation, timed: read Parquet rows, write them to a Hudi table, commit.
//
//   cow_bench load INPUT TABLE...        create TABLE (6 partitions x 4 buckets), bulk-insert INPUT
//   cow_bench load-bloom INPUT TABLE...  the same with a bloom index
//   cow_bench upsert INPUT TABLE...      upsert INPUT into TABLE
//
// With several tables: one after the other, as a process does that goes on. INPUT is a folder of
// Parquet files with the 13 columns of bench/cow_spark.py. Prints one JSON line for each table.

#include <cstdio>
#include <string>

#include "bench/cpu_times.h"
#include "bench/trade_rows.h"
#include "hudi/table/table.h"
#include "io/local_file_system.h"

namespace tapelake {
namespace {

// One more than the cores it is made for: one waits while its file becomes durable.
constexpr int kThreads = 3;

struct Arguments {
  std::string verb;
  std::string input;
  std::string table;
};

Status Run(const Arguments& arguments) {
  io::LocalFileSystem files;
  io::SystemClock clock;
  io::SystemRandom random;
  const hudi::TableEnvironment environment{files, clock, random};
  const int64_t start = clock.SteadyMicros();
  const double cpu_start = bench::CpuNow().all_micros();
  TAPELAKE_ASSIGN_OR_RAISE(const auto rows,
                           bench::ReadRows(files, arguments.input, bench::FewValues::kDictionary));
  const int64_t have_rows = clock.SteadyMicros();
  const auto schema = bench::PlainSchema(*rows->schema());
  const bench::Changes changes = bench::ChangesOf(*rows, bench::kPartition);
  const bool is_load = arguments.verb != "upsert";
  const bool is_bloom = arguments.verb == "load-bloom";
  std::unique_ptr<hudi::Table> table;
  if (is_load) {
    TAPELAKE_ASSIGN_OR_RAISE(
        table, hudi::Table::Create(
                   environment, arguments.table,
                   {.name = "bench",
                    .schema = schema,
                    .record_key_field = bench::kKey,
                    .partition_field = bench::kPartition,
                    .precombine_field = bench::kPrecombine,
                    .index = is_bloom ? hudi::IndexKind::kBloom : hudi::IndexKind::kBucket}));
  } else {
    TAPELAKE_ASSIGN_OR_RAISE(table, hudi::Table::Open(environment, arguments.table));
  }
  TAPELAKE_ASSIGN_OR_RAISE(const auto result,
                           table->Upsert({.schema = schema,
                                          .rows = rows,
                                          .partition_values = changes.partition_values,
                                          .changes = changes.changes,
                                          .operation = is_load ? hudi::WriteOperation::kBulkInsert
                                                               : hudi::WriteOperation::kUpsert,
                                          .threads = kThreads}));
  TAPELAKE_RETURN_NOT_OK(result.reason);
  const int64_t end = clock.SteadyMicros();
  std::printf(
      "{\"seconds\":%.3f,\"read_input_seconds\":%.3f,\"inserted\":%lld,\"updated\":%lld,"
      "\"files\":%lld,\"bytes\":%lld,\"cpu_seconds\":%.3f,\"peak_bytes\":%lld}\n",
      static_cast<double>(end - start) / 1e6, static_cast<double>(have_rows - start) / 1e6,
      static_cast<long long>(result.inserted_rows), static_cast<long long>(result.updated_rows),
      static_cast<long long>(result.files_written), static_cast<long long>(result.bytes_written),
      (bench::CpuNow().all_micros() - cpu_start) / 1e6, static_cast<long long>(bench::PeakBytes()));
  return Status::OK();
}

}  // namespace
}  // namespace tapelake

int main(int argc, char** argv) {
  const std::string verb = argc >= 4 ? argv[1] : "";
  if (verb != "load" && verb != "load-bloom" && verb != "upsert") {
    std::fprintf(stderr, "usage: cow_bench load|load-bloom|upsert INPUT TABLE...\n");
    return 2;
  }
  for (int i = 3; i < argc; ++i) {
    const tapelake::Status status = tapelake::Run({verb, argv[2], argv[i]});
    if (status.ok()) continue;
    std::fprintf(stderr, "cow_bench: %s\n", status.ToString().c_str());
    return 1;
  }
  return 0;
}
