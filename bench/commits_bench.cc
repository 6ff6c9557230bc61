// Commits back to back on a clock of its own, with all services of a table on.
//
//   commits_bench TABLE COMMITS bucket|simple   make a merge-on-read TABLE of 20,000 rows with this
//                                               index, then COMMITS commits of 200 changes each
//                                               (whole thousands, 2 at least)
//
// Whatever is due is done after each as `up` does it: compaction, merging of small files (simple),
// cleaning, archival. Every 50 commits the process dies in the middle of something, and a new one
// goes on.
//
// The table keeps its size, so nothing may get slower. Every 1,000 commits it prints one JSON line:
// what a commit took (Upsert alone, and with the services after it), how many files there are, how
// long a snapshot takes. The last 1,000 alternate with the first 1,000 of a twin that is made then
// (simple index: with the second, for in the first its rows spread over as many file groups as it
// keeps), and a last line, "young", is of those: a machine is not the same after an hour, but it is
// within one turn. Ends with an error if a snapshot does not hold exactly the rows committed.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <arrow/builder.h>

#include "base/json.h"
#include "bench/cpu_times.h"
#include "bench/served_table.h"
#include "bench/watched_files.h"
#include "hudi/reader/slice_reader.h"
#include "hudi/table/table.h"
#include "ingest/ingest_state.h"
#include "testing/fake_clock.h"

namespace tapelake {
namespace {

constexpr int64_t kKeys = 20'000;
constexpr int64_t kChangesPerCommit = 200;
constexpr int64_t kDeletedShare = 50;  // one change in so many is a delete
constexpr int64_t kWindowCommits = 1'000;
constexpr int64_t kSnapshotEvery = 50;
constexpr int64_t kCommitsBetweenDeaths = 50;
constexpr int64_t kCommitMicros = 2'000'000;
constexpr int64_t kServiceMicros = 10'000;
constexpr const char* kDays[] = {"2026-11-21", "2026-11-22"};

/// When the process dies, in turn: amidst the data, before the commit counts, in a compaction (or
/// amidst the base files of a commit).
struct Death {
  bench::FileKind kind;
  int64_t write;
};
constexpr Death kDeaths[] = {
    {bench::FileKind::kLog, 2}, {bench::FileKind::kTimeline, 3}, {bench::FileKind::kBase, 1}};

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
    return hudi::UpsertRequest{
        .schema = rows_->schema(),
        .rows = rows_,
        .partition_values = {kDays[0], kDays[1]},
        .changes = changes_,
        .extra_metadata = {{ingest::kPositionsKey, std::to_string(sequence_)}},
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
  std::vector<int64_t> recoveries;  ///< From a death to the end of what it had cut short.
  std::vector<int64_t> snapshots;
  int64_t timeline_files_max = 0;
  int64_t data_files_max = 0;
  int64_t file_groups_max = 0;
  int64_t merged_files = 0;
  bench::CpuTimes cpu;
};

double Quantile(std::vector<int64_t> micros, double share) {
  if (micros.empty()) return 0;
  std::ranges::sort(micros);
  const auto at = static_cast<size_t>(share * static_cast<double>(micros.size() - 1));
  return static_cast<double>(micros[at]) / 1e3;
}

/// One table, and the process that lives on it.
class Life {
 public:
  /// The table's clock begins at `start_micros`.
  Life(std::string path, hudi::IndexKind index, int64_t start_micros)
      : path_(std::move(path)), index_(index), clock_(start_micros) {}

  Status Begin() {
    TAPELAKE_ASSIGN_OR_RAISE(served_,
                             bench::ServedTable::Create(environment(), path_,
                                                        {.name = "bench",
                                                         .schema = Schema(),
                                                         .record_key_field = "id",
                                                         .partition_field = "day",
                                                         .precombine_field = "_change_seq",
                                                         .index = index_,
                                                         .type = hudi::TableType::kMergeOnRead}));
    changes_.MakeAll();
    TAPELAKE_RETURN_NOT_OK(Commit());
    return CompactAll();
  }

