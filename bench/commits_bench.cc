// Commits back to back on a clock of its own, with compaction, cleaning and archival on.
//
//   commits_bench TABLE COMMITS    make a merge-on-read TABLE of 20,000 rows, then COMMITS commits
//   of
//                                  200 changes each; whatever is due is done after each
//
// The table keeps its size, so nothing may get slower. Every 1,000 commits it prints one JSON line:
// what a commit took (Upsert alone, and with the services after it), how many files there are, how
// long a snapshot takes. Ends with an error if a snapshot does not hold exactly the rows committed.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <arrow/builder.h>

#include "bench/cpu_times.h"
#include "hudi/reader/slice_reader.h"
#include "hudi/table/table.h"
#include "io/local_file_system.h"
#include "testing/fake_clock.h"

namespace tapelake {
namespace {

constexpr int64_t kKeys = 20'000;
constexpr int64_t kChangesPerCommit = 200;
constexpr int64_t kDeletedShare = 50;  // one change in so many is a delete
constexpr int64_t kWindowCommits = 1'000;
constexpr int64_t kSnapshotEvery = 50;
constexpr int64_t kCommitsBetweenServices = 10;
constexpr int64_t kCommitMicros = 2'000'000;
constexpr int64_t kServiceMicros = 10'000;
constexpr const char* kDays[] = {"2026-11-21", "2026-11-22"};
constexpr const char* kPositionsKey = "tapelake.positions";

// By logs alone: the files' times are those of another clock.
constexpr hudi::CompactionPolicy kCompaction = {.age_micros_max = 0};

std::shared_ptr<arrow::Schema> Schema() {
  const auto text = arrow::utf8();
  return arrow::schema({arrow::field("id", text), arrow::field("day", text),
                        arrow::field("pair", text), arrow::field("price", arrow::int64()),
                        arrow::field("quantity", arrow::float64()), arrow::field("note", text),
                        arrow::field("_change_seq", arrow::int64())});
}

/// Rows that are there, and the next commit's changes to them.
class Changes {
 public:
  Changes() : present_(kKeys, false) {}

  int64_t present_rows() const { return std::ranges::count(present_, true); }

  /// Write all keys.
  void MakeAll() {
    keys_.clear();
    for (int64_t key = 0; key < kKeys; ++key)
      Add(key, /*is_delete=*/false);
  }
  /// Change keys taken at random, each once; one that is gone comes back.
  void MakeNext() {
    keys_.clear();
    const auto begin = static_cast<int64_t>(random_.Below(kKeys));
    const auto stride = static_cast<int64_t>(2 * random_.Below(40) + 1);  // odd: even keys, too
    for (int64_t i = 0; i < kChangesPerCommit; ++i) {
      const int64_t key = (begin + i * stride) % kKeys;
      Add(key, present_[static_cast<size_t>(key)] && random_.Below(kDeletedShare) == 0);
    }
  }

  /// The request; valid until the next Make.
  Result<hudi::UpsertRequest> Request() {
    TAPELAKE_RETURN_NOT_OK(BuildRows());
    return hudi::UpsertRequest{.schema = rows_->schema(),
                               .rows = rows_,
                               .partition_values = {kDays[0], kDays[1]},
                               .changes = changes_,
                               .extra_metadata = {{kPositionsKey, std::to_string(sequence_)}},
                               .threads = 1};
  }

 private:
  struct Key {
    int64_t number;
    bool is_delete;
  };

  void Add(int64_t key, bool is_delete) {
    present_[static_cast<size_t>(key)] = !is_delete;
    keys_.push_back({key, is_delete});
  }

