// A merge-on-read table as `up` makes it, fed for many days.
//
//   days_bench TABLE DAYS ROWS COMMITS   a new TABLE that gets ROWS new rows on each of DAYS days
//   in
//                                        COMMITS commits a day, with updates and deletes; then
//                                        half a day more, and an hour of commits every two seconds
//
// The clock is injected and files bear its times; whatever services are due run after each commit.
// Prints one JSON line per day: what lies there, what was written, what it cost, how long queries
// take; then one of the last hour. Ends with an error if a query counts other rows than there are.

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/time.h"
#include "bench/cpu_times.h"
#include "bench/day_changes.h"
#include "bench/made_rows.h"
#include "bench/served_table.h"
#include "bench/watched_files.h"
#include "hudi/writer/file_sizing.h"
#include "ingest/ingest_state.h"
#include "io/local_file_system.h"
#include "query/hudi_snapshot_provider.h"
#include "query/session.h"
#include "record/table_definition.h"
#include "testing/fake_clock.h"

namespace tapelake {
namespace {

using bench::FileKind;

constexpr int64_t kWholeEvery = 5;  // days between statements over all rows
constexpr int kAskedAgain = 5;
constexpr int64_t kCorrectionHour = 2;  // every night some of the day before is corrected
constexpr double kCorrectedShare = 0.01;
constexpr int64_t kLiveMicros = 2'000'000;  // between commits of `up`
constexpr int64_t kLiveCommits = 1'800;
constexpr int64_t kServiceMicros = 10'000;

/// Time of some work.
struct Cost {
  double seconds = 0;
  double cpu_seconds = 0;
};

/// What one day, or the last hour, did.
struct Period {
  Cost commits;
  Cost services;  ///< Planning, cleaning, archival.
  Cost compactions;
  std::vector<double> commit_ms;
  int64_t commit_count = 0;
  int64_t rows = 0;
  int64_t taken_bytes = 0;
  int64_t compaction_count = 0;
};

/// What lies in the table's folder.
struct Objects {
  int64_t files[bench::kFileKinds] = {};
  int64_t bytes[bench::kFileKinds] = {};
  int64_t live_bases = 0;
  int64_t live_base_bytes = 0;
  int64_t live_logs = 0;
  int64_t small_bases = 0;
};

struct Times {
  double first_ms = 0;
  double median_ms = 0;
};

double Quantile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  return values[static_cast<size_t>(share * static_cast<double>(values.size() - 1))];
}

class Bench {
 public:
  struct Options {
    std::string path;
    int64_t days = 0;
    int64_t rows_a_day = 0;
    int64_t commits_a_day = 0;
  };

  /// The last day ends before today: no instant is in anybody's future.
  explicit Bench(const Options& options)
      : options_(options),
        first_day_micros_((timer_.WallMicros() / base::kMicrosPerDay - options.days - 1) *
                          base::kMicrosPerDay),
        clock_(first_day_micros_) {}

  Status Run() {
    TAPELAKE_RETURN_NOT_OK(Open());
    for (int64_t day = 0; day < options_.days; ++day) {
      Period period;
      const Written before = WrittenNow();
      TAPELAKE_RETURN_NOT_OK(RunDay(day, options_.commits_a_day, &period));
      TAPELAKE_RETURN_NOT_OK(Print(day, period, before, /*is_hour=*/false));
    }
    Period half;
    TAPELAKE_RETURN_NOT_OK(RunDay(options_.days, options_.commits_a_day / 2, &half));
    Period hour;
    const Written before = WrittenNow();
    TAPELAKE_RETURN_NOT_OK(RunHour(&hour));
    return Print(options_.days, hour, before, /*is_hour=*/true);
  }

 private:
  using Written = std::array<int64_t, bench::kFileKinds>;

  hudi::TableEnvironment query_environment() { return {plain_files_, timer_, query_random_}; }

  Written WrittenNow() const {
    Written written;
    for (size_t kind = 0; kind < bench::kFileKinds; ++kind)
      written[kind] = files_.counts(static_cast<FileKind>(kind)).written_bytes;
    return written;
  }

