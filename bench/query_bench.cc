// SQL over Hudi tables, timed.
//
//   query_bench make TABLE cow|mor ROWS          a new TABLE of ROWS rows of 18 columns in 2
//                                                partitions of 4 buckets; of a merge-on-read table
//                                                all lie in base files
//   query_bench rows FOLDER ROWS COUNT VERSION   COUNT of those ROWS, evenly spread, with other
//                                                values, as a Parquet file in FOLDER
//   query_bench upsert TABLE FOLDER              read FOLDER, upsert it into TABLE
//   query_bench compare TABLE                    statements over TABLE, and over its base files
//                                                named by hand in the same DuckDB
//   query_bench incremental TABLE FROM           the rows that commits after FROM wrote
//
// Prints one JSON line.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <arrow/table.h>
#include <parquet/arrow/writer.h>

#include "bench/made_rows.h"
#include "bench/trade_rows.h"
#include "hudi/table/table.h"
#include "io/local_file_system.h"
#include "query/hudi_snapshot_provider.h"
#include "query/session.h"

namespace tapelake {
namespace {

constexpr int64_t kRowsPerCommit = 500'000;
constexpr int kMeasuredRuns = 9;
constexpr int64_t kKeyNumber = 4'711;
constexpr const char* kDay = "event_date";

struct World {
  io::LocalFileSystem files;
  io::SystemClock clock;
  io::SystemRandom random;

  hudi::TableEnvironment environment() { return {files, clock, random}; }
  double Seconds() { return static_cast<double>(clock.SteadyMicros()) / 1e6; }
};

double Median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

Result<hudi::UpsertResult> Upsert(hudi::Table& table,
                                  const std::shared_ptr<arrow::RecordBatch>& rows) {
  const bench::Changes changes = bench::ChangesOf(*rows, kDay);
  TAPELAKE_ASSIGN_OR_RAISE(auto result, table.Upsert({.schema = rows->schema(),
                                                      .rows = rows,
                                                      .partition_values = changes.partition_values,
                                                      .changes = changes.changes}));
  TAPELAKE_RETURN_NOT_OK(result.reason);
  return result;
}

Status Make(const std::string& path, const std::string& type, int64_t rows) {
  World world;
  const bool merges_on_read = type == "mor";
  TAPELAKE_ASSIGN_OR_RAISE(const auto made, bench::NumberedRows::Make());
  TAPELAKE_ASSIGN_OR_RAISE(
      const auto table,
      hudi::Table::Create(world.environment(), path,
                          {.name = "bench",
                           .schema = bench::LiveSchema(),
                           .record_key_field = "transaction_id",
                           .partition_field = kDay,
                           .precombine_field = "_change_seq",
                           .type = merges_on_read ? hudi::TableType::kMergeOnRead
                                                  : hudi::TableType::kCopyOnWrite}));
  std::string instant;
  for (int64_t first = 0; first < rows; first += kRowsPerCommit) {
    const int64_t count = std::min(kRowsPerCommit, rows - first);
    TAPELAKE_ASSIGN_OR_RAISE(const auto batch, made.Rows(first, 1, count, 0));
    TAPELAKE_ASSIGN_OR_RAISE(const auto result, Upsert(*table, batch));
    instant = result.instant;
    if (merges_on_read) {
      TAPELAKE_ASSIGN_OR_RAISE(instant, table->ScheduleCompaction({.log_files_max = 1}));
      TAPELAKE_RETURN_NOT_OK(table->RunCompaction(instant, /*threads=*/2).status());
    }
    TAPELAKE_RETURN_NOT_OK(
        table->Clean({.kind = hudi::CleaningKind::kLatestFileVersions, .file_versions_retained = 1})
            .status());
  }
  std::printf("{\"instant\":\"%s\"}\n", instant.c_str());
  return Status::OK();
}

Status WriteRows(const std::string& folder, int64_t rows, int64_t count, int64_t version) {
  World world;
  TAPELAKE_ASSIGN_OR_RAISE(const auto made, bench::NumberedRows::Make());
  TAPELAKE_ASSIGN_OR_RAISE(const auto batch, made.Rows(version, rows / count, count, version));
  TAPELAKE_RETURN_NOT_OK(world.files.CreateDirectories(folder));
  TAPELAKE_ASSIGN_OR_RAISE(const auto sink,
                           world.files.OpenForWrite(io::JoinPath(folder, "rows.parquet")));
  TAPELAKE_ASSIGN_OR_RAISE(const auto table, arrow::Table::FromRecordBatches({batch}));
  TAPELAKE_RETURN_NOT_OK(
      parquet::arrow::WriteTable(*table, arrow::default_memory_pool(), sink, count));
  TAPELAKE_RETURN_NOT_OK(sink->Close());
  std::printf("{\"rows\":%lld}\n", static_cast<long long>(count));
  return Status::OK();
}

Status UpsertFolder(const std::string& path, const std::string& folder) {
  World world;
  const double start = world.Seconds();
  TAPELAKE_ASSIGN_OR_RAISE(const auto rows, bench::ReadRows(world.files, folder));
  TAPELAKE_ASSIGN_OR_RAISE(const auto table, hudi::Table::Open(world.environment(), path));
  TAPELAKE_ASSIGN_OR_RAISE(const auto result, Upsert(*table, rows));
  std::printf("{\"seconds\":%.3f,\"instant\":\"%s\",\"files\":%lld,\"rows\":%lld}\n",
              world.Seconds() - start, result.instant.c_str(),
              static_cast<long long>(result.files_written),
              static_cast<long long>(rows->num_rows()));
  return Status::OK();
}

struct Question {
  const char* name;
  const char* select;
  const char* rest;
};

constexpr Question kQuestions[] = {
    {"totals by pair", "SELECT trading_pair, count(*), sum(quantity), max(price)", "GROUP BY 1"},
    {"minute bars of a pair",
     "SELECT date_trunc('minute', \"timestamp\"), min(price), max(price), sum(quantity)",
     "WHERE trading_pair = 'BTC-USD' GROUP BY 1"},
    {"count by two filters", "SELECT count(*)", "WHERE trade_status = 'filled' AND quantity > 50"},
    {"ten greatest of many users", "SELECT user_id, sum(price) AS paid",
     "GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 10"},
    {"every column", "SELECT min(COLUMNS(* EXCLUDE (_hoodie_file_name)))", ""},
    {"one key, all columns", "SELECT *", "WHERE transaction_id = KEY"},
};

/// Asks one session, alternately, for the table and for its files.
class Comparison {
 public:
  Status Open(const std::string& path) {
    TAPELAKE_ASSIGN_OR_RAISE(session_, query::Session::Open(provider_, world_.files, {}));
    table_ = "hudi('" + path + "')";
    TAPELAKE_ASSIGN_OR_RAISE(
        const auto files,
        session_->FetchText("SELECT path FROM hudi_files('" + path + "') WHERE kind = 'base'"));
    for (const auto& row : files)
      files_ += (files_.empty() ? "'" : ", '") + io::JoinPath(path, row[0]) + "'";
    files_ = "read_parquet([" + files_ + "])";
    return Status::OK();
  }

