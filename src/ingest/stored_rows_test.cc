#include "ingest/stored_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <arrow/builder.h>

#include "hudi/format/bucket_hash.h"
#include "record/table_definition.h"
#include "testing/fake_clock.h"
#include "testing/fake_file_system.h"

namespace tapelake::ingest {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr const char* kPath = "/lake/table";
constexpr uint32_t kBuckets = 4;

struct Row {
  std::string id;
  int64_t change_seq = 0;
  int64_t change_time_micros = 0;
};

/// A merge-on-read table with the columns that ingest adds.
class StoredRows : public ::testing::Test {
 protected:
  void SetUp() override {
    hudi::CreateOptions options{.database = "test",
                                .name = "table",
                                .schema = Schema(),
                                .record_key_field = "id",
                                .partition_field = "day",
                                .precombine_field = record::kChangeSeqColumn,
                                .bucket_count = kBuckets,
                                .type = hudi::TableType::kMergeOnRead};
    table_ = hudi::Table::Create({files_, clock_, random_}, kPath, options).ValueOrDie();
  }

  static std::shared_ptr<arrow::Schema> Schema() {
    return arrow::schema(
        {arrow::field("id", arrow::utf8()), arrow::field("day", arrow::utf8()),
         arrow::field(record::kChangeSeqColumn, arrow::int64()),
         arrow::field(record::kChangeTimeColumn, arrow::timestamp(arrow::TimeUnit::MICRO, "UTC")),
         arrow::field(record::kChangeSequenceColumn, arrow::utf8())});
  }

  void Commit(const std::vector<Row>& rows, const std::vector<std::string>& deleted = {},
              int64_t delete_seq = 0) {
    arrow::StringBuilder ids;
    arrow::StringBuilder days;
    arrow::Int64Builder seqs;
    arrow::TimestampBuilder times(Schema()->field(3)->type(), arrow::default_memory_pool());
    arrow::StringBuilder sequences;
    std::vector<hudi::RecordChange> changes;
    for (const Row& row : rows) {
      ASSERT_TRUE(ids.Append(row.id).ok() && days.Append("1").ok() &&
                  seqs.Append(row.change_seq).ok() && times.Append(row.change_time_micros).ok() &&
                  sequences.Append("00" + std::to_string(row.change_seq)).ok());
      changes.push_back({row.id, 0, static_cast<int64_t>(changes.size())});
    }
    for (const std::string& id : deleted)
      changes.push_back({id, 0, hudi::RecordChange::kDelete, delete_seq});
    hudi::UpsertRequest request{.schema = Schema(), .partition_values = {"1"}};
    request.rows = arrow::RecordBatch::Make(
        Schema(), static_cast<int64_t>(rows.size()),
        {*ids.Finish(), *days.Finish(), *seqs.Finish(), *times.Finish(), *sequences.Finish()});
    request.changes = changes;
    clock_.Advance(2'000'000);
    const auto result = table_->Upsert(request);
    ASSERT_TRUE(result.ok()) << result.status();
    ASSERT_TRUE(result->reason.ok()) << result->reason;
  }
  void Compact() {
    clock_.Advance(2'000'000);
    const auto instant = table_->ScheduleCompaction({.log_files_max = 1});
    ASSERT_TRUE(instant.ok()) << instant.status();
    const auto counts = table_->RunCompaction(*instant, 1);
    ASSERT_TRUE(counts.ok()) << counts.status();
  }

  /// `key partition sequence` of every row visited, sorted.
  std::vector<std::string> Visited(const StoredRowFilter& filter) {
    std::vector<std::string> rows;
    const auto status = VisitStoredRows(
        files_, kPath, *table_->LatestSnapshot(), filter, [&rows](const StoredRow& row) {
          rows.push_back(std::string(row.key) + " " + std::string(row.partition_path) + " " +
                         std::string(row.change_sequence));
        });
    EXPECT_TRUE(status.ok()) << status;
    std::ranges::sort(rows);
    return rows;
  }
  int64_t Greatest() {
    return GreatestStoredChangeSeq(files_, kPath, *table_->LatestSnapshot()).ValueOrDie();
  }

  testing::FakeFileSystem files_;
  testing::FakeClock clock_{1'795'370'400'000'000};
  io::SeededRandom random_{1};
  std::unique_ptr<hudi::Table> table_;
};

TEST_F(StoredRows, TableWithoutCommitsHasNone) {
  EXPECT_THAT(Visited({}), IsEmpty());
  EXPECT_EQ(Greatest(), 0);
}

TEST_F(StoredRows, AreThoseOfBaseFilesUnderTheirLogs) {
  Commit({{"a", 1, 100}, {"b", 2, 100}, {"c", 3, 100}});
  EXPECT_THAT(Visited({}), ElementsAre("a day=1 1", "b day=1 2", "c day=1 3"));
  Compact();
  EXPECT_THAT(Visited({}), ElementsAre("a day=1 1", "b day=1 2", "c day=1 3"));
  Commit({{"a", 4, 200}, {"d", 5, 200}}, {"b"}, 6);
  EXPECT_THAT(Visited({}), ElementsAre("a day=1 4", "c day=1 3", "d day=1 5"));
}

TEST_F(StoredRows, AreFilteredByChangeTimeInBaseFilesAndLogs) {
  Commit({{"a", 1, 100}, {"b", 2, 300}});
  Compact();
  Commit({{"c", 3, 100}, {"d", 4, 300}, {"b", 5, 100}});
  EXPECT_THAT(Visited({.change_time_from_micros = 200}), ElementsAre("d day=1 4"))
      << "b was 300 once, and no longer is";
}

TEST_F(StoredRows, AreLookedForInTheBucketsNamed) {
  Commit({{"a", 1, 100}, {"b", 2, 100}, {"c", 3, 100}, {"d", 4, 100}});
  const uint32_t bucket = hudi::BucketOfHash(hudi::BucketHash("b"), kBuckets);
  ASSERT_NE(hudi::BucketOfHash(hudi::BucketHash("a"), kBuckets), bucket);
  EXPECT_THAT(Visited({.buckets = {bucket}}), ElementsAre("b day=1 2"));
}

TEST_F(StoredRows, GreatestChangeSeqCountsRecordsDeletesAndBaseFiles) {
  Commit({{"a", 3, 100}, {"b", 7, 100}});
  EXPECT_EQ(Greatest(), 7);
  Commit({{"a", 8, 100}}, {"b"}, 11);
  EXPECT_EQ(Greatest(), 11) << "what comes next must beat the delete in the log";
  Compact();
  EXPECT_EQ(Greatest(), 8) << "the delete is no more";
}

}  // namespace
}  // namespace tapelake::ingest