  Status Open() {
    TAPELAKE_ASSIGN_OR_RAISE(auto changes,
                             bench::DayChanges::Make({.first_day_micros = first_day_micros_,
                                                      .rows_a_day = options_.rows_a_day}));
    changes_.emplace(std::move(changes));
    const record::TableDefinition definition;
    TAPELAKE_ASSIGN_OR_RAISE(
        served_, bench::ServedTable::Create({files_, clock_, random_}, options_.path,
                                            {.name = "bench",
                                             .schema = bench::LiveSchema(),
                                             .record_key_field = definition.key_column,
                                             .partition_field = record::kPartitionColumn,
                                             .precombine_field = record::kChangeSeqColumn,
                                             .bucket_count = definition.bucket_count,
                                             .type = hudi::TableType::kMergeOnRead}));
    TAPELAKE_ASSIGN_OR_RAISE(session_, query::Session::Open(provider_, plain_files_, {}));
    return Status::OK();
  }

  template <typename Work>
  Status Timed(Cost* cost, const Work& work) {
    const int64_t start = timer_.SteadyMicros();
    const bench::CpuTimes cpu_start = bench::CpuNow();
    TAPELAKE_RETURN_NOT_OK(work());
    cost->seconds += static_cast<double>(timer_.SteadyMicros() - start) / 1e6;
    cost->cpu_seconds += (bench::CpuNow() - cpu_start).all_micros() / 1e6;
    return Status::OK();
  }

  /// The first commits of a day.
  Status RunDay(int64_t day, int64_t commits, Period* period) {
    const int64_t pause = base::kMicrosPerDay / options_.commits_a_day;
    for (int64_t i = 0; i < commits; ++i) {
      const int64_t rows = options_.rows_a_day * (i + 1) / options_.commits_a_day -
                           options_.rows_a_day * i / options_.commits_a_day;
      // Just before the next begins, which is another day at midnight.
      const int64_t micros =
          first_day_micros_ + day * base::kMicrosPerDay + (i + 1) * pause - base::kMicrosPerSecond;
      const int64_t corrected =
          i == options_.commits_a_day * kCorrectionHour / 24
              ? static_cast<int64_t>(kCorrectedShare * static_cast<double>(options_.rows_a_day))
              : 0;
      TAPELAKE_RETURN_NOT_OK(Turn(micros, rows, corrected, period));
    }
    return Status::OK();
  }

  /// An hour at the pace of `up`.
  Status RunHour(Period* period) {
    const int64_t commits_a_day = base::kMicrosPerDay / kLiveMicros;
    for (int64_t i = 0; i < kLiveCommits; ++i) {
      const int64_t rows =
          options_.rows_a_day * (i + 1) / commits_a_day - options_.rows_a_day * i / commits_a_day;
      TAPELAKE_RETURN_NOT_OK(Turn(clock_.WallMicros() + kLiveMicros - kServiceMicros,
                                  std::max<int64_t>(rows, 1), /*corrected=*/0, period));
    }
    return Status::OK();
  }

  Status Commit(const bench::DayCommit& commit) {
    TAPELAKE_ASSIGN_OR_RAISE(
        const auto result,
        served_->table().Upsert(
            {.schema = commit.rows->schema(),
             .rows = commit.rows,
             .partition_values = commit.partition_values,
             .changes = commit.changes,
             .extra_metadata = {{ingest::kPositionsKey, std::to_string(clock_.WallMicros())}}}));
    return result.reason;
  }

  Status Turn(int64_t micros, int64_t rows, int64_t corrected, Period* period) {
    TAPELAKE_ASSIGN_OR_RAISE(const bench::DayCommit commit, changes_->Next(rows, corrected));
    clock_.Advance(micros - clock_.WallMicros());
    const double before = period->commits.seconds;
    TAPELAKE_RETURN_NOT_OK(Timed(&period->commits, [&] { return Commit(commit); }));
    period->commit_ms.push_back((period->commits.seconds - before) * 1e3);
    ++period->commit_count;
    period->rows += std::ssize(commit.changes);
    period->taken_bytes += commit.bytes;
    clock_.Advance(kServiceMicros);
    const int64_t compactions = served_->compactions();
    TAPELAKE_RETURN_NOT_OK(Timed(&period->services, [&] { return served_->Serve().status(); }));
    TAPELAKE_RETURN_NOT_OK(Timed(&period->compactions, [&] { return served_->Compact(); }));
    period->compaction_count += served_->compactions() - compactions;
    return Status::OK();
  }