  /// The next commit and all that follows from it.
  Status Advance() {
    const bench::CpuTimes cpu_start = bench::CpuNow();
    ++done_;
    TAPELAKE_RETURN_NOT_OK(Turn(done_, &window_));
    if (done_ % kSnapshotEvery == 0) TAPELAKE_RETURN_NOT_OK(Look(&window_));
    window_.cpu = window_.cpu + (bench::CpuNow() - cpu_start);
    return Status::OK();
  }

  /// Print what the commits since the last call took.
  Status Print(bool is_young) {
    TAPELAKE_RETURN_NOT_OK(PrintWindow(is_young));
    Forget();
    return Status::OK();
  }
  /// Begin another window.
  void Forget() { window_ = Window(); }

 private:
  hudi::TableEnvironment environment() { return {files_, clock_, random_}; }

  Status CompactAll() {
    clock_.Advance(kServiceMicros);
    TAPELAKE_ASSIGN_OR_RAISE(const std::string instant,
                             served_->table().ScheduleCompaction({.log_files_max = 1}));
    if (instant.empty()) return Status::OK();
    return served_->table().RunCompaction(instant, /*threads=*/1).status();
  }

  Status Commit() {
    TAPELAKE_ASSIGN_OR_RAISE(const hudi::UpsertRequest request, changes_.Request());
    clock_.Advance(kCommitMicros);
    const int64_t start = timer_.SteadyMicros();
    TAPELAKE_ASSIGN_OR_RAISE(const hudi::UpsertResult result, served_->table().Upsert(request));
    commit_micros_ = timer_.SteadyMicros() - start;
    is_committed_ = result.outcome == hudi::CommitOutcome::kDone;
    return result.reason;
  }

  Status Serve(Window* window) {
    clock_.Advance(kServiceMicros);
    TAPELAKE_ASSIGN_OR_RAISE(const auto done, served_->Serve());
    window->merged_files += done.merged_files;
    return served_->Compact();
  }

  Status CommitAndServe(Window* window) {
    is_committed_ = false;
    TAPELAKE_RETURN_NOT_OK(Commit());
    const int64_t start = timer_.SteadyMicros();
    TAPELAKE_RETURN_NOT_OK(Serve(window));
    window->commits.push_back(commit_micros_);
    window->commits_and_services.push_back(commit_micros_ + timer_.SteadyMicros() - start);
    return Status::OK();
  }

  Status Turn(int64_t number, Window* window) {
    changes_.MakeNext();
    if (number % kCommitsBetweenDeaths == 0) {
      const auto turn = static_cast<size_t>(number / kCommitsBetweenDeaths);
      const Death& death = kDeaths[turn % std::size(kDeaths)];
      files_.DieAt(death.kind, death.write);
    }
    const Status done = CommitAndServe(window);
    if (!files_.is_dead()) return done;
    files_.Revive();
    const int64_t start = timer_.SteadyMicros();
    TAPELAKE_RETURN_NOT_OK(served_->Reopen());
    if (!is_committed_) TAPELAKE_RETURN_NOT_OK(Commit());
    TAPELAKE_RETURN_NOT_OK(Serve(window));
    window->recoveries.push_back(timer_.SteadyMicros() - start);
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
    TAPELAKE_ASSIGN_OR_RAISE(const int64_t rows, CountRows(window));
    window->snapshots.push_back(timer_.SteadyMicros() - start);
    if (rows == changes_.present_rows()) return Status::OK();
    return MakeError(ErrorKind::kInternal, "the snapshot has " + std::to_string(rows) +
                                               " rows, not " +
                                               std::to_string(changes_.present_rows()));
  }

