// Tables with bloom and simple indexes: where changes go, and tables of Spark continued.

#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <utility>

#include <arrow/table.h>

#include "hudi/format/file_name.h"
#include "hudi/format/properties.h"
#include "hudi/inspect/verify.h"
#include "io/local_file_system.h"
#include "testing/table_fixture.h"
#include "tests/golden/golden_rows.h"
#include "tests/golden/golden_table.h"

namespace tapelake::hudi {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using testing::TableFixture;
using testing::TestChanges;
using testing::TestRow;

constexpr const char* kDay = "2026-11-22";

class KeyIndexTest : public TableFixture,
                     public ::testing::WithParamInterface<std::pair<TableType, IndexKind>> {
 protected:
  std::unique_ptr<Table> Create() {
    return TableFixture::Create(GetParam().first, GetParam().second);
  }
  /// The same with these lines more in hoodie.properties.
  std::unique_ptr<Table> CreateWith(const std::string& lines) {
    Create();
    const std::string path = std::string(kPath) + "/.hoodie/hoodie.properties";
    EXPECT_TRUE(files_.ReplaceFile(path, *files_.ReadFile(path) + lines).ok());
    return Open();
  }
  static std::vector<TestRow> Numbered(int first, int last, int64_t version) {
    std::vector<TestRow> rows;
    for (int i = first; i < last; ++i)
      rows.push_back({"k" + std::to_string(1000 + i), kDay, version, "text"});
    return rows;
  }
  CommitMetadata Newest(Table& table) {
    const auto newest = table.LoadTimeline()->NewestCompletedCommit();
    return *ReadCommitMetadata(files_, table.base_path(), *newest);
  }
};

INSTANTIATE_TEST_SUITE_P(Kinds, KeyIndexTest,
                         ::testing::Values(std::pair(TableType::kCopyOnWrite, IndexKind::kBloom),
                                           std::pair(TableType::kCopyOnWrite, IndexKind::kSimple),
                                           std::pair(TableType::kMergeOnRead, IndexKind::kBloom),
                                           std::pair(TableType::kMergeOnRead, IndexKind::kSimple)),
                         [](const auto& kind) {
                           return std::string(kind.param.first == TableType::kMergeOnRead
                                                  ? "MergeOnRead"
                                                  : "CopyOnWrite") +
                                  (kind.param.second == IndexKind::kBloom ? "Bloom" : "Simple");
                         });

TEST_P(KeyIndexTest, CreateStoresTheIndexForSpark) {
  Create();
  const Properties properties =
      *ParseProperties(*files_.ReadFile(std::string(kPath) + "/.hoodie/hoodie.properties"));
  EXPECT_EQ(properties.at("hoodie.index.type"), IndexKindName(GetParam().second));
  EXPECT_FALSE(properties.contains("hoodie.bucket.index.num.buckets"));
  EXPECT_EQ(properties.at("hoodie.metadata.enable"), "false");
}

TEST_P(KeyIndexTest, KeepsInsertsUpdatesAndDeletes) {
  const auto table = Create();
  Upsert(*table,
         {.rows = {{"a", kDay, 1, "x"}, {"b", kDay, 1, "y"}, {"c", kDay, 1, std::nullopt}}});
  const UpsertResult second =
      Upsert(*table, {.rows = {{"a", kDay, 2, "z"}, {"d", kDay, 2, "new"}, {"e", "d2", 2, {}}},
                      .deletes = {{"b", kDay}, {"absent", kDay}, {"c", "d3"}}});
  EXPECT_EQ(second.inserted_rows, 2);
  EXPECT_EQ(second.updated_rows, 1);
  EXPECT_EQ(second.deleted_rows, 1);
  EXPECT_EQ(second.missing_deletes, 2);
  const std::vector<TestRow> expected = {
      {"a", kDay, 2, "z"}, {"c", kDay, 1, std::nullopt}, {"d", kDay, 2, "new"}, {"e", "d2", 2, {}}};
  EXPECT_EQ(Rows(*table), expected);
  EXPECT_EQ(Rows(*Open()), expected) << "as another process sees it";
  EXPECT_TRUE(VerifyTable(World(), kPath, {})->sound());
}

TEST_P(KeyIndexTest, ManyCommitsKeepEveryKeyOnce) {
  const auto table = CreateWith(
      "hoodie.parquet.max.file.size=8000\n"
      "hoodie.parquet.small.file.limit=5000\n"
      "hoodie.copyonwrite.record.size.estimate=400\n");
  std::map<std::string, TestRow> expected;
  for (int commit = 0; commit < 12; ++commit) {
    TestChanges changes;
    for (TestRow& row : Numbered(commit * 30, commit * 30 + 60, commit))
      changes.rows.push_back(std::move(row));
    if (commit > 0) changes.deletes.emplace_back(Numbered(commit * 30 - 10, 10000, 0)[0].id, kDay);
    Upsert(*table, changes);
    for (const TestRow& row : changes.rows)
      expected[row.id] = row;
    for (const auto& [id, day] : changes.deletes)
      expected.erase(id);
  }
  std::vector<TestRow> rows;
  for (const auto& [id, row] : expected)
    rows.push_back(row);
  EXPECT_EQ(Rows(*table), rows);
  EXPECT_EQ(Rows(*Open()), rows);
  EXPECT_GT(table->LatestSnapshot()->slices.size(), 4U);
  const auto report = VerifyTable(World(), kPath, {});
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_TRUE(report->sound()) << report->findings.at(0).what;
}

TEST_P(KeyIndexTest, NewRowsGoToTheSmallFile) {
  const auto table = Create();
  Upsert(*table, {.rows = {{"a", kDay, 1, {}}}});
  const std::string group = table->LatestSnapshot()->slices.at(0).file_id;
  const std::string second = Upsert(*table, {.rows = {{"b", kDay, 1, {}}}}).instant;
  const FileSlice slice = table->LatestSnapshot()->slices.at(0);
  EXPECT_EQ(slice.file_id, group);
  EXPECT_EQ(slice.base_instant, second);
  EXPECT_THAT(Strings(slice, "id"), ElementsAre("a", "b"));
  EXPECT_THAT(table->LatestSnapshot()->slices, SizeIs(1));
  EXPECT_FALSE(BucketOfFileId(group) && *BucketOfFileId(group) < 10'000);
}

class LoggedKeyIndexTest : public KeyIndexTest {};

INSTANTIATE_TEST_SUITE_P(Kinds, LoggedKeyIndexTest,
                         ::testing::Values(std::pair(TableType::kMergeOnRead, IndexKind::kBloom),
                                           std::pair(TableType::kMergeOnRead, IndexKind::kSimple)),
                         [](const auto& kind) {
                           return std::string(IndexKindName(kind.param.second));
                         });

TEST_P(LoggedKeyIndexTest, UpdatesGoToLogsAndNewRowsBesideThemToBaseFiles) {
  const auto table = Create();
  Upsert(*table, {.rows = {{"a", kDay, 1, {}}, {"b", kDay, 1, {}}}});
  Upsert(*table, {.rows = {{"a", kDay, 2, "x"}}});
  FileSlice logged = table->LatestSnapshot()->slices.at(0);
  EXPECT_THAT(logged.log_files, SizeIs(1));
  // A group with logs takes no new rows.
  Upsert(*table, {.rows = {{"a", kDay, 3, "y"}, {"c", kDay, 3, {}}}, .deletes = {{"b", kDay}}});
  const CommitMetadata commit = Newest(*table);
  std::set<bool> logs;
  for (const WriteStat& stat : commit.write_stats.at("day=2026-11-22")) {
    logs.insert(stat.log.has_value());
    EXPECT_EQ(stat.log ? stat.update_writes : stat.inserts, 1) << stat.path;
    EXPECT_EQ(stat.deletes, stat.log ? 1 : 0) << stat.path;
    EXPECT_EQ(stat.previous_commit, stat.log ? logged.base_instant : "null");
  }
  EXPECT_THAT(logs, ElementsAre(false, true));
  EXPECT_THAT(Rows(*table), ElementsAre(TestRow{"a", kDay, 3, "y"}, TestRow{"c", kDay, 3, {}}));
  // The new group is small and has no logs: its update and a new row become one base file.
  Upsert(*table, {.rows = {{"c", kDay, 4, "z"}, {"d", kDay, 4, {}}}});
  const CommitMetadata packed = Newest(*table);
  ASSERT_THAT(packed.write_stats.at("day=2026-11-22"), SizeIs(1));
  const WriteStat& stat = packed.write_stats.at("day=2026-11-22").at(0);
  EXPECT_FALSE(stat.log.has_value());
  EXPECT_EQ(stat.update_writes, 1);
  EXPECT_EQ(stat.inserts, 1);
  EXPECT_THAT(Rows(*table), ElementsAre(TestRow{"a", kDay, 3, "y"}, TestRow{"c", kDay, 4, "z"},
                                        TestRow{"d", kDay, 4, {}}));
}

TEST_P(LoggedKeyIndexTest, CompactionAndLaterCommitsGoOn) {
  const auto table = Create();
  Upsert(*table, {.rows = {{"a", kDay, 1, {}}, {"b", kDay, 1, {}}}});
  Upsert(*table, {.rows = {{"a", kDay, 2, "x"}}});
  const auto compaction = table->ScheduleCompaction({.log_files_max = 1});
  ASSERT_TRUE(compaction.ok()) << compaction.status();
  ASSERT_NE(*compaction, "");
  // Under the pending compaction: no group takes new rows, updates go to its logs.
  Upsert(*table, {.rows = {{"b", kDay, 3, "y"}, {"c", kDay, 3, {}}}});
  ASSERT_TRUE(table->RunCompaction(*compaction, 1).ok());
  Upsert(*table, {.rows = {{"c", kDay, 4, "z"}}, .deletes = {{"a", kDay}}});
  EXPECT_THAT(Rows(*table), ElementsAre(TestRow{"b", kDay, 3, "y"}, TestRow{"c", kDay, 4, "z"}));
  EXPECT_TRUE(VerifyTable(World(), kPath, {})->sound());
}

TEST_P(KeyIndexTest, InsertLooksForNoKeyAndUpsertThenChangesAllThatAreThere) {
  const auto table = CreateWith("hoodie.parquet.small.file.limit=0\n");
  Upsert(*table, {.rows = {{"a", kDay, 1, {}}}});
  Upsert(*table, {.rows = {{"a", kDay, 2, {}}}, .operation = WriteOperation::kInsert});
  EXPECT_THAT(Rows(*table), SizeIs(2));
  EXPECT_EQ(Newest(*table).operation_type, "INSERT");
  Upsert(*table, {.rows = {{"a", kDay, 3, {}}}});
  EXPECT_THAT(Rows(*table), ElementsAre(TestRow{"a", kDay, 3, {}}, TestRow{"a", kDay, 3, {}}));
  Upsert(*table, {.deletes = {{"a", kDay}}, .operation = WriteOperation::kDelete});
  EXPECT_THAT(Rows(*table), IsEmpty());
}

TEST_P(KeyIndexTest, OperationsRefuseWhatTheyDoNot) {
  const auto table = Create();
  const auto insert =
      TryUpsert(*table, {.deletes = {{"a", kDay}}, .operation = WriteOperation::kInsert});
  EXPECT_THAT(insert.status().message(), HasSubstr("'a' deletes, which the operation INSERT"));
  const auto remove =
      TryUpsert(*table, {.rows = {{"a", kDay, 1, {}}}, .operation = WriteOperation::kDelete});
  EXPECT_THAT(remove.status().message(), HasSubstr("'a' writes a row, which the operation DELETE"));
}

TEST_P(KeyIndexTest, RefusesOneKeyTwice) {
  const auto table = Create();
  for (const auto operation : {WriteOperation::kUpsert, WriteOperation::kInsert,
                               WriteOperation::kBulkInsert, WriteOperation::kInsertOverwrite}) {
    const auto result = TryUpsert(
        *table, {.rows = {{"a", kDay, 2, {}}, {"a", kDay, 3, {}}}, .operation = operation});
    EXPECT_EQ(KindOf(result.status()), ErrorKind::kInvalid);
    EXPECT_THAT(result.status().message(), HasSubstr("'a' is"));
  }
}

TEST_P(KeyIndexTest, AWrongSizeInThePropertiesIsNamed) {
  const auto table = CreateWith("hoodie.parquet.max.file.size=big\n");
  const auto result = TryUpsert(*table, {.rows = {{"a", kDay, 1, {}}}});
  EXPECT_EQ(KindOf(result.status()), ErrorKind::kInvalid);
  EXPECT_THAT(result.status().message(), HasSubstr("hoodie.parquet.max.file.size='big'"));
}

TEST_P(KeyIndexTest, KeysOutsideAsciiAreFoundByTheirRange) {
  const auto table = CreateWith("hoodie.parquet.small.file.limit=0\n");
  // U+FF5E sorts after U+1F600 by UTF-16 units, before it by bytes.
  const std::vector<std::string> keys = {"a", "\xef\xbd\x9e", "\xf0\x9f\x98\x80", "\xc3\xbc"};
  for (const std::string& key : keys)
    Upsert(*table, {.rows = {{key, kDay, 1, {}}}});
  for (const std::string& key : keys)
    Upsert(*table, {.rows = {{key, kDay, 2, {}}}});
  const auto rows = Rows(*table);
  EXPECT_THAT(rows, SizeIs(keys.size()));
  EXPECT_TRUE(std::ranges::all_of(rows, [](const TestRow& row) { return row.version == 2; }));
}

TEST_P(KeyIndexTest, BulkInsertSortsIntoFullFiles) {
  const auto table = CreateWith("hoodie.parquet.max.file.size=6000\n");
  std::vector<TestRow> rows = Numbered(0, 2000, 1);
  std::ranges::reverse(rows);
  Upsert(*table, {.rows = rows, .operation = WriteOperation::kBulkInsert});
  std::ranges::reverse(rows);
  EXPECT_EQ(Rows(*table), rows);
  const Snapshot snapshot = *table->LatestSnapshot();
  EXPECT_GT(snapshot.slices.size(), 2U);
  std::vector<std::pair<std::string, std::string>> ranges;
  for (const FileSlice& slice : snapshot.slices) {
    const auto keys = Strings(slice, "id");
    EXPECT_TRUE(std::ranges::is_sorted(keys));
    EXPECT_GE(keys.size() + 1, 2000 / snapshot.slices.size());
    EXPECT_TRUE(slice.log_files.empty());
    ranges.emplace_back(keys.front(), keys.back());
  }
  std::ranges::sort(ranges);
  for (size_t i = 1; i < ranges.size(); ++i)
    EXPECT_LT(ranges[i - 1].second, ranges[i].first) << "files overlap";
  EXPECT_EQ(Newest(*table).operation_type, "BULK_INSERT");
  Upsert(*table, {.rows = {rows[7], rows[1234]}, .deletes = {{rows[99].id, kDay}}});
  EXPECT_THAT(Rows(*table), SizeIs(1999));
}

TEST_P(KeyIndexTest, RowsMayComeWithDictionariesWhereThereAreNoLogs) {
  const auto table = Create();
  std::vector<TestRow> rows = Numbered(0, 3000, 1);
  for (size_t i = 0; i < rows.size(); ++i) {
    if (i % 3 != 0) rows[i].text = "text " + std::to_string(i % 3);
  }
  for (const auto operation : {WriteOperation::kBulkInsert, WriteOperation::kUpsert}) {
    for (TestRow& row : rows)
      ++row.version;
    // `text` has few values, `id` too many for a dictionary of each file.
    const auto result = TryUpsert(*table, {.rows = rows,
                                           .operation = operation,
                                           .dictionary_columns = {"id", "day", "version", "text"}});
    if (GetParam().first == TableType::kMergeOnRead) {
      EXPECT_EQ(KindOf(result.status()), ErrorKind::kInvalid);
      EXPECT_THAT(result.status().message(), HasSubstr("other columns than its schema"));
    } else {
      ASSERT_TRUE(result.ok() && result->reason.ok()) << result.status();
      EXPECT_EQ(Rows(*table), rows);
    }
  }
}

TEST_F(TableFixture, MergersDecideWithABloomIndexToo) {
  class Never : public RecordMerger {
   public:
    bool IncomingWins(const arrow::RecordBatch&, int64_t, size_t) const override { return false; }
  };
  const auto table = Create(TableType::kCopyOnWrite, IndexKind::kBloom);
  Upsert(*table, {.rows = {{"a", kDay, 1, "x"}}});
  const Never never;
  const auto result =
      Upsert(*table, {.rows = {{"a", kDay, 2, "y"}, {"b", kDay, 2, {}}}, .merger = &never});
  EXPECT_EQ(result.kept_stored_rows, 1);
  EXPECT_THAT(result.refused, ElementsAre(0U));
  EXPECT_THAT(Rows(*table), ElementsAre(TestRow{"a", kDay, 1, "x"}, TestRow{"b", kDay, 2, {}}));
}

TEST_F(TableFixture, AnIndexThatIsNotWrittenIsNamed) {
  Create(TableType::kCopyOnWrite, IndexKind::kBloom);
  const std::string path = std::string(kPath) + "/.hoodie/hoodie.properties";
  Properties properties = *ParseProperties(*files_.ReadFile(path));
  properties["hoodie.index.type"] = "GLOBAL_BLOOM";
  ASSERT_TRUE(files_.ReplaceFile(path, FormatProperties(properties, "")).ok());
  const auto result = TryUpsert(*Open(), {.rows = {{"a", kDay, 1, {}}}});
  EXPECT_EQ(KindOf(result.status()), ErrorKind::kInvalid);
  EXPECT_THAT(result.status().message(), HasSubstr("hoodie.index.type is GLOBAL_BLOOM"));
}

TEST_F(TableFixture, BucketsThatTheTableDoesNotSpeakOfAreRefused) {
  Upsert(*Create(2), {.rows = {{"a", kDay, 1, {}}}});
  const std::string path = std::string(kPath) + "/.hoodie/hoodie.properties";
  Properties properties = *ParseProperties(*files_.ReadFile(path));
  properties.erase("hoodie.index.type");
  ASSERT_TRUE(files_.ReplaceFile(path, FormatProperties(properties, "")).ok());
  const auto result = TryUpsert(*Open(), {.rows = {{"a", kDay, 2, {}}}});
  EXPECT_EQ(KindOf(result.status()), ErrorKind::kInvalid);
  EXPECT_THAT(result.status().message(), HasSubstr("named by bucket numbers"));
}

/// A table of Spark's, its rows by key as text, and commits of ours on it.
class GoldenContinued : public ::testing::TestWithParam<std::string> {
 protected:
  using Row = golden::Row;

  GoldenContinued() : golden_(TAPELAKE_SOURCE_DIR, GetParam()) {
    table_ = Table::Open(environment(), golden_.path()).ValueOrDie();
    columns_ = table_->LatestSnapshot()->schema->field_names();
  }
  TableEnvironment environment() { return {files_, clock_, random_}; }
  size_t ColumnOf(const std::string& name) const {
    return static_cast<size_t>(std::ranges::find(columns_, name) - columns_.begin());
  }
  std::vector<Row> Rows(Table& table) {
    return golden::RowsOf(files_, golden_.path(), *table.LatestSnapshot(), columns_);
  }
  /// All rows of the table as one batch.
  std::shared_ptr<arrow::RecordBatch> AllRows() {
    const Snapshot snapshot = *table_->LatestSnapshot();
    const SliceSource source{
        .files = files_,
        .base_path = golden_.path(),
        .timeline = *snapshot.timeline,
        .schema = snapshot.schema,
        .scan = {.as_of = snapshot.instant, .precombine_field = snapshot.precombine_field}};
    arrow::RecordBatchVector batches;
    for (const FileSlice& slice : snapshot.slices) {
      const auto reader = SliceReader::Open(source, slice, columns_).ValueOrDie();
      while (auto batch = reader->Next().ValueOrDie())
        batches.push_back(std::move(batch));
    }
    const auto table = *arrow::Table::FromRecordBatches(snapshot.schema, batches);
    return *table->CombineChunksToBatch();
  }
  static std::string Text(const arrow::RecordBatch& batch, const std::string& column, int64_t row) {
    return golden::CellText(*batch.GetColumnByName(column), row);
  }

  io::LocalFileSystem files_;
  io::SystemClock clock_;
  io::SeededRandom random_{1};
  golden::GoldenTable golden_;
  std::unique_ptr<Table> table_;
  std::vector<std::string> columns_;
};

INSTANTIATE_TEST_SUITE_P(Tables, GoldenContinued,
                         ::testing::Values("v6_cow_spark_defaults", "v6_cow_upsert_delete",
                                           "v6_cow_hive_metadata", "v6_cow_cdc",
                                           "v6_cow_cdc_op_key_only", "v6_mor_avro_logs",
                                           "v6_mor_parquet_logs", "v6_mor_compacted_then_logs",
                                           "v6_mor_inmemory_logonly"),
                         [](const auto& name) { return name.param; });

TEST_P(GoldenContinued, UpdatesInsertsAndDeletesMeetTheRowsOfSpark) {
  const std::string key_field = table_->config().record_key_fields.at(0);
  const std::string partition_field = table_->config().partition_fields.at(0);
  const std::vector<Row> before = Rows(*table_);
  const auto rows = AllRows();
  ASSERT_GT(rows->num_rows(), 12);
  // Every third row is deleted, of the others each second is written under another key, too, and
  // each other one again as it is.
  auto keys = std::make_shared<arrow::StringBuilder>();
  std::vector<std::string> texts;
  std::vector<RecordChange> changes;
  UpsertRequest request{.schema = rows->schema()};
  std::map<std::string, uint32_t> partitions;
  std::multiset<Row> expected(before.begin(), before.end());
  std::vector<int> kinds;
  for (int64_t row = 0; row < rows->num_rows(); ++row) {
    std::string key = Text(*rows, key_field, row);
    Row text = golden::RowText(*rows, row);
    kinds.push_back(static_cast<int>(row % 3));
    if (row % 3 == 0) expected.erase(expected.find(text));
    if (row % 3 == 1) {
      key = "zz-" + key;
      text[ColumnOf(key_field)] = key;
      expected.insert(text);
    }
    texts.push_back(key);
    ASSERT_TRUE(keys->Append(key).ok());
    const std::string day = Text(*rows, partition_field, row);
    const auto [at, added] = partitions.emplace(day, partitions.size());
    if (added) request.partition_values.push_back(day);
  }
  const int key_column = rows->schema()->GetFieldIndex(key_field);
  request.rows = *rows->SetColumn(key_column, rows->schema()->field(key_column), *keys->Finish());
  for (int64_t row = 0; row < rows->num_rows(); ++row) {
    const auto at = static_cast<size_t>(row);
    const bool deletes = kinds[at] == 0;
    changes.push_back({texts[at], partitions.at(Text(*rows, partition_field, row)),
                       deletes ? RecordChange::kDelete : row});
  }
  request.changes = changes;
  const auto result = table_->Upsert(request);
  ASSERT_TRUE(result.ok()) << result.status();
  ASSERT_EQ(result->outcome, CommitOutcome::kDone) << result->reason;
  EXPECT_EQ(result->missing_deletes, 0);
  EXPECT_EQ(result->inserted_rows, std::ranges::count(kinds, 1));
  EXPECT_EQ(Rows(*table_), std::vector<Row>(expected.begin(), expected.end()));
  EXPECT_EQ(Rows(*Table::Open(environment(), golden_.path()).ValueOrDie()),
            std::vector<Row>(expected.begin(), expected.end()));
  EXPECT_FALSE(std::filesystem::exists(golden_.path() + "/.hoodie/metadata"));
  const auto report = VerifyTable(environment(), golden_.path(), {});
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_TRUE(report->sound()) << report->findings.at(0).what;
}

TEST(GoldenBuckets, AreNotWrittenByLookUp) {
  const golden::GoldenTable golden(TAPELAKE_SOURCE_DIR, "v6_mor_bucket_logonly");
  io::LocalFileSystem files;
  io::SystemClock clock;
  io::SeededRandom random{1};
  const auto table = Table::Open({files, clock, random}, golden.path()).ValueOrDie();
  const Snapshot snapshot = *table->LatestSnapshot();
  const auto rows = *arrow::RecordBatch::MakeEmpty(snapshot.schema);
  const auto result = table->Upsert({.schema = snapshot.schema, .rows = rows});
  EXPECT_EQ(KindOf(result.status()), ErrorKind::kInvalid);
  EXPECT_THAT(result.status().message(), HasSubstr("named by bucket numbers"));
}

}  // namespace
}  // namespace tapelake::hudi
