#include "hudi/table/table.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <set>

#include "hudi/format/avro_schema.h"
#include "hudi/format/properties.h"
#include "testing/table_fixture.h"

namespace tapelake::hudi {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

using testing::TableFixture;
using testing::TestChanges;
using testing::TestRow;

constexpr const char* kDay = "2026-11-22";

class TableTest : public TableFixture {};

/// Lets the incoming change win if the stored version is smaller than `bound`.
class VersionBelow : public RecordMerger {
 public:
  explicit VersionBelow(int64_t bound) : bound_(bound) {}
  std::optional<std::vector<std::string>> NeededColumns() const override {
    return std::vector<std::string>{"version"};
  }
  bool IncomingWins(const arrow::RecordBatch& stored, int64_t row, size_t) const override {
    using arrow::internal::checked_cast;
    const auto column = stored.GetColumnByName("version");
    return checked_cast<const arrow::Int64Array&>(*column).Value(row) < bound_;
  }

 private:
  int64_t bound_;
};

TEST_F(TableTest, KeepsInsertsUpdatesAndDeletes) {
  const auto table = Create();
  Upsert(*table,
         {.rows = {{"a", kDay, 1, "x"}, {"b", kDay, 1, "y"}, {"c", kDay, 1, std::nullopt}}});
  const UpsertResult second = Upsert(
      *table, {.rows = {{"a", kDay, 2, "z"}, {"d", kDay, 2, "new"}}, .deletes = {{"b", kDay}}});
  EXPECT_EQ(second.inserted_rows, 1);
  EXPECT_EQ(second.updated_rows, 1);
  EXPECT_EQ(second.deleted_rows, 1);
  EXPECT_THAT(Rows(*table),
              ElementsAre(TestRow{"a", kDay, 2, "z"}, TestRow{"c", kDay, 1, std::nullopt},
                          TestRow{"d", kDay, 2, "new"}));
}

TEST_F(TableTest, TreatsOneKeyInTwoPartitionsAsTwoRecords) {
  const auto table = Create();
  Upsert(*table, {.rows = {{"a", "d1", 1, {}}, {"a", "d2", 2, {}}}});
  Upsert(*table, {.deletes = {{"a", "d1"}}});
  EXPECT_THAT(Rows(*table), ElementsAre(TestRow{"a", "d2", 2, {}}));
}

TEST_F(TableTest, FillsTheMetaColumnsAndKeepsThoseOfUntouchedRows) {
  const auto table = Create(1);
  const std::string first =
      Upsert(*table, {.rows = {{"a", kDay, 1, {}}, {"b", kDay, 1, {}}}}).instant;
  const std::string second = Upsert(*table, {.rows = {{"b", kDay, 2, {}}}}).instant;
  EXPECT_LT(first, second);
  const FileSlice slice = table->LatestSnapshot()->slices.at(0);
  EXPECT_THAT(Strings(slice, "_hoodie_record_key"), ElementsAre("a", "b"));
  EXPECT_THAT(Strings(slice, "_hoodie_commit_time"), ElementsAre(first, second));
  EXPECT_THAT(Strings(slice, "_hoodie_commit_seqno"), ElementsAre(first + "_0_0", second + "_0_0"));
  EXPECT_THAT(Strings(slice, "_hoodie_partition_path"),
              ElementsAre("day=2026-11-22", "day=2026-11-22"));
  EXPECT_THAT(Strings(slice, "_hoodie_file_name"),
              ElementsAre(slice.base_file_name, slice.base_file_name));
}

TEST_F(TableTest, PutsEveryKeyIntoItsBucket) {
  const auto table = Create(4);
  Upsert(*table, {.rows = {{"tx000000", kDay, 1, {}}, {"tx000001", kDay, 1, {}}}});
  const auto slices = table->LatestSnapshot()->slices;
  ASSERT_EQ(slices.size(), 2U);
  EXPECT_TRUE(slices[0].file_id.starts_with("00000000-"));  // tx000001, see BucketHash's vectors
  EXPECT_TRUE(slices[1].file_id.starts_with("00000003-"));  // tx000000
  EXPECT_THAT(Strings(slices[1], "_hoodie_record_key"), ElementsAre("tx000000"));
}

TEST_F(TableTest, StoredRowStaysWhenTheMergerRefuses) {
  const auto table = Create(1);
  Upsert(*table, {.rows = {{"old", kDay, 1, "x"}, {"new", kDay, 9, "y"}, {"gone", kDay, 9, {}}}});
  const VersionBelow merger(5);
  const UpsertResult result =
      Upsert(*table, {.rows = {{"old", kDay, 2, "z"}, {"new", kDay, 2, "z"}},
                      .deletes = {{"gone", kDay}},
                      .merger = &merger});
  EXPECT_EQ(result.updated_rows, 1);
  EXPECT_EQ(result.kept_stored_rows, 2);
  EXPECT_THAT(result.refused, ElementsAre(1U, 2U));
  EXPECT_THAT(Rows(*table), ElementsAre(TestRow{"gone", kDay, 9, {}}, TestRow{"new", kDay, 9, "y"},
                                        TestRow{"old", kDay, 2, "z"}));
}

TEST_F(TableTest, DoesNotRewriteGroupsThatWouldNotChange) {
  const auto table = Create(1);
  const std::string first = Upsert(*table, {.rows = {{"a", kDay, 9, "x"}}}).instant;
  const VersionBelow merger(5);
  const UpsertResult result = Upsert(
      *table, {.rows = {{"a", kDay, 2, "z"}}, .deletes = {{"absent", kDay}}, .merger = &merger});
  EXPECT_EQ(result.files_written, 0);
  EXPECT_EQ(result.missing_deletes, 1);
  EXPECT_EQ(result.kept_stored_rows, 1);
  const Snapshot snapshot = *table->LatestSnapshot();
  EXPECT_EQ(snapshot.instant, result.instant);
  EXPECT_EQ(snapshot.slices.at(0).base_instant, first);
}

TEST_F(TableTest, PublishesCommitsWithoutChangesForTheirExtraMetadata) {
  const auto table = Create();
  const UpsertResult result = Upsert(*table, {.extra_metadata = {{"position", "17"}}});
  const CommitMetadata commit = *table->NewestCommitWith("position");
  EXPECT_EQ(commit.instant, result.instant);
  EXPECT_EQ(commit.extra_metadata.at("position"), "17");
  EXPECT_THAT(commit.write_stats, IsEmpty());
  EXPECT_TRUE(table->LatestSnapshot()->schema->Equals(*Schema()));
}

TEST_F(TableTest, NewestCommitWithSkipsCommitsThatDoNotCarryTheKey) {
  const auto table = Create();
  const auto first = Upsert(*table, {.extra_metadata = {{"position", "1"}}});
  Upsert(*table, {.rows = {{"a", kDay, 1, {}}}});
  EXPECT_EQ(table->NewestCommitWith("position")->instant, first.instant);
  const auto none = table->NewestCommitWith("other");
  EXPECT_EQ(KindOf(none.status()), ErrorKind::kNotFound);
}

TEST_F(TableTest, WritesAnEmptyFileWhenAllRowsAreDeleted) {
  const auto table = Create(1);
  Upsert(*table, {.rows = {{"a", kDay, 1, {}}}});
  const auto emptied = Upsert(*table, {.deletes = {{"a", kDay}}});
  EXPECT_EQ(emptied.files_written, 1);
  const FileSlice slice = table->LatestSnapshot()->slices.at(0);
  EXPECT_EQ(slice.base_instant, emptied.instant);
  EXPECT_EQ(OpenSlice(slice)->row_count(), 0);
  Upsert(*table, {.rows = {{"a", kDay, 2, {}}}});
  EXPECT_THAT(Rows(*table), ElementsAre(TestRow{"a", kDay, 2, {}}));
}

TEST_F(TableTest, StatesRightCountsInTheCommit) {
  const auto table = Create(1);
  const auto first = Upsert(*table, {.rows = {{"a", kDay, 1, {}}, {"b", kDay, 1, {}}}});
  Upsert(*table, {.rows = {{"a", kDay, 2, {}}, {"c", kDay, 2, {}}},
                  .deletes = {{"b", kDay}},
                  .extra_metadata = {{"k", "v"}}});
  const CommitMetadata commit = *table->NewestCommitWith("k");
  const WriteStat& stat = commit.write_stats.at("day=2026-11-22").at(0);
  EXPECT_EQ(stat.writes, 2);
  EXPECT_EQ(stat.inserts, 1);
  EXPECT_EQ(stat.update_writes, 1);
  EXPECT_EQ(stat.deletes, 1);
  EXPECT_EQ(stat.previous_commit, first.instant);
  const FileSlice slice = table->LatestSnapshot()->slices.at(0);
  EXPECT_EQ(stat.path, slice.RelativePath());
  EXPECT_EQ(stat.file_size_bytes, slice.size_bytes);
  EXPECT_TRUE(ParseAvroSchema(commit.schema()).ValueOrDie()->Equals(*Schema()));
}

TEST_F(TableTest, WritesAllThreeFilesOfAnInstant) {
  const auto table = Create();
  const std::string instant = Upsert(*table, {.rows = {{"a", kDay, 1, {}}}}).instant;
  const auto paths = files_.Paths();
  const std::string prefix = std::string(kPath) + "/.hoodie/" + instant;
  for (const char* suffix : {".commit.requested", ".inflight", ".commit"}) {
    EXPECT_TRUE(std::ranges::binary_search(paths, prefix + suffix)) << suffix;
  }
}

TEST_F(TableTest, WritesPartitionMetadataForSpark) {
  const auto table = Create();
  const std::string instant = Upsert(*table, {.rows = {{"a", kDay, 1, {}}}}).instant;
  Upsert(*table, {.rows = {{"b", kDay, 1, {}}}});
  const std::string path = std::string(kPath) + "/day=2026-11-22/.hoodie_partition_metadata";
  const Properties properties = *ParseProperties(*files_.ReadFile(path));
  EXPECT_EQ(properties.at("commitTime"), instant);
  EXPECT_EQ(properties.at("partitionDepth"), "1");
}

TEST_F(TableTest, AddsNullableColumnsToOlderFiles) {
  const auto table = Create(1);
  Upsert(*table, {.rows = {{"a", kDay, 1, "x"}, {"b", kDay, 1, "y"}}});
  const auto wider = *Schema()->AddField(4, arrow::field("fee", arrow::decimal128(18, 8)));
  arrow::Decimal128Builder fees(arrow::decimal128(18, 8));
  ASSERT_TRUE(fees.Append(arrow::Decimal128(250)).ok());
  auto columns = BatchOf({{"a", kDay, 2, "z"}})->columns();
  columns.push_back(*fees.Finish());
  const std::vector<RecordChange> changes = {{"a", 0, 0}};
  const auto result = *table->Upsert({.schema = wider,
                                      .rows = arrow::RecordBatch::Make(wider, 1, columns),
                                      .partition_values = {kDay},
                                      .changes = changes});
  ASSERT_EQ(result.outcome, CommitOutcome::kDone) << result.reason;
  const Snapshot snapshot = *table->LatestSnapshot();
  EXPECT_TRUE(snapshot.schema->Equals(*wider)) << snapshot.schema->ToString();
  const auto reader = OpenSlice(snapshot.slices.at(0));
  const auto batch = *reader->ReadRowGroup(0, {"id", "fee"});
  EXPECT_EQ(batch->column(1)->type()->ToString(), "decimal128(18, 8)");
  EXPECT_TRUE(batch->column(1)->IsNull(0));
  EXPECT_TRUE(
      (*batch->column(1)->GetScalar(1))
          ->Equals(arrow::Decimal128Scalar(arrow::Decimal128(250), arrow::decimal128(18, 8))));
}

TEST_F(TableTest, RefusesAChangeOfTypeNamingColumnAndTypes) {
  const auto table = Create();
  Upsert(*table, {.rows = {{"a", kDay, 1, {}}}});
  const auto other = *Schema()->SetField(2, arrow::field("version", arrow::utf8()));
  auto columns = BatchOf({{"a", kDay, 2, {}}})->columns();
  columns[2] = columns[0];
  const auto result = table->Upsert({.schema = other,
                                     .rows = arrow::RecordBatch::Make(other, 1, columns),
                                     .partition_values = {kDay}});
  EXPECT_EQ(KindOf(result.status()), ErrorKind::kInvalid);
  EXPECT_THAT(result.status().message(), HasSubstr("'version' is int64"));
  EXPECT_THAT(result.status().message(), HasSubstr("string"));
}

TEST_F(TableTest, RefusesRowsWithoutAColumnOfTheTable) {
  const auto table = Create();
  Upsert(*table, {.rows = {{"a", kDay, 1, {}}}});
  const auto narrower = *Schema()->RemoveField(3);
  const auto rows = *BatchOf({{"a", kDay, 2, {}}})->RemoveColumn(3);
  const auto result = table->Upsert({.schema = narrower, .rows = rows, .partition_values = {kDay}});
  EXPECT_EQ(KindOf(result.status()), ErrorKind::kInvalid);
  EXPECT_THAT(result.status().message(), HasSubstr("'text'"));
}

TEST_F(TableTest, RefusesOneKeyTwiceInOneCommitAndLeavesNoTrace) {
  const auto table = Create();
  Upsert(*table, {.rows = {{"a", kDay, 1, {}}}});
  const auto paths = files_.Paths();
  const auto result = TryUpsert(*table, {.rows = {{"a", kDay, 2, {}}, {"a", kDay, 3, {}}}});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->outcome, CommitOutcome::kNotDone);
  EXPECT_THAT(result->reason.message(), HasSubstr("'a' is changed twice"));
  EXPECT_EQ(files_.Paths(), paths);
}

