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

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::TableFixture;
using testing::TestRow;
using ::testing::UnorderedElementsAre;

FileSlice SliceOf(const std::string& partition, const std::string& file_id, int64_t bytes) {
  return {.partition_path = partition,
          .file_id = file_id,
          .base_instant = "20261122180000000",
          .base_file_name = file_id + "_0-0-0_20261122180000000.parquet",
          .size_bytes = bytes};
}

constexpr ClusteringPolicy kSmall = {.small_file_bytes = 60, .target_file_bytes = 100};

std::vector<std::string> Planned(const std::vector<FileSlice>& slices,
                                 const ClusteringPolicy& policy = kSmall) {
  std::vector<std::string> told;
  for (const ClusteringGroup& group : PlanClustering(slices, policy)) {
    std::string text = group.partition_path + ":";
    for (const FileSlice& slice : group.slices)
      text += " " + slice.file_id;
    told.push_back(text);
  }
  return told;
}

TEST(CheckClusterable, NamesTellOfBucketsOnlyWhereThePropertiesDoNot) {
  FileSlice slice;
  slice.file_id = "00000003-1b2c-4d5e-8f90-123456789abc-0";
  TableConfig config;
  EXPECT_FALSE(CheckClusterable(config, {slice}).ok());
  config.index_type = "BLOOM";
  EXPECT_TRUE(CheckClusterable(config, {slice}).ok());
  config.index_type = "BUCKET";
  EXPECT_FALSE(CheckClusterable(config, {}).ok());
}

TEST(PlanClustering, MergesSmallFilesOfAPartitionUpToTheTarget) {
  EXPECT_THAT(Planned({SliceOf("a", "1", 50), SliceOf("a", "2", 40), SliceOf("a", "3", 30),
                       SliceOf("a", "4", 59), SliceOf("a", "big", 60), SliceOf("b", "5", 10)}),
              ElementsAre("a: 3 2"));
  EXPECT_THAT(Planned({SliceOf("a", "1", 20), SliceOf("a", "2", 20), SliceOf("a", "3", 40),
                       SliceOf("a", "4", 45), SliceOf("a", "5", 50)}),
              ElementsAre("a: 1 2 3", "a: 4 5"));
}

TEST(PlanClustering, CountsLogsAndLeavesGroupsAloneThatAreBeingCompacted) {
  FileSlice logged = SliceOf("a", "1", 10);
  logged.log_files.push_back({.name = "log", .size_bytes = 49});
  FileSlice log_only = SliceOf("a", "2", 0);
  log_only.base_file_name = "";
  FileSlice compacting = SliceOf("a", "3", 10);
  compacting.pending_compaction = "20261122180001000";
  const FileSlice other = SliceOf("a", "4", 10);
  EXPECT_THAT(Planned({log_only, compacting, other}), IsEmpty());
  EXPECT_THAT(Planned({logged, log_only, compacting, other}), ElementsAre("a: 4 1"));
  logged.log_files[0].size_bytes = 50;
  EXPECT_THAT(Planned({logged, log_only, compacting, other}), IsEmpty());
}

TEST(PlanClustering, StaysWithinTheBoundsOfARunTheGroupsOfTheMostFilesFirst) {
  const std::vector<FileSlice> slices = {
      SliceOf("a", "1", 10), SliceOf("a", "2", 10), SliceOf("b", "3", 10), SliceOf("b", "4", 10),
      SliceOf("b", "5", 10), SliceOf("c", "6", 10), SliceOf("c", "7", 10)};
  ClusteringPolicy policy = kSmall;
  EXPECT_THAT(Planned(slices, policy), ElementsAre("b: 3 4 5", "a: 1 2", "c: 6 7"));
  policy.bytes_max = 50;
  EXPECT_THAT(Planned(slices, policy), ElementsAre("b: 3 4 5", "a: 1 2"));
  policy.bytes_max = 25;
  EXPECT_THAT(Planned(slices, policy), ElementsAre("a: 1 2"));
  policy = kSmall;
  policy.files_max = 4;
  EXPECT_THAT(Planned(slices, policy), ElementsAre("b: 3 4 5"));
  policy = kSmall;
  policy.files_min = 3;
  EXPECT_THAT(Planned(slices, policy), ElementsAre("b: 3 4 5"));
}

TEST(PlanClustering, LeavesAFileAloneThatIsBiggerThanAllItWouldBeMergedWith) {
  ClusteringPolicy policy = kSmall;
  policy.largest_share_max = 0.5;
  EXPECT_THAT(
      Planned({SliceOf("a", "1", 10), SliceOf("a", "2", 10), SliceOf("a", "3", 50)}, policy),
      ElementsAre("a: 1 2"));
  EXPECT_THAT(Planned({SliceOf("a", "1", 10), SliceOf("a", "3", 50)}, policy), IsEmpty());
  EXPECT_THAT(
      Planned({SliceOf("a", "1", 10), SliceOf("a", "2", 20), SliceOf("a", "3", 30)}, policy),
      ElementsAre("a: 1 2 3"));
}