  Status BuildRows() {
    arrow::StringBuilder ids, days, pairs, notes;
    arrow::Int64Builder prices, sequences;
    arrow::DoubleBuilder quantities;
    names_.clear();
    changes_.clear();
    for (const Key& key : keys_) {
      const auto day = static_cast<uint32_t>(key.number % 2);
      names_.push_back("order-" + std::to_string(1'000'000 + key.number));
      ++sequence_;
      hudi::RecordChange change{.partition = day, .delete_ordering = sequence_};
      if (!key.is_delete) {
        change.row = ids.length();
        TAPELAKE_RETURN_NOT_OK(ids.Append(names_.back()));
        TAPELAKE_RETURN_NOT_OK(days.Append(kDays[day]));
        TAPELAKE_RETURN_NOT_OK(pairs.Append(key.number % 3 == 0 ? "BTC-USD" : "ETH-USD"));
        TAPELAKE_RETURN_NOT_OK(prices.Append(static_cast<int64_t>(random_.Below(100'000))));
        TAPELAKE_RETURN_NOT_OK(quantities.Append(static_cast<double>(random_.Below(1'000)) / 8));
        TAPELAKE_RETURN_NOT_OK(notes.Append("note " + std::to_string(random_.Below(1'000'000))));
        TAPELAKE_RETURN_NOT_OK(sequences.Append(sequence_));
      }
      changes_.push_back(change);
    }
    for (size_t i = 0; i < names_.size(); ++i)
      changes_[i].record_key = names_[i];
    arrow::ArrayVector columns(7);
    TAPELAKE_RETURN_NOT_OK(ids.Finish(&columns[0]));
    TAPELAKE_RETURN_NOT_OK(days.Finish(&columns[1]));
    TAPELAKE_RETURN_NOT_OK(pairs.Finish(&columns[2]));
    TAPELAKE_RETURN_NOT_OK(prices.Finish(&columns[3]));
    TAPELAKE_RETURN_NOT_OK(quantities.Finish(&columns[4]));
    TAPELAKE_RETURN_NOT_OK(notes.Finish(&columns[5]));
    TAPELAKE_RETURN_NOT_OK(sequences.Finish(&columns[6]));
    const int64_t rows = columns[0]->length();
    rows_ = arrow::RecordBatch::Make(Schema(), rows, std::move(columns));
    return Status::OK();
  }

  io::SeededRandom random_{1};
  std::vector<bool> present_;
  std::vector<Key> keys_;
  std::vector<std::string> names_;
  std::vector<hudi::RecordChange> changes_;
  std::shared_ptr<arrow::RecordBatch> rows_;
  int64_t sequence_ = 0;
};

/// Times of one window, in microseconds.
struct Window {
  std::vector<int64_t> commits;
  std::vector<int64_t> commits_and_services;
  std::vector<int64_t> snapshots;
  int64_t timeline_files_max = 0;
  int64_t data_files_max = 0;
  bench::CpuTimes cpu;
};

double Quantile(std::vector<int64_t> micros, double share) {
  if (micros.empty()) return 0;
  std::ranges::sort(micros);
  const auto at = static_cast<size_t>(share * static_cast<double>(micros.size() - 1));
  return static_cast<double>(micros[at]) / 1e3;
}

class Bench {
 public:
  /// The table's clock ends about now: its instants are in nobody's future.
  Bench(std::string path, int64_t commits)
      : path_(std::move(path)),
        commits_(commits),
        clock_(timer_.WallMicros() - (commits + 60) * (kCommitMicros + kServiceMicros)) {}

  Status Run() {
    TAPELAKE_ASSIGN_OR_RAISE(table_, hudi::Table::Create(environment(), path_,
                                                         {.name = "bench",
                                                          .schema = Schema(),
                                                          .record_key_field = "id",
                                                          .partition_field = "day",
                                                          .precombine_field = "_change_seq",
                                                          .type = hudi::TableType::kMergeOnRead}));
    changes_.MakeAll();
    TAPELAKE_RETURN_NOT_OK(Commit());
    TAPELAKE_RETURN_NOT_OK(CompactIfDue({.log_files_max = 1}));
    Window window;
    bench::CpuTimes cpu_start = bench::CpuNow();
    for (int64_t done = 1; done <= commits_; ++done) {
      TAPELAKE_RETURN_NOT_OK(Turn(done, &window));
      if (done % kSnapshotEvery == 0) TAPELAKE_RETURN_NOT_OK(Look(&window));
      if (done % kWindowCommits != 0 && done != commits_) continue;
      const bench::CpuTimes cpu_now = bench::CpuNow();
      window.cpu = cpu_now - cpu_start;
      cpu_start = cpu_now;
      TAPELAKE_RETURN_NOT_OK(Print(done, window));
      window = Window();
    }
    return Status::OK();
  }

 private:
  hudi::TableEnvironment environment() { return {files_, clock_, random_}; }

  Status Commit() {
    TAPELAKE_ASSIGN_OR_RAISE(const hudi::UpsertRequest request, changes_.Request());
    clock_.Advance(kCommitMicros);
    const int64_t start = timer_.SteadyMicros();
    TAPELAKE_ASSIGN_OR_RAISE(const hudi::UpsertResult result, table_->Upsert(request));
    commit_micros_ = timer_.SteadyMicros() - start;
    return result.reason;
  }

  Status CompactIfDue(const hudi::CompactionPolicy& policy) {
    clock_.Advance(kServiceMicros);
    TAPELAKE_ASSIGN_OR_RAISE(const std::string instant, table_->ScheduleCompaction(policy));
    if (instant.empty()) return Status::OK();
    TAPELAKE_ASSIGN_OR_RAISE(const auto worker, hudi::Table::Open(environment(), path_));
    return worker->RunCompaction(instant, /*threads=*/1).status();
  }

  Status Turn(int64_t number, Window* window) {
    changes_.MakeNext();
    TAPELAKE_RETURN_NOT_OK(Commit());
    window->commits.push_back(commit_micros_);
    const int64_t start = timer_.SteadyMicros();
    TAPELAKE_RETURN_NOT_OK(CompactIfDue(kCompaction));
    if (number % kCommitsBetweenServices == 0) {
      TAPELAKE_RETURN_NOT_OK(table_->Clean({}).status());
      TAPELAKE_RETURN_NOT_OK(table_->Archive({}, kPositionsKey).status());
    }
    const int64_t services_micros = timer_.SteadyMicros() - start;
    window->commits_and_services.push_back(commit_micros_ + services_micros);
    return Status::OK();
  }

  /// Count files, and read the whole table as somebody who just opened it does.
  Status Look(Window* window) {
    TAPELAKE_ASSIGN_OR_RAISE(const auto timeline, files_.ListNames(io::JoinPath(path_, ".hoodie")));
    window->timeline_files_max = std::max(window->timeline_files_max, std::ssize(timeline));
    int64_t data_files = 0;
    for (const char* day : kDays) {
      TAPELAKE_ASSIGN_OR_RAISE(const auto names,
                               files_.ListNames(io::JoinPath(path_, std::string("day=") + day)));
      data_files += std::ssize(names);
    }
    window->data_files_max = std::max(window->data_files_max, data_files);
    const int64_t start = timer_.SteadyMicros();
    TAPELAKE_ASSIGN_OR_RAISE(const int64_t rows, CountRows());
    window->snapshots.push_back(timer_.SteadyMicros() - start);
    if (rows == changes_.present_rows()) return Status::OK();
    return MakeError(ErrorKind::kInternal, "the snapshot has " + std::to_string(rows) +
                                               " rows, not " +
                                               std::to_string(changes_.present_rows()));
  }

  Result<int64_t> CountRows() {
    TAPELAKE_ASSIGN_OR_RAISE(const auto table, hudi::Table::Open(environment(), path_));
    TAPELAKE_ASSIGN_OR_RAISE(const hudi::Snapshot snapshot, table->LatestSnapshot());
    const hudi::SliceSource source{
        .files = files_,
        .base_path = path_,
        .timeline = *snapshot.timeline,
        .schema = snapshot.schema,
        .scan = {.as_of = snapshot.instant, .precombine_field = snapshot.precombine_field}};
    int64_t rows = 0;
    for (const hudi::FileSlice& slice : snapshot.slices) {
      TAPELAKE_ASSIGN_OR_RAISE(
          auto reader, hudi::SliceReader::Open(source, slice, snapshot.schema->field_names()));
      while (true) {
        TAPELAKE_ASSIGN_OR_RAISE(const auto batch, reader->Next());
        if (batch == nullptr) break;
        rows += batch->num_rows();
      }
    }
    return rows;
  }

  Status Print(int64_t done, const Window& window) {
    TAPELAKE_ASSIGN_OR_RAISE(const auto archive,
                             files_.List(io::JoinPath(path_, ".hoodie/archived")));
    int64_t archive_bytes = 0;
    for (const io::FileInfo& file : archive)
      archive_bytes += file.size_bytes;
    std::printf(
        "{\"commits\":%lld,\"commit_median_ms\":%.3f,\"commit_p99_ms\":%.3f,"
        "\"turn_median_ms\":%.3f,\"turn_p99_ms\":%.3f,\"snapshot_median_ms\":%.3f,"
        "\"snapshot_p99_ms\":%.3f,\"user_ms_per_commit\":%.3f,\"system_ms_per_commit\":%.3f,"
        "\"timeline_files\":%lld,"
        "\"data_files\":%lld,\"archive_files\":%lld,\"archive_bytes\":%lld}\n",
        static_cast<long long>(done), Quantile(window.commits, 0.5), Quantile(window.commits, 0.99),
        Quantile(window.commits_and_services, 0.5), Quantile(window.commits_and_services, 0.99),
        Quantile(window.snapshots, 0.5), Quantile(window.snapshots, 0.99),
        window.cpu.user_micros / 1e3 / static_cast<double>(window.commits.size()),
        window.cpu.system_micros / 1e3 / static_cast<double>(window.commits.size()),
        static_cast<long long>(window.timeline_files_max),
        static_cast<long long>(window.data_files_max), static_cast<long long>(archive.size()),
        static_cast<long long>(archive_bytes));
    std::fflush(stdout);
    return Status::OK();
  }

  std::string path_;
  int64_t commits_;
  io::LocalFileSystem files_;
  io::SystemClock timer_;
  io::SeededRandom random_{2};
  testing::FakeClock clock_;
  std::unique_ptr<hudi::Table> table_;
  Changes changes_;
  int64_t commit_micros_ = 0;
};

}  // namespace
}  // namespace tapelake

int main(int argc, char** argv) {
  const int64_t commits = argc == 3 ? std::atoll(argv[2]) : 0;
  if (commits <= 0) {
    std::fprintf(stderr, "usage: commits_bench TABLE COMMITS\n");
    return 2;
  }
  const tapelake::Status status = tapelake::Bench(argv[1], commits).Run();
  if (!status.ok()) std::fprintf(stderr, "commits_bench: %s\n", status.ToString().c_str());
  return status.ok() ? 0 : 1;
}