TEST_F(TableTest, RefusesEmptyKeys) {
  const auto table = Create();
  const auto result = TryUpsert(*table, {.rows = {{"", kDay, 1, {}}}});
  EXPECT_EQ(KindOf(result.status()), ErrorKind::kInvalid);
}

TEST_F(TableTest, RefusesPartitionValuesThatAreNoDirectoryName) {
  const auto table = Create();
  for (const std::string& value :
       {std::string("a/b"), std::string("../x"), std::string("nul\0byte", 8)}) {
    const auto result = TryUpsert(*table, {.rows = {{"a", value, 1, {}}}});
    EXPECT_EQ(KindOf(result.status()), ErrorKind::kInvalid) << value;
  }
}

TEST_F(TableTest, KeepsUnusualPartitionValuesApart) {
  const auto table = Create(1);
  const std::vector<std::string> values = {"",      " ",    "01",  "1",  "1e3",
                                           "größe", "日本", "a=b", "..."};
  TestChanges changes;
  for (const std::string& value : values)
    changes.rows.push_back({"k", value, 1, {}});
  Upsert(*table, changes);
  const auto rows = Rows(*table);
  std::set<std::string> days;
  for (const TestRow& row : rows)
    days.insert(row.day);
  EXPECT_EQ(days, std::set<std::string>(values.begin(), values.end()));
  EXPECT_EQ(table->LatestSnapshot()->slices.size(), values.size());
}

