#include "hudi/compaction/compaction.h"

#include <gmock/gmock.h>

#include "hudi/format/instant.h"

namespace tapelake::hudi {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

constexpr int64_t kMinute = 60'000'000;
constexpr const char* kBase = "20261122120000000";
const int64_t kBaseMicros = *ParseInstantTime(kBase);

/// Nothing is ever due by these.
constexpr CompactionPolicy kNever = {.log_files_max = 0,
                                     .log_bytes_max = 0,
                                     .log_share_max = 0,
                                     .log_share_bytes_min = 0,
                                     .age_micros_max = 0};

FileSlice Slice(const std::string& file_id, int64_t base_bytes, int logs, int64_t log_bytes) {
  FileSlice slice;
  slice.partition_path = "day=1";
  slice.file_id = file_id;
  slice.base_instant = kBase;
  slice.size_bytes = base_bytes;
  if (base_bytes > 0) slice.base_file_name = file_id + "_0-0-0_" + kBase + ".parquet";
  for (int i = 1; i <= logs; ++i) {
    slice.log_files.push_back({.name = "." + file_id + "_" + kBase + ".log." + std::to_string(i),
                               .version = i,
                               .size_bytes = log_bytes,
                               .modified_micros = kBaseMicros + i * kMinute});
  }
  return slice;
}

std::vector<std::string> Planned(const std::vector<FileSlice>& slices,
                                 const CompactionPolicy& policy, int64_t now_micros = kBaseMicros) {
  std::vector<std::string> file_ids;
  for (const auto& operation : PlanCompaction(slices, policy, now_micros).operations)
    file_ids.push_back(operation.file_id);
  return file_ids;
}

TEST(PlanCompaction, OneLimitIsEnough) {
  const std::vector<FileSlice> slices = {Slice("a", 1000, 3, 10), Slice("b", 1000, 1, 500),
                                         Slice("c", 100, 1, 90)};
  CompactionPolicy policy = kNever;
  EXPECT_THAT(Planned(slices, policy), IsEmpty());
  policy.log_files_max = 3;
  EXPECT_THAT(Planned(slices, policy), ElementsAre("a"));
  policy = kNever;
  policy.log_bytes_max = 500;
  EXPECT_THAT(Planned(slices, policy), ElementsAre("b"));
  policy = kNever;
  policy.log_share_max = 0.9;
  EXPECT_THAT(Planned(slices, policy), ElementsAre("c"));
  policy.log_share_bytes_min = 91;
  EXPECT_THAT(Planned(slices, policy), IsEmpty()) << "too small to count by its share";
}

TEST(PlanCompaction, AgeIsThatOfTheOldestLogNotOfTheBaseFile) {
  CompactionPolicy policy = kNever;
  policy.age_micros_max = 10 * kMinute;
  const std::vector<FileSlice> slices = {Slice("a", 1000, 2, 10), Slice("b", 0, 2, 10)};
  EXPECT_THAT(Planned(slices, policy, kBaseMicros + 11 * kMinute - 1), IsEmpty());
  EXPECT_THAT(Planned(slices, policy, kBaseMicros + 11 * kMinute), ElementsAre("a", "b"));
}

TEST(PlanCompaction, AgeFallsBackToTheBaseInstant) {
  CompactionPolicy policy = kNever;
  policy.age_micros_max = 10 * kMinute;
  FileSlice slice = Slice("a", 1000, 2, 10);
  slice.log_files[1].modified_micros = 0;
  EXPECT_THAT(Planned({slice}, policy, kBaseMicros + 10 * kMinute - 1), IsEmpty());
  EXPECT_THAT(Planned({slice}, policy, kBaseMicros + 10 * kMinute), ElementsAre("a"));
}

TEST(PlanCompaction, ShareDoesNotCountForLogOnlySlices) {
  CompactionPolicy policy = kNever;
  policy.log_share_max = 0.1;
  EXPECT_THAT(Planned({Slice("a", 0, 5, 1000)}, policy), IsEmpty());
}

TEST(PlanCompaction, SmallLogsOfABigBaseFileCountATenth) {
  CompactionPolicy policy = kNever;
  policy.log_files_max = 3;
  policy.log_share_bytes_min = 1000;
  const std::vector<FileSlice> slices = {Slice("a", 1600, 29, 1), Slice("b", 1600, 30, 1),
                                         Slice("c", 1600, 3, 40), Slice("d", 999, 3, 1),
                                         Slice("e", 0, 3, 1)};
  EXPECT_THAT(Planned(slices, policy), ElementsAre("a", "b", "c", "d", "e"));
  policy.small_log_share = 1.0 / 16;
  EXPECT_THAT(Planned(slices, policy), ElementsAre("b", "c", "d", "e"));
}

TEST(PlanCompaction, LeavesOutSlicesWithoutLogsAndThoseBeingCompacted) {
  FileSlice busy = Slice("a", 1000, 5, 10);
  busy.pending_compaction = "20261122120001000";
  CompactionPolicy policy = kNever;
  policy.log_files_max = 1;
  EXPECT_THAT(Planned({busy, Slice("b", 1000, 0, 0), Slice("c", 1000, 1, 10)}, policy),
              ElementsAre("c"));
}

TEST(PlanCompaction, TakesTheNeediestFirst) {
  CompactionPolicy policy = kNever;
  policy.log_files_max = 2;
  policy.slices_max = 2;
  EXPECT_THAT(Planned({Slice("a", 9, 2, 1), Slice("b", 9, 4, 1), Slice("c", 9, 3, 1)}, policy),
              ElementsAre("b", "c"));
}

TEST(PlanCompaction, OperationNamesTheSliceAndMeasuresIt) {
  CompactionPolicy policy = kNever;
  policy.log_files_max = 1;
  const FileSlice slice = Slice("a", 3 << 20, 2, 1 << 20);
  const CompactionPlan plan = PlanCompaction({slice}, policy, kBaseMicros);
  ASSERT_EQ(plan.operations.size(), 1);
  const CompactionOperation& operation = plan.operations[0];
  EXPECT_EQ(operation.partition_path, "day=1");
  EXPECT_EQ(operation.base_instant, kBase);
  EXPECT_EQ(operation.base_file, slice.base_file_name);
  EXPECT_THAT(operation.log_files, ElementsAre(slice.log_files[0].name, slice.log_files[1].name));
  EXPECT_THAT(operation.metrics,
              UnorderedElementsAre(Pair("TOTAL_LOG_FILES", 2.0),
                                   Pair("TOTAL_LOG_FILES_SIZE", 2.0 * (1 << 20)),
                                   Pair("TOTAL_IO_READ_MB", 5.0), Pair("TOTAL_IO_WRITE_MB", 3.0),
                                   Pair("TOTAL_IO_MB", 8.0)));
}

CommitMetadata Commit(const std::string& instant, std::map<std::string, std::string> extra) {
  CommitMetadata commit;
  commit.instant = instant;
  commit.extra_metadata = std::move(extra);
  return commit;
}

TEST(CarriedMetadata, TakesOurKeysOfTheNewestCommitThatHasAnyAndTheNewestSchema) {
  const std::vector<CommitMetadata> commits = {
      Commit("2", {{"tapelake.positions", "p2"}, {"schema", "s2"}, {"spark.key", "x"}}),
      Commit("1", {{"tapelake.positions", "p1"}, {"tapelake.writer", "w1"}, {"schema", "s1"}}),
      Commit("3", {{"schema", "s3"}})};
  EXPECT_THAT(CarriedMetadata(commits),
              UnorderedElementsAre(Pair("schema", "s3"), Pair("tapelake.positions", "p2")));
  EXPECT_THAT(CarriedMetadata({}), IsEmpty());
}

}  // namespace
}  // namespace tapelake::hudi