  Result<Objects> CountObjects() {
    Objects objects;
    TAPELAKE_RETURN_NOT_OK(Walk(options_.path, &objects));
    TAPELAKE_ASSIGN_OR_RAISE(const hudi::Snapshot snapshot, served_->table().LatestSnapshot());
    for (const hudi::FileSlice& slice : snapshot.slices) {
      objects.live_logs += std::ssize(slice.log_files);
      if (!slice.has_base_file()) continue;
      ++objects.live_bases;
      objects.live_base_bytes += slice.size_bytes;
      if (slice.size_bytes < hudi::FileSizing().small_file_bytes) ++objects.small_bases;
    }
    return objects;
  }

  Status Walk(const std::string& directory, Objects* objects) {
    TAPELAKE_ASSIGN_OR_RAISE(const auto entries, plain_files_.List(directory));
    for (const io::FileInfo& entry : entries) {
      const std::string path = io::JoinPath(directory, entry.name);
      if (entry.is_directory) {
        TAPELAKE_RETURN_NOT_OK(Walk(path, objects));
        continue;
      }
      const auto kind = static_cast<size_t>(bench::WatchedFiles::KindOfPath(path));
      ++objects->files[kind];
      objects->bytes[kind] += entry.size_bytes;
    }
    return Status::OK();
  }

  /// `session`'s time for totals by pair; they must be of `rows` rows.
  Result<double> Ask(query::Session& session, const std::string& condition, int64_t rows) {
    const std::string sql = "SELECT trading_pair, count(*), sum(quantity) FROM hudi('" +
                            options_.path + "')" + condition + " GROUP BY 1";
    const int64_t start = timer_.SteadyMicros();
    TAPELAKE_ASSIGN_OR_RAISE(const auto totals, session.FetchText(sql));
    const double ms = static_cast<double>(timer_.SteadyMicros() - start) / 1e3;
    int64_t counted = 0;
    for (const auto& row : totals)
      counted += std::atoll(row[1].c_str());
    if (counted == rows) return ms;
    return MakeError(ErrorKind::kInternal, "'" + sql + "' counts " + std::to_string(counted) +
                                               " rows, not " + std::to_string(rows));
  }

  std::string ConditionOf(int64_t day) const {
    return " WHERE event_date = '" +
           base::FormatDate(first_day_micros_ + day * base::kMicrosPerDay) + "'";
  }

  Result<Times> AskForDay(int64_t day) {
    const int64_t rows = changes_->present_rows_of(day);
    Times times;
    TAPELAKE_ASSIGN_OR_RAISE(times.first_ms, Ask(*session_, ConditionOf(day), rows));
    std::vector<double> again;
    for (int i = 0; i < kAskedAgain; ++i) {
      TAPELAKE_ASSIGN_OR_RAISE(const double ms, Ask(*session_, ConditionOf(day), rows));
      again.push_back(ms);
    }
    times.median_ms = Quantile(again, 0.5);
    return times;
  }

  /// As AskForDay's first, by a process that has not seen the table before.
  Result<double> AskAnew(int64_t day) {
    query::HudiSnapshotProvider provider(query_environment());
    TAPELAKE_ASSIGN_OR_RAISE(const auto session, query::Session::Open(provider, plain_files_, {}));
    return Ask(*session, ConditionOf(day), changes_->present_rows_of(day));
  }