  Result<int64_t> CountRows(Window* window) {
    TAPELAKE_ASSIGN_OR_RAISE(const auto table, hudi::Table::Open(environment(), path_));
    TAPELAKE_ASSIGN_OR_RAISE(const hudi::Snapshot snapshot, table->LatestSnapshot());
    window->file_groups_max = std::max(window->file_groups_max, std::ssize(snapshot.slices));
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

  Status PrintWindow(bool is_young) {
    const Window& window = window_;
    TAPELAKE_ASSIGN_OR_RAISE(const auto archive,
                             files_.List(io::JoinPath(path_, ".hoodie/archived")));
    int64_t archive_bytes = 0;
    for (const io::FileInfo& file : archive)
      archive_bytes += file.size_bytes;
    const auto commits = static_cast<double>(window.commits.size() + window.recoveries.size());
    std::string line;
    base::JsonWriter json(&line);
    json.BeginObject().Key("commits").Int(done_).Key("young").Bool(is_young);
    const auto put = [&json](const std::string& name, const std::vector<int64_t>& micros) {
      json.Key(name + "_median_ms").Double(Quantile(micros, 0.5));
      json.Key(name + "_p99_ms").Double(Quantile(micros, 0.99));
    };
    put("commit", window.commits);
    put("turn", window.commits_and_services);
    put("recovery", window.recoveries);
    put("snapshot", window.snapshots);
    json.Key("user_ms_per_commit").Double(window.cpu.user_micros / 1e3 / commits);
    json.Key("system_ms_per_commit").Double(window.cpu.system_micros / 1e3 / commits);
    json.Key("deaths").Int(std::ssize(window.recoveries));
    json.Key("timeline_files").Int(window.timeline_files_max);
    json.Key("data_files").Int(window.data_files_max);
    json.Key("file_groups").Int(window.file_groups_max);
    json.Key("merged_files").Int(window.merged_files);
    json.Key("archive_files").Int(std::ssize(archive));
    json.Key("archive_bytes").Int(archive_bytes).EndObject();
    std::printf("%s\n", line.c_str());
    std::fflush(stdout);
    return Status::OK();
  }

  std::string path_;
  hudi::IndexKind index_;
  io::SystemClock timer_;
  io::SeededRandom random_{2};
  testing::FakeClock clock_;
  bench::WatchedFiles files_{clock_};
  std::unique_ptr<bench::ServedTable> served_;
  Changes changes_;
  int64_t done_ = 0;
  Window window_;
  int64_t commit_micros_ = 0;
  bool is_committed_ = false;
};

/// Commit, and at last alternate with a young table.
Status Run(const std::string& path, int64_t commits, hudi::IndexKind index) {
  // The clocks end about now: the instants are in nobody's future.
  const int64_t start_micros =
      io::SystemClock().WallMicros() - (commits + 60) * (kCommitMicros + 2 * kServiceMicros);
  Life old(path, index, start_micros);
  TAPELAKE_RETURN_NOT_OK(old.Begin());
  const int64_t alone = commits - kWindowCommits;
  for (int64_t done = 1; done <= alone; ++done) {
    TAPELAKE_RETURN_NOT_OK(old.Advance());
    if (done % kWindowCommits == 0) TAPELAKE_RETURN_NOT_OK(old.Print(/*is_young=*/false));
  }
  Life young(path + "-young", index, start_micros);
  TAPELAKE_RETURN_NOT_OK(young.Begin());
  const int64_t settling = index == hudi::IndexKind::kSimple ? kWindowCommits : 0;
  for (int64_t done = 1; done <= settling; ++done)
    TAPELAKE_RETURN_NOT_OK(young.Advance());
  young.Forget();
  for (int64_t done = 1; done <= kWindowCommits; ++done) {
    TAPELAKE_RETURN_NOT_OK(old.Advance());
    TAPELAKE_RETURN_NOT_OK(young.Advance());
  }
  TAPELAKE_RETURN_NOT_OK(old.Print(/*is_young=*/false));
  return young.Print(/*is_young=*/true);
}

}  // namespace
}  // namespace tapelake

int main(int argc, char** argv) {
  const int64_t commits = argc == 4 ? std::atoll(argv[2]) : 0;
  const std::string_view index = argc == 4 ? argv[3] : "";
  if (commits < 2 * tapelake::kWindowCommits || commits % tapelake::kWindowCommits != 0 ||
      (index != "bucket" && index != "simple")) {
    std::fprintf(stderr, "usage: commits_bench TABLE COMMITS bucket|simple\n");
    return 2;
  }
  using tapelake::hudi::IndexKind;
  const IndexKind kind = index == "bucket" ? IndexKind::kBucket : IndexKind::kSimple;
  const tapelake::Status status = tapelake::Run(argv[1], commits, kind);
  if (!status.ok()) std::fprintf(stderr, "commits_bench: %s\n", status.ToString().c_str());
  return status.ok() ? 0 : 1;
}