  /// Print one question's figures as a JSON object.
  Status Ask(const Question& question) {
    std::vector<double> ours;
    std::vector<double> plain;
    double first = 0;
    for (int run = 0; run <= kMeasuredRuns; ++run) {
      TAPELAKE_ASSIGN_OR_RAISE(const double table_ms, Milliseconds(question, table_));
      TAPELAKE_ASSIGN_OR_RAISE(const double files_ms, Milliseconds(question, files_));
      if (run == 0) {
        first = table_ms;
        continue;
      }
      ours.push_back(table_ms);
      plain.push_back(files_ms);
    }
    std::printf("{\"name\":\"%s\",\"first_ms\":%.2f,\"ours_ms\":%.2f,\"plain_ms\":%.2f}",
                question.name, first, Median(ours), Median(plain));
    return Status::OK();
  }

 private:
  Result<double> Milliseconds(const Question& question, const std::string& source) {
    std::string sql = std::string(question.select) + " FROM " + source + " " + question.rest;
    if (const size_t at = sql.find("KEY"); at != std::string::npos) {
      sql.replace(at, 3, "'" + bench::NumberedRows::KeyOf(kKeyNumber) + "'");
    }
    const double start = world_.Seconds();
    TAPELAKE_RETURN_NOT_OK(session_->FetchText(sql).status());
    return (world_.Seconds() - start) * 1e3;
  }

  World world_;
  query::HudiSnapshotProvider provider_{world_.environment()};
  std::unique_ptr<query::Session> session_;
  std::string table_;
  std::string files_;
};

Status Compare(const std::string& path) {
  Comparison comparison;
  TAPELAKE_RETURN_NOT_OK(comparison.Open(path));
  std::printf("{\"questions\":[");
  for (const Question& question : kQuestions) {
    if (&question != kQuestions) std::printf(",");
    TAPELAKE_RETURN_NOT_OK(comparison.Ask(question));
  }
  std::printf("]}\n");
  return Status::OK();
}

Status Incremental(const std::string& path, const std::string& from) {
  World world;
  query::HudiSnapshotProvider provider(world.environment());
  TAPELAKE_ASSIGN_OR_RAISE(const auto session, query::Session::Open(provider, world.files, {}));
  const std::string sql =
      "SELECT count(*), sum(quantity), min(wallet_address) FROM "
      "hudi_incremental('" +
      path + "', '" + from + "')";
  std::vector<double> times;
  std::string rows;
  for (int run = 0; run <= kMeasuredRuns; ++run) {
    const double start = world.Seconds();
    TAPELAKE_ASSIGN_OR_RAISE(const auto answer, session->FetchText(sql));
    times.push_back((world.Seconds() - start) * 1e3);
    rows = answer.at(0).at(0);
  }
  const double first = times.front();
  times.erase(times.begin());
  std::printf("{\"first_ms\":%.2f,\"ms\":%.2f,\"rows\":%s}\n", first, Median(times), rows.c_str());
  return Status::OK();
}

Status Run(const std::vector<std::string>& words) {
  const std::string verb = words.empty() ? "" : words[0];
  const auto number = [&](size_t i) { return std::max(std::atoll(words[i].c_str()), 1LL); };
  if (verb == "make" && words.size() == 4) return Make(words[1], words[2], number(3));
  if (verb == "rows" && words.size() == 5) {
    return WriteRows(words[1], number(2), number(3), number(4));
  }
  if (verb == "upsert" && words.size() == 3) return UpsertFolder(words[1], words[2]);
  if (verb == "compare" && words.size() == 2) return Compare(words[1]);
  if (verb == "incremental" && words.size() == 3) return Incremental(words[1], words[2]);
  return MakeError(ErrorKind::kInvalid,
                   "usage: query_bench make TABLE cow|mor ROWS | rows FOLDER ROWS COUNT VERSION | "
                   "upsert TABLE FOLDER | compare TABLE | incremental TABLE FROM");
}

}  // namespace
}  // namespace tapelake

int main(int argc, char** argv) {
  const tapelake::Status status = tapelake::Run({argv + 1, argv + argc});
  if (!status.ok()) std::fprintf(stderr, "query_bench: %s\n", status.ToString().c_str());
  return status.ok() ? 0 : 1;
}