TEST_F(TableTest, WritesWithoutPartitions) {
  CreateOptions options = Options(2);
  options.partition_field.clear();
  const auto table = Table::Create(World(), kPath, options).ValueOrDie();
  Upsert(*table, {.rows = {{"a", "any", 1, {}}}});
  Upsert(*table, {.rows = {{"a", "other", 2, {}}, {"b", "other", 2, {}}}});
  EXPECT_THAT(Rows(*table),
              ElementsAre(TestRow{"a", "other", 2, {}}, TestRow{"b", "other", 2, {}}));
}

TEST_F(TableTest, WaitsWhenTheNewestInstantIsAheadOfTheClock) {
  const auto table = Create();
  const std::string first = Upsert(*table, {.rows = {{"a", kDay, 1, {}}}}).instant;
  clock_.SetWall(kStartMicros - 3'000'000);
  const std::string second = Upsert(*table, {.rows = {{"b", kDay, 1, {}}}}).instant;
  EXPECT_GT(second, first);
  EXPECT_LE(second, FormatInstantTime(clock_.WallMicros()));
}

TEST_F(TableTest, RefusesToWriteWhenTheNewestInstantIsFarAhead) {
  const auto table = Create();
  Upsert(*table, {.rows = {{"a", kDay, 1, {}}}});
  clock_.SetWall(kStartMicros - 3'600'000'000);
  const auto result = TryUpsert(*table, {.rows = {{"b", kDay, 1, {}}}});
  EXPECT_EQ(KindOf(result.status()), ErrorKind::kUnavailable);
  EXPECT_THAT(result.status().message(), HasSubstr("ahead"));
  EXPECT_THAT(result.status().message(), Not(HasSubstr("timezone")));
}

TEST_F(TableTest, SaysThatTheZoneOfAnotherWriterMayBeWhyAnInstantIsAhead) {
  Create();
  const std::string path = std::string(kPath) + "/.hoodie/hoodie.properties";
  const std::string content = *files_.ReadFile(path);
  ASSERT_TRUE(files_.ReplaceFile(path, content + "hoodie.table.timeline.timezone=LOCAL\n").ok());
  const auto table = Open();
  Upsert(*table, {.rows = {{"a", kDay, 1, {}}}});
  clock_.SetWall(kStartMicros - 3'600'000'000);
  const auto result = TryUpsert(*table, {.rows = {{"b", kDay, 1, {}}}});
  EXPECT_EQ(KindOf(result.status()), ErrorKind::kUnavailable);
  EXPECT_THAT(result.status().message(),
              HasSubstr("hoodie.table.timeline.timezone is LOCAL, so Spark"));
}

TEST_F(TableTest, RefusesFileGroupsOfAnotherIndex) {
  const auto table = Create(2);
  Upsert(*table, {.rows = {{"a", kDay, 1, {}}}});
  const FileSlice slice = table->LatestSnapshot()->slices.at(0);
  const std::string folder = std::string(kPath) + "/day=2026-11-22/";
  const std::string content = *files_.ReadFile(folder + slice.base_file_name);
  const std::string foreign = "9f3c1d2e-5b1a-4c8e-9a77-0123456789ab-0_0-0-0_" + slice.base_instant;
  ASSERT_TRUE(files_.CreateIfAbsent(folder + foreign + ".parquet", content).ok());
  const auto result = TryUpsert(*Open(), {.rows = {{"b", kDay, 1, {}}}});
  EXPECT_EQ(KindOf(result.status()), ErrorKind::kInvalid);
  EXPECT_THAT(result.status().message(), HasSubstr("9f3c1d2e"));
}

TEST_F(TableTest, RetiresAForeignMetadataTableBeforeTheCommit) {
  const auto table = Create();
  const std::string path = std::string(kPath) + "/.hoodie/hoodie.properties";
  ASSERT_TRUE(files_
                  .ReplaceFile(path, *files_.ReadFile(path) +
                                         "hoodie.table.metadata.partitions=files\n"
                                         "hoodie.table.metadata.partitions.inflight=record_index\n")
                  .ok());
  const std::string folder = std::string(kPath) + "/.hoodie/metadata";
  ASSERT_TRUE(files_.CreateDirectories(folder).ok());
  ASSERT_TRUE(files_.CreateIfAbsent(folder + "/stale", "x").ok());
  Upsert(*table, {.rows = {{"a", kDay, 1, {}}}});
  EXPECT_FALSE(*files_.Exists(folder));
  Properties properties = *ParseProperties(*files_.ReadFile(path));
  EXPECT_EQ(properties["hoodie.table.metadata.partitions"], "");
  EXPECT_EQ(properties["hoodie.table.metadata.partitions.inflight"], "");
  EXPECT_EQ(properties.at("hoodie.bucket.index.num.buckets"), "2");
  EXPECT_EQ(properties.at("hoodie.archive.automatic"), "false");
}

TEST_F(TableTest, CreateStoresWhatAPlainSparkWriteNeeds) {
  Create(8);
  const Properties properties =
      *ParseProperties(*files_.ReadFile(std::string(kPath) + "/.hoodie/hoodie.properties"));
  const std::map<std::string, std::string> expected = {
      {"hoodie.index.type", "BUCKET"},
      {"hoodie.bucket.index.num.buckets", "8"},
      {"hoodie.bucket.index.hash.field", "id"},
      {"hoodie.metadata.enable", "false"},
      {"hoodie.archive.automatic", "false"},
      {"hoodie.write.table.version", "6"},
      {"hoodie.write.auto.upgrade", "false"},
      {"hoodie.table.version", "6"},
      {"hoodie.table.type", "COPY_ON_WRITE"},
      {"hoodie.table.recordkey.fields", "id"},
      {"hoodie.table.partition.fields", "day"},
      {"hoodie.table.precombine.field", "version"},
      {"hoodie.table.timeline.timezone", "UTC"},
      {"hoodie.datasource.write.hive_style_partitioning", "true"},
      {"hoodie.database.name", "test"},
      {"hoodie.table.name", "table"},
  };
  for (const auto& [key, value] : expected) {
    ASSERT_TRUE(properties.contains(key)) << key;
    EXPECT_EQ(properties.at(key), value) << key;
  }
}

TEST_F(TableTest, CreateRefusesAnExistingTable) {
  Create();
  EXPECT_EQ(KindOf(Table::Create(World(), kPath, Options(2)).status()), ErrorKind::kAlreadyExists);
}

TEST_F(TableTest, CreateNamesTheOptionThatIsWrong) {
  CreateOptions no_key = Options(2);
  no_key.record_key_field = "missing";
  EXPECT_THAT(Table::Create(World(), kPath, no_key).status().message(), HasSubstr("'missing'"));
  CreateOptions no_buckets = Options(0);
  EXPECT_THAT(Table::Create(World(), kPath, no_buckets).status().message(), HasSubstr("0 buckets"));
  CreateOptions number_partition = Options(2);
  number_partition.partition_field = "version";
  EXPECT_THAT(Table::Create(World(), kPath, number_partition).status().message(),
              HasSubstr("must be a string"));
}

TEST_F(TableTest, OpenSaysWhichVersionsAreReadable) {
  Create();
  const std::string path = std::string(kPath) + "/.hoodie/hoodie.properties";
  Properties properties = *ParseProperties(*files_.ReadFile(path));
  properties["hoodie.table.version"] = "7";
  ASSERT_TRUE(files_.ReplaceFile(path, FormatProperties(properties, "")).ok());
  const auto opened = Table::Open(World(), kPath);
  EXPECT_EQ(KindOf(opened.status()), ErrorKind::kInvalid);
  EXPECT_THAT(opened.status().message(), HasSubstr("hoodie.table.version is 7"));
  EXPECT_THAT(opened.status().message(), HasSubstr("versions 6, 8 and 9"));
}

TEST_F(TableTest, OpenSaysThatAFolderIsNoTable) {
  const auto opened = Table::Open(World(), "/nowhere");
  EXPECT_EQ(KindOf(opened.status()), ErrorKind::kNotFound);
  EXPECT_THAT(opened.status().message(), HasSubstr("no Hudi table"));
}

TEST_F(TableTest, OpenReadsTheBackupWhenThePropertiesAreGone) {
  Create();
  const std::string path = std::string(kPath) + "/.hoodie/hoodie.properties";
  const std::string text = *files_.ReadFile(path);
  ASSERT_TRUE(files_.CreateIfAbsent(path + ".backup", text).ok());
  ASSERT_TRUE(files_.DeleteFile(path).ok());
  EXPECT_EQ(Open()->config().name, "table");
}

TEST_F(TableTest, SnapshotOfANewTableHasItsSchemaAndNoSlices) {
  const Snapshot snapshot = *Create()->LatestSnapshot();
  EXPECT_EQ(snapshot.instant, "");
  EXPECT_TRUE(snapshot.schema->Equals(*Schema()));
  EXPECT_THAT(snapshot.slices, IsEmpty());
}

}  // namespace
}  // namespace tapelake::hudi