/// A table that a service merges again and again as it grows by small files.
TEST(PlanClustering, NoByteIsWrittenOftenerThanAFileCanDouble) {
  const ClusteringPolicy policy = {.small_file_bytes = 1'000,
                                   .target_file_bytes = 2'000,
                                   .files_min = 4,
                                   .largest_share_max = 0.5,
                                   .bytes_max = 2'000};
  std::map<std::string, FileSlice> table;
  int64_t written = 0;
  size_t files_most = 0;
  constexpr int64_t kNewFiles = 5'000;
  for (int64_t number = 0; number < kNewFiles; ++number) {
    const std::string id = std::to_string(100'000 + number);
    table[id] = SliceOf("a", id, 1);
    std::vector<FileSlice> slices;
    for (const auto& [file_id, slice] : table)
      slices.push_back(slice);
    for (const ClusteringGroup& group : PlanClustering(slices, policy)) {
      int64_t bytes = 0;
      for (const FileSlice& slice : group.slices) {
        bytes += slice.size_bytes;
        table.erase(slice.file_id);
      }
      written += bytes;
      const std::string merged = "m" + std::to_string(written);
      table[merged] = SliceOf("a", merged, bytes);
    }
    files_most = std::max(files_most, table.size());
  }
  EXPECT_LE(written, 10 * kNewFiles) << "a file of 1 doubles ten times until it is not small";
  EXPECT_LE(files_most, 20U);
}

class ClusterTest : public TableFixture {};

TEST_F(ClusterTest, ABucketIndexIsAReasonNotTo) {
  const auto table = CreateMergeOnRead(2);
  Upsert(*table, {.rows = {{"a", "2026-11-22", 1, {}}}});
  const auto refused = table->Cluster({}, 1);
  EXPECT_EQ(KindOf(refused.status()), ErrorKind::kInvalid);
  EXPECT_THAT(refused.status().message(), HasSubstr("bucket index"));
}

TEST_F(ClusterTest, LogsBecomePartOfTheMergedFileAndRowsKeepTheirCommits) {
  const auto table = Create(TableType::kMergeOnRead, IndexKind::kBloom);
  const auto other = Open();
  const std::string day = "2026-11-22";
  const auto commit = [&](const testing::TestChanges& changes) {
    clock_.Advance(1'000'000);
    return Upsert(*table, changes).instant;
  };
  commit({.rows = {{"a", day, 1, "x"}, {"b", day, 1, "y"}}});
  const std::string second = commit({.rows = {{"a", day, 2, "z"}}, .deletes = {{"b", day}}});
  const std::string third = commit({.rows = {{"c", day, 3, {}}}});
  const auto rows = Rows(*table);
  EXPECT_EQ(Rows(*other), rows);
  ASSERT_EQ(table->LatestSnapshot()->slices.size(), 2U);
  clock_.Advance(1'000'000);
  const auto counts = table->Cluster({}, 1);
  ASSERT_TRUE(counts.ok()) << counts.status();
  EXPECT_EQ(counts->files_replaced, 2);
  EXPECT_EQ(counts->rows, 2);
  const auto opened = Open();
  for (Table* each : {table.get(), other.get(), opened.get()}) {
    ASSERT_EQ(each->LatestSnapshot()->slices.size(), 1U);
    EXPECT_EQ(Rows(*each), rows);
  }
  const FileSlice merged = table->LatestSnapshot()->slices[0];
  EXPECT_THAT(merged.log_files, IsEmpty());
  EXPECT_EQ(other->LatestSnapshot()->slices[0], merged) << "what follows and what lists agree";
  EXPECT_THAT(Strings(merged, "_hoodie_commit_time"), UnorderedElementsAre(second, third));
  EXPECT_THAT(Strings(merged, "_hoodie_file_name"), Each(merged.base_file_name));
  commit({.rows = {{"a", day, 4, "w"}, {"d", day, 4, {}}}, .deletes = {{"c", day}}});
  EXPECT_THAT(Rows(*Open()), ElementsAre(TestRow{"a", day, 4, "w"}, TestRow{"d", day, 4, {}}));
  const auto report = VerifyTable(World(), kPath, {});
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_TRUE(report->sound()) << report->findings.at(0).what;
}

TEST_F(ClusterTest, AGroupUnderAPendingCompactionIsCompactedBesideIt) {
  const auto table = Create(TableType::kMergeOnRead, IndexKind::kBloom);
  const std::string day = "2026-11-22";
  const auto commit = [&](const testing::TestChanges& changes) {
    clock_.Advance(1'000'000);
    Upsert(*table, changes);
  };
  commit({.rows = {{"a", day, 1, "x"}}});
  commit({.rows = {{"a", day, 2, "y"}}});
  const std::string compaction = table->ScheduleCompaction({.log_files_max = 1}).ValueOrDie();
  ASSERT_NE(compaction, "");
  commit({.rows = {{"a", day, 3, "z"}, {"b", day, 3, {}}}});
  commit({.rows = {{"b", day, 4, "w"}}});  // now its group takes no new rows
  commit({.rows = {{"c", day, 5, {}}}});
  const auto rows = Rows(*table);
  clock_.Advance(1'000'000);
  const auto counts = table->Cluster({}, 1);
  ASSERT_TRUE(counts.ok()) << counts.status();
  EXPECT_EQ(counts->files_replaced, 2) << "those of b and c";
  EXPECT_EQ(Rows(*Open()), rows);
  ASSERT_TRUE(Open()->RunCompaction(compaction, 1).ok());
  EXPECT_EQ(Rows(*table), rows);
  EXPECT_EQ(Rows(*Open()), rows);
  EXPECT_TRUE(VerifyTable(World(), kPath, {})->sound());
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
