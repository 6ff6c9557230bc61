// Clustering: what is chosen, what is refused. Tables that can be clustered are foreign ones.

#include <gmock/gmock.h>

#include <algorithm>
#include <map>

#include "hudi/clustering/clustering.h"
#include "hudi/inspect/verify.h"
#include "io/local_file_system.h"
#include "testing/table_fixture.h"
#include "tests/golden/golden_table.h"

namespace tapelake::hudi {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::TableFixture;

FileSlice SliceOf(const std::string& partition, const std::string& file_id, int64_t bytes) {
  return {.partition_path = partition,
          .file_id = file_id,
          .base_instant = "20261122180000000",
          .base_file_name = file_id + "_0-0-0_20261122180000000.parquet",
          .size_bytes = bytes};
}

std::vector<std::string> Planned(const std::vector<FileSlice>& slices) {
  std::vector<std::string> told;
  for (const ClusteringGroup& group :
       PlanClustering(slices, {.small_file_bytes = 60, .target_file_bytes = 100})) {
    std::string text = group.partition_path + ":";
    for (const FileSlice& slice : group.slices)
      text += " " + slice.file_id;
    told.push_back(text);
  }
  return told;
}

TEST(PlanClustering, MergesSmallFilesOfAPartitionUpToTheTarget) {
  EXPECT_THAT(Planned({SliceOf("a", "1", 50), SliceOf("a", "2", 40), SliceOf("a", "3", 30),
                       SliceOf("a", "4", 59), SliceOf("a", "big", 60), SliceOf("b", "5", 10)}),
              ElementsAre("a: 3 2"));
  EXPECT_THAT(Planned({SliceOf("a", "1", 20), SliceOf("a", "2", 20), SliceOf("a", "3", 40),
                       SliceOf("a", "4", 45), SliceOf("a", "5", 50)}),
              ElementsAre("a: 1 2 3", "a: 4 5"));
}

TEST(PlanClustering, LeavesFilesUnderLogsAndCompactionsAlone) {
  FileSlice logged = SliceOf("a", "1", 10);
  logged.log_files.push_back({.name = "log"});
  FileSlice compacting = SliceOf("a", "2", 10);
  compacting.pending_compaction = "20261122180001000";
  EXPECT_THAT(Planned({logged, compacting, SliceOf("a", "3", 10)}), IsEmpty());
}

class ClusterTest : public TableFixture {};

TEST_F(ClusterTest, ABucketIndexIsAReasonNotTo) {
  const auto table = CreateMergeOnRead(2);
  Upsert(*table, {.rows = {{"a", "2026-11-22", 1, {}}}});
  const auto refused = table->Cluster({}, 1);
  EXPECT_EQ(KindOf(refused.status()), ErrorKind::kInvalid);
  EXPECT_THAT(refused.status().message(), HasSubstr("bucket index"));
}

/// All rows of a golden table by key, with commit time.
std::map<std::string, std::string> RowsOf(io::FileSystem& files, Table& table) {
  std::map<std::string, std::string> rows;
  const Snapshot snapshot = *table.LatestSnapshot();
  const SliceSource source{.files = files,
                           .base_path = table.base_path(),
                           .timeline = *snapshot.timeline,
                           .schema = snapshot.schema,
                           .scan = {.as_of = snapshot.instant, .precombine_field = ""}};
  std::vector<std::string> columns = {"_hoodie_record_key", "_hoodie_commit_time"};
  for (const auto& field : snapshot.schema->fields())
    columns.push_back(field->name());
  for (const FileSlice& slice : snapshot.slices) {
    const auto reader = SliceReader::Open(source, slice, columns).ValueOrDie();
    while (const auto batch = reader->Next().ValueOrDie()) {
      for (int64_t row = 0; row < batch->num_rows(); ++row) {
        std::string text;
        for (const auto& column : batch->columns())
          text += (*column->GetScalar(row))->ToString() + "|";
        EXPECT_TRUE(rows.emplace((*batch->column(0)->GetScalar(row))->ToString(), text).second);
      }
    }
  }
  return rows;
}

TEST(Cluster, SmallFilesOfASparkTableBecomeOneAPartition) {
  const golden::GoldenTable golden(TAPELAKE_SOURCE_DIR, "v6_cow_archive_savepoint_rollback");
  io::LocalFileSystem files;
  io::SystemClock clock;
  io::SeededRandom random{1};
  const auto table = Table::Open({files, clock, random}, golden.path()).ValueOrDie();
  const auto rows = RowsOf(files, *table);
  const Snapshot before = *table->LatestSnapshot();
  std::map<std::string, int> partitions;
  for (const FileSlice& slice : before.slices)
    ++partitions[slice.partition_path];
  ASSERT_GT(before.slices.size(), partitions.size());
  const auto counts = table->Cluster({}, 2);
  ASSERT_TRUE(counts.ok()) << counts.status();
  EXPECT_GT(counts->files_written, 0);
  EXPECT_EQ(table->LatestSnapshot()->slices.size(), partitions.size());
  EXPECT_EQ(RowsOf(files, *table), rows);
  const auto report = VerifyTable({files, clock, random}, golden.path(), {});
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_TRUE(report->sound()) << report->findings.at(0).what;
  EXPECT_EQ(table->Cluster({}, 2)->instant, "");
}

}  // namespace
}  // namespace tapelake::hudi