  Status Print(int64_t day, const Period& period, const Written& before, bool is_hour) {
    std::string line;
    base::JsonWriter json(&line);
    json.BeginObject().Key("day").Int(day + 1).Key("is_hour").Bool(is_hour);
    PrintPeriod(period, before, &json);
    TAPELAKE_ASSIGN_OR_RAISE(const Objects objects, CountObjects());
    PrintObjects(objects, &json);
    TAPELAKE_ASSIGN_OR_RAISE(const Times times, AskForDay(day));
    json.Key("day_first_ms").Double(times.first_ms).Key("day_ms").Double(times.median_ms);
    if (day == 0 || (day + 1) % kWholeEvery == 0) {
      TAPELAKE_ASSIGN_OR_RAISE(const double whole, Ask(*session_, "", changes_->present_rows()));
      TAPELAKE_ASSIGN_OR_RAISE(const double anew, AskAnew(day));
      json.Key("whole_ms").Double(whole).Key("day_anew_ms").Double(anew);
    }
    json.Key("table_rows").Int(changes_->present_rows());
    json.Key("peak_bytes").Int(bench::PeakBytes()).EndObject();
    std::printf("%s\n", line.c_str());
    std::fflush(stdout);
    return Status::OK();
  }

  void PrintPeriod(const Period& period, const Written& before, base::JsonWriter* json) const {
    const Written after = WrittenNow();
    const char* const names[] = {"base", "log", "timeline", "archive", "other"};
    for (size_t kind = 0; kind < bench::kFileKinds; ++kind)
      json->Key(std::string(names[kind]) + "_written_bytes").Int(after[kind] - before[kind]);
    json->Key("commits").Int(period.commit_count).Key("rows").Int(period.rows);
    json->Key("taken_bytes").Int(period.taken_bytes);
    json->Key("compactions").Int(period.compaction_count);
    json->Key("commit_median_ms").Double(Quantile(period.commit_ms, 0.5));
    json->Key("commit_p99_ms").Double(Quantile(period.commit_ms, 0.99));
    const auto put = [json](const std::string& name, const Cost& cost) {
      json->Key(name + "_seconds").Double(cost.seconds);
      json->Key(name + "_cpu_seconds").Double(cost.cpu_seconds);
    };
    put("commit", period.commits);
    put("service", period.services);
    put("compaction", period.compactions);
  }

  static void PrintObjects(const Objects& objects, base::JsonWriter* json) {
    const char* const names[] = {"base", "log", "timeline", "archive", "other"};
    for (size_t kind = 0; kind < bench::kFileKinds; ++kind) {
      json->Key(std::string(names[kind]) + "_files").Int(objects.files[kind]);
      json->Key(std::string(names[kind]) + "_bytes").Int(objects.bytes[kind]);
    }
    json->Key("live_bases").Int(objects.live_bases).Key("live_logs").Int(objects.live_logs);
    json->Key("live_base_bytes").Int(objects.live_base_bytes);
    json->Key("small_bases").Int(objects.small_bases);
  }

  Options options_;
  io::SystemClock timer_;
  io::LocalFileSystem plain_files_;
  int64_t first_day_micros_;
  testing::FakeClock clock_;
  bench::WatchedFiles files_{clock_};
  io::SeededRandom random_{2};
  io::SystemRandom query_random_;
  std::optional<bench::DayChanges> changes_;
  std::unique_ptr<bench::ServedTable> served_;
  query::HudiSnapshotProvider provider_{query_environment()};
  std::unique_ptr<query::Session> session_;
};

}  // namespace
}  // namespace tapelake

int main(int argc, char** argv) {
  const auto number = [&](int i) { return argc == 5 ? std::atoll(argv[i]) : 0; };
  const tapelake::Bench::Options options{.path = argc == 5 ? argv[1] : "",
                                         .days = number(2),
                                         .rows_a_day = number(3),
                                         .commits_a_day = number(4)};
  if (options.days < 1 || options.rows_a_day < 1 || options.commits_a_day < 1) {
    std::fprintf(stderr, "usage: days_bench TABLE DAYS ROWS COMMITS\n");
    return 2;
  }
  const tapelake::Status status = tapelake::Bench(options).Run();
  if (!status.ok()) std::fprintf(stderr, "days_bench: %s\n", status.ToString().c_str());
  return status.ok() ? 0 : 1;
}
