#include "testing/table_life.h"

#include <memory>
#include <vector>

#include <arrow/builder.h>

#include "hudi/table/table.h"
#include "io/random.h"
#include "testing/fake_clock.h"

namespace tapelake::testing {
namespace {

constexpr int64_t kStartMicros = 1'795'370'400'000'000;  // 2026-11-22T18:00:00Z
constexpr int kCommits = 26;
constexpr int kRowsPerCommit = 20;
constexpr uint64_t kKeys = 90;
constexpr const char* kDays[] = {"2026-11-20", "2026-11-21", "2026-11-22"};
constexpr hudi::CompactionPolicy kCompactAtOnce = {.log_files_max = 3};

class Life {
 public:
  Life(io::FileSystem& files, std::string base_path, hudi::TableType type)
      : files_(files), base_path_(std::move(base_path)), type_(type) {}

  Status Run() {
    TAPELAKE_RETURN_NOT_OK(Create());
    for (int number = 1; number <= kCommits; ++number) {
      if (number % 2 == 0) TAPELAKE_RETURN_NOT_OK(Open());
      TAPELAKE_RETURN_NOT_OK(Commit(number));
      if (number % 6 == 0) TAPELAKE_RETURN_NOT_OK(Compact());
      if (number % 8 == 0) TAPELAKE_RETURN_NOT_OK(CleanAndArchive());
      if (number == 17) TAPELAKE_RETURN_NOT_OK(Pin());
      if (number == 20) TAPELAKE_RETURN_NOT_OK(Restore());
    }
    return Status::OK();
  }

 private:
  static std::shared_ptr<arrow::Schema> Schema() {
    return arrow::schema({arrow::field("id", arrow::utf8()), arrow::field("day", arrow::utf8()),
                          arrow::field("version", arrow::int64()),
                          arrow::field("text", arrow::utf8())});
  }

  hudi::TableEnvironment World() { return {files_, clock_, random_}; }

  Status Create() {
    return hudi::Table::Create(World(), base_path_,
                               {.database = "test",
                                .name = "life",
                                .schema = Schema(),
                                .record_key_field = "id",
                                .partition_field = "day",
                                .precombine_field = "version",
                                .bucket_count = 2,
                                .type = type_})
        .Value(&table_);
  }

  Status Open() { return hudi::Table::Open(World(), base_path_).Value(&table_); }

  /// Some keys written, every fifth of them deleted; a key always has the same day.
  Status Commit(int number) {
    arrow::StringBuilder ids;
    arrow::StringBuilder days;
    arrow::Int64Builder versions;
    arrow::StringBuilder texts;
    std::vector<std::string> keys;
    std::vector<hudi::RecordChange> changes;
    for (int i = 0; i < kRowsPerCommit; ++i) {
      const uint64_t key = (static_cast<uint64_t>(number) * 7 + static_cast<uint64_t>(i)) % kKeys;
      keys.push_back("key-" + std::to_string(key));
      TAPELAKE_RETURN_NOT_OK(ids.Append(keys.back()));
      TAPELAKE_RETURN_NOT_OK(days.Append(kDays[key % 3]));
      TAPELAKE_RETURN_NOT_OK(versions.Append(number));
      TAPELAKE_RETURN_NOT_OK(texts.Append("text " + std::to_string(random_.Next())));
      const bool deleted = i % 5 == 4;
      changes.push_back({.record_key = {},
                         .partition = static_cast<uint32_t>(key % 3),
                         .row = deleted ? hudi::RecordChange::kDelete : i});
    }
    for (size_t i = 0; i < keys.size(); ++i)
      changes[i].record_key = keys[i];
    const auto rows = arrow::RecordBatch::Make(
        Schema(), kRowsPerCommit,
        {*ids.Finish(), *days.Finish(), *versions.Finish(), *texts.Finish()});
    clock_.Advance(2'000'000);
    TAPELAKE_ASSIGN_OR_RAISE(
        const hudi::UpsertResult done,
        table_->Upsert({.schema = Schema(),
                        .rows = rows,
                        .partition_values = {std::begin(kDays), std::end(kDays)},
                        .changes = changes,
                        .extra_metadata = {{"test.number", std::to_string(number)}},
                        .threads = 1}));
    return done.outcome == hudi::CommitOutcome::kDone ? Status::OK() : done.reason;
  }

  Status Compact() {
    if (type_ != hudi::TableType::kMergeOnRead) return Status::OK();
    clock_.Advance(2'000'000);
    TAPELAKE_ASSIGN_OR_RAISE(const std::string instant, table_->ScheduleCompaction(kCompactAtOnce));
    if (instant.empty()) return MakeError(ErrorKind::kInternal, "no compaction is due");
    return table_->RunCompaction(instant, 1).status();
  }

  Status CleanAndArchive() {
    clock_.Advance(2'000'000);
    TAPELAKE_RETURN_NOT_OK(table_->Clean({.commits_retained = 3}).status());
    clock_.Advance(2'000'000);
    return table_->Archive({.instants_keep_min = 4, .instants_keep_max = 6}, "test.number")
        .status();
  }

  Status Pin() {
    TAPELAKE_ASSIGN_OR_RAISE(const hudi::Snapshot snapshot, table_->LatestSnapshot());
    pinned_ = snapshot.instant;
    return table_->Savepoint(pinned_, {.by = "test", .comments = "before the restore"});
  }

  Status Restore() {
    clock_.Advance(2'000'000);
    TAPELAKE_RETURN_NOT_OK(table_->Restore(pinned_).status());
    return table_->DeleteSavepoint(pinned_);
  }

  io::FileSystem& files_;
  const std::string base_path_;
  const hudi::TableType type_;
  FakeClock clock_{kStartMicros};
  io::SeededRandom random_{1};
  std::unique_ptr<hudi::Table> table_;
  std::string pinned_;
};

}  // namespace

Status LiveTableLife(io::FileSystem& files, const std::string& base_path, hudi::TableType type) {
  return Life(files, base_path, type).Run();
}

}  // namespace tapelake::testing
