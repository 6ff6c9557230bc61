#include "hudi/format/service_plans.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hudi/format/avro_value.h"
#include "hudi/format/log_block.h"
#include "hudi/format/service_schemas.h"
#include "io/local_file_system.h"
#include "tests/golden/golden_table.h"

namespace tapelake::hudi {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::SizeIs;

/// A file of `.hoodie` of a table that Spark wrote.
class GoldenTimeline {
 public:
  explicit GoldenTimeline(const std::string& name) : table_(TAPELAKE_SOURCE_DIR, name) {}

  std::string Read(const std::string& name) {
    return files_.ReadFile(table_.path() + "/.hoodie/" + name).ValueOrDie();
  }

 private:
  golden::GoldenTable table_;
  io::LocalFileSystem files_;
};

/// A record as text, for comparison: null, numbers, "text", [items], {members}.
std::string TextOf(const AvroValue& value) {
  std::string text;
  if (const auto* flag = std::get_if<bool>(&value.value)) return *flag ? "true" : "false";
  if (const auto* number = std::get_if<int64_t>(&value.value)) return std::to_string(*number);
  if (const auto* number = std::get_if<double>(&value.value)) return std::to_string(*number);
  if (const auto* string = std::get_if<std::string>(&value.value)) return '"' + *string + '"';
  if (const auto* list = std::get_if<AvroValue::List>(&value.value)) {
    for (const AvroValue& item : *list)
      text += (text.empty() ? "" : ", ") + TextOf(item);
    return "[" + text + "]";
  }
  if (const auto* members = std::get_if<AvroValue::Members>(&value.value)) {
    for (const auto& [name, member] : *members)
      text += (text.empty() ? "" : ", ") + name + ": " + TextOf(member);
    return "{" + text + "}";
  }
  return "null";
}

std::string TextOfContainer(const std::string& bytes) {
  return TextOf(ParseAvroContainer(bytes).ValueOrDie());
}

CompactionPlan SomePlan() {
  return {.operations = {{.base_instant = "20261122100000000",
                          .log_files = {".f-0_20261122100000000.log.1_0-0-0", "b"},
                          .base_file = "f-0_0-0-0_20261122100000000.parquet",
                          .file_id = "f-0",
                          .partition_path = "exchange=binance",
                          .metrics = {{"TOTAL_LOG_FILES", 2.0}, {"TOTAL_IO_MB", 0.5}}},
                         {.base_instant = "20261122100000001", .file_id = "g-0"}},
          .extra_metadata = {{"k", "v"}}};
}

TEST(CompactionPlan, ComesBackAsItWas) {
  const CompactionPlan plan = SomePlan();
  const auto parsed = ParseCompactionPlan(FormatCompactionPlan(plan));
  ASSERT_TRUE(parsed.ok()) << parsed.status().ToString();
  ASSERT_THAT(parsed->operations, SizeIs(2));
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(parsed->operations[i].base_instant, plan.operations[i].base_instant);
    EXPECT_EQ(parsed->operations[i].log_files, plan.operations[i].log_files);
    EXPECT_EQ(parsed->operations[i].base_file, plan.operations[i].base_file);
    EXPECT_EQ(parsed->operations[i].file_id, plan.operations[i].file_id);
    EXPECT_EQ(parsed->operations[i].partition_path, plan.operations[i].partition_path);
    EXPECT_THAT(parsed->operations[i].metrics, SizeIs(5));
    for (const auto& [name, value] : plan.operations[i].metrics)
      EXPECT_EQ(parsed->operations[i].metrics.at(name), value);
  }
  EXPECT_EQ(parsed->operations[1].metrics.at("TOTAL_LOG_FILES_SIZE"), 0.0);
  EXPECT_EQ(parsed->extra_metadata, plan.extra_metadata);
}

TEST(CompactionPlan, IsReadFromSparkAndWrittenAsSparkWritesIt) {
  GoldenTimeline spark("v6_mor_bucket");
  const std::string bytes = spark.Read("20261122141409476.compaction.requested");
  const auto plan = ParseCompactionPlan(bytes);
  ASSERT_TRUE(plan.ok()) << plan.status().ToString();
  ASSERT_FALSE(plan->operations.empty());
  EXPECT_THAT(plan->operations.front().log_files, SizeIs(3));
  EXPECT_THAT(plan->operations.front().file_id, HasSubstr("00000002-"));
  EXPECT_EQ(plan->operations.front().metrics.at("TOTAL_LOG_FILES"), 3.0);
  // The order of a map's entries is Java's business.
  const auto again = ParseCompactionPlan(FormatCompactionPlan(*plan));
  EXPECT_EQ(FormatCompactionPlan(*again), FormatCompactionPlan(*plan));
  const std::string tail =
      "extraMetadata: {}, version: 2, strategy: null, preserveHoodieMetadata: false}";
  EXPECT_THAT(TextOfContainer(FormatCompactionPlan(*plan)), HasSubstr(tail));
  EXPECT_THAT(TextOfContainer(bytes), HasSubstr(tail));
}

TEST(RollbackPlan, IsWrittenAsSparkWritesIt) {
  GoldenTimeline spark("v6_cow_archive_savepoint_rollback");
  const std::string bytes = spark.Read("20261122130242150.rollback.requested");
  const auto plan = ParseRollbackPlan(bytes);
  ASSERT_TRUE(plan.ok()) << plan.status().ToString();
  EXPECT_EQ(plan->instant, "20261122130240014");
  EXPECT_EQ(plan->action, "commit");
  ASSERT_THAT(plan->requests, SizeIs(2));
  EXPECT_THAT(plan->requests[0].files_to_delete, ElementsAre(HasSubstr("/coinbase/67e0c70d-")));
  EXPECT_EQ(TextOfContainer(FormatRollbackPlan(*plan)), TextOfContainer(bytes));
}

TEST(RollbackPlan, KeepsLogBlocks) {
  const RollbackPlan plan = {.instant = "1",
                             .action = "deltacommit",
                             .requests = {{.partition_path = "p",
                                           .file_id = "f",
                                           .latest_base_instant = "0",
                                           .log_blocks_to_delete = {{"/a.log", 7}}}}};
  const auto parsed = *ParseRollbackPlan(FormatRollbackPlan(plan));
  EXPECT_THAT(parsed.requests[0].log_blocks_to_delete, ElementsAre(Pair("/a.log", 7)));
  EXPECT_EQ(parsed.requests[0].latest_base_instant, "0");
}

TEST(RollbackMetadata, IsWrittenAsSparkWritesIt) {
  GoldenTimeline spark("v6_cow_archive_savepoint_rollback");
  const RollbackMetadata metadata = {.start_time = "20261122130242150",
                                     .taken_ms = 472,
                                     .instant = "20261122130240014",
                                     .action = "commit",
                                     .partitions = {{"binance", {.deleted_files = {"/b"}}},
                                                    {"coinbase", {.deleted_files = {"/c"}}}}};
  const std::string text = TextOfContainer(FormatRollbackMetadata(metadata));
  EXPECT_EQ(
      text,
      R"({startRollbackTime: "20261122130242150", timeTakenInMillis: 472, )"
      R"(totalFilesDeleted: 2, commitsRollback: ["20261122130240014"], partitionMetadata: )"
      R"({binance: {partitionPath: "binance", successDeleteFiles: ["/b"], failedDeleteFiles: )"
      R"([], rollbackLogFiles: {}, logFilesFromFailedCommit: {}}, coinbase: {partitionPath: )"
      R"("coinbase", successDeleteFiles: ["/c"], failedDeleteFiles: [], rollbackLogFiles: {}, )"
      R"(logFilesFromFailedCommit: {}}}, version: 1, instantsRollback: [{commitTime: )"
      R"("20261122130240014", action: "commit"}]})");
  const std::string theirs = TextOfContainer(spark.Read("20261122130242150.rollback"));
  EXPECT_EQ(theirs.substr(0, theirs.find("partitionMetadata")),
            text.substr(0, text.find("partitionMetadata")));
  EXPECT_EQ(theirs.substr(theirs.find("version")), text.substr(text.find("version")));
}

TEST(CleanerPlan, IsReadFromSparkAndWrittenAsSparkWritesIt) {
  GoldenTimeline spark("v6_cow_replace_evolve_clean");
  const std::string bytes = spark.Read("20261122131301553.clean.requested");
  const auto plan = ParseCleanerPlan(bytes);
  ASSERT_TRUE(plan.ok()) << plan.status().ToString();
  EXPECT_EQ(plan->earliest_instant_to_retain, "20261122131258889");
  EXPECT_EQ(plan->earliest_instant_action, "commit");
  EXPECT_EQ(plan->last_completed_commit, "20261122131300540");
  EXPECT_THAT(plan->files_by_partition.at("kraken"), SizeIs(4));
  const auto again = *ParseCleanerPlan(FormatCleanerPlan(*plan));
  EXPECT_EQ(again.files_by_partition, plan->files_by_partition);
  EXPECT_EQ(again.last_completed_commit, plan->last_completed_commit);
  const std::string head = TextOfContainer(bytes);
  const std::string ours = TextOfContainer(FormatCleanerPlan(*plan));
  EXPECT_EQ(ours.substr(0, ours.find("filePathsToBe")), head.substr(0, head.find("filePathsToBe")));
}

TEST(CleanerPlan, ReadsNamesOfTheFirstVersion) {
  const AvroValue record{AvroValue::Members{
      {"policy", AvroValue::Text("KEEP_LATEST_COMMITS")},
      {"filesToBeDeletedPerPartition",
       {AvroValue::Members{{"p", AvroValue::TextList({"a.parquet", "b.parquet"})}}}}}};
  const auto bytes = FormatAvroContainer(ServiceRecordType("HoodieCleanerPlan"), record);
  const auto plan = *ParseCleanerPlan(*bytes);
  EXPECT_THAT(plan.files_by_partition,
              ElementsAre(Pair("p", ElementsAre("a.parquet", "b.parquet"))));
  EXPECT_EQ(plan.earliest_instant_to_retain, "");
}

TEST(CleanMetadata, IsWrittenAsSparkWritesIt) {
  GoldenTimeline spark("v6_cow_archive_savepoint_rollback");
  const std::string theirs = TextOfContainer(spark.Read("20261122130256766.clean"));
  const std::string coinbase =
      "5714aab0-b647-4054-b35b-518766190060-0_0-250-356_20261122130249836.parquet";
  const std::string binance =
      "7e94a8dc-9eb1-4366-8cca-e5dfed8295f0-0_1-250-357_20261122130249836.parquet";
  const CleanMetadata metadata = {.start_time = "20261122130256766",
                                  .taken_ms = 105,
                                  .earliest_instant_to_retain = "20261122130255277",
                                  .last_completed_commit = "20261122130255277",
                                  .deleted_by_partition = {{"coinbase", {coinbase}}}};
  const std::string ours = TextOfContainer(FormatCleanMetadata(metadata));
  const std::string partition = ours.substr(ours.find("{partitionPath"));
  EXPECT_THAT(theirs, HasSubstr("coinbase: " + partition.substr(0, partition.find('}') + 1)));
  EXPECT_THAT(ours, HasSubstr("totalFilesDeleted: 1, earliestCommitToRetain: "
                              "\"20261122130255277\", lastCompletedCommitTimestamp"));
  EXPECT_THAT(ours, HasSubstr("version: 2, bootstrapPartitionMetadata: {}"));
}

TEST(ServicePlans, NameWhatIsDamaged) {
  const std::string bytes = FormatCompactionPlan(SomePlan());
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(KindOf(ParseCompactionPlan(bytes.substr(0, size)).status()), ErrorKind::kCorrupt);
  }
  // Behind the schema; what it says is tested with the rows.
  for (size_t bit = 8 * (bytes.size() - 300); bit < 8 * bytes.size(); ++bit) {
    std::string changed = bytes;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
    const auto plan = ParseCompactionPlan(changed);
    if (!plan.ok()) {
      EXPECT_EQ(KindOf(plan.status()), ErrorKind::kCorrupt) << plan.status().ToString();
    }
  }
  const Status other = ParseCompactionPlan(FormatCleanMetadata({})).status();
  EXPECT_TRUE(other.ok()) << "a record without operations is a plan for nothing";
  EXPECT_THAT(ParseRollbackPlan("no Avro").status().message(), HasSubstr("HoodieRollbackPlan"));
}

TEST(ServiceSchemas, AreThoseSparkWrites) {
  GoldenTimeline spark("v6_cow_archive_savepoint_rollback");
  const auto blocks_of = spark.Read("archived/.commits_.archive.1_1-0-1");
  const auto blocks = *SplitLogBlocks(blocks_of);
  const auto theirs = *ParseAvroType(blocks.front().header.at(LogHeaderKey::kSchema));
  // Read and written again, both forms of the schema are the same text: no name or branch differs.
  EXPECT_EQ(FormatAvroType(*theirs), FormatAvroType(ServiceRecordType("HoodieArchivedMetaEntry")));
  const auto ours = FormatAvroType(*theirs);
  EXPECT_EQ(FormatAvroType(**ParseAvroType(ours)), ours);
}

// ---------------------------------------------------------------- archive

/// All entries of an archive file as texts.
std::vector<std::string> EntryTexts(const std::string& file) {
  std::vector<std::string> texts;
  for (const LogBlock& block : *SplitLogBlocks(file)) {
    const auto type = *ParseAvroType(block.header.at(LogHeaderKey::kSchema));
    for (const std::string_view datum : *SplitAvroBlockContent(block.content)) {
      texts.push_back(TextOf(*DecodeAvroValue(*type, datum)));
    }
  }
  return texts;
}

TEST(Archive, EntriesOfSparkAreRead) {
  GoldenTimeline spark("v6_cow_archive_savepoint_rollback");
  const auto entries = *ParseArchiveFile(spark.Read("archived/.commits_.archive.3_1-0-1"));
  ASSERT_THAT(entries, SizeIs(12));
  EXPECT_EQ(entries[2].timestamp, "20261122130238479");
  EXPECT_EQ(entries[2].action, "clean");
  EXPECT_EQ(entries[2].state, "COMPLETED");
  EXPECT_EQ(entries[2].transition_time, "20261122130239563");
}

TEST(Archive, HoldsEachInstantInItsMember) {
  GoldenTimeline spark("v6_cow_archive_savepoint_rollback");
  const auto entry = [&](const std::string& timestamp, const std::string& action,
                         const std::string& state, const std::string& file) {
    return ArchivedEntry{timestamp, action, state, file.empty() ? "" : spark.Read(file)};
  };
  std::string file;
  ASSERT_EQ(
      AppendArchiveBlock(
          {entry("20261122130257213", "commit", "REQUESTED", "20261122130257213.commit.requested"),
           entry("20261122130257213", "commit", "INFLIGHT", "20261122130257213.inflight"),
           entry("20261122130257213", "commit", "COMPLETED", "20261122130257213.commit")},
          &file)
          .ToString(),
      "OK");
  ASSERT_EQ(
      AppendArchiveBlock(
          {entry("20261122130256766", "clean", "INFLIGHT", "20261122130256766.clean.inflight"),
           entry("20261122130256766", "clean", "COMPLETED", "20261122130256766.clean"),
           entry("20261122130242150", "rollback", "REQUESTED",
                 "20261122130242150.rollback.requested"),
           entry("20261122130242150", "rollback", "COMPLETED", "20261122130242150.rollback"),
           entry("20261122130231469", "savepoint", "COMPLETED", "20261122130231469.savepoint"),
           entry("1", "replacecommit", "REQUESTED", ""),
           entry("1", "replacecommit", "INFLIGHT", ""),
           {"2", "compaction", "REQUESTED", FormatCompactionPlan(SomePlan()), "3"}},
          &file)
          .ToString(),
      "OK");
  EXPECT_THAT(*ParseArchiveFile(file), SizeIs(11));
  const auto texts = EntryTexts(file);
  EXPECT_THAT(texts[0], HasSubstr(R"({hoodieCommitMetadata: {partitionToWriteStats: {}, )"
                                  R"(extraMetadata: {ROLLING_STAT: ""}, version: null, )"
                                  R"(operationType: "UNKNOWN"})"));
  EXPECT_THAT(texts[1], HasSubstr("numUpdateWrites: 2"));
  EXPECT_THAT(texts[2], HasSubstr(R"(prevCommit: "20261122130255277", numWrites: 16)"));
  EXPECT_THAT(texts[2], HasSubstr(R"(actionType: "commit")"));
  EXPECT_THAT(texts[3], HasSubstr("hoodieCleanerPlan: " +
                                  TextOfContainer(spark.Read("20261122130256766.clean.inflight"))));
  EXPECT_THAT(texts[4], HasSubstr("hoodieCleanMetadata: " +
                                  TextOfContainer(spark.Read("20261122130256766.clean"))));
  EXPECT_THAT(texts[5], HasSubstr("hoodieRollbackMetadata: null"));
  EXPECT_THAT(texts[6], HasSubstr("hoodieRollbackMetadata: " +
                                  TextOfContainer(spark.Read("20261122130242150.rollback"))));
  EXPECT_THAT(texts[7], HasSubstr("hoodieSavePointMetadata: " +
                                  TextOfContainer(spark.Read("20261122130231469.savepoint"))));
  EXPECT_THAT(texts[8], HasSubstr("hoodieRequestedReplaceMetadata: null"));
  EXPECT_THAT(texts[9], HasSubstr("HoodieInflightReplaceMetadata: {partitionToWriteStats: {}"));
  EXPECT_THAT(texts[10], HasSubstr(R"(hoodieCompactionPlan: {operations: [{baseInstantTime: )"));
  EXPECT_THAT(texts[10], HasSubstr(R"(stateTransitionTime: "3")"));
}

TEST(Archive, NamesTheInstantOfABadContent) {
  std::string file;
  const Status status =
      AppendArchiveBlock({{"20261122100000000", "commit", "COMPLETED", "{"}}, &file);
  EXPECT_EQ(KindOf(status), ErrorKind::kCorrupt);
  EXPECT_THAT(status.message(), HasSubstr("20261122100000000 commit COMPLETED"));
  EXPECT_EQ(file, "");
  EXPECT_EQ(KindOf(AppendArchiveBlock({{"1", "clean", "COMPLETED", "no Avro"}}, &file)),
            ErrorKind::kCorrupt);
  EXPECT_EQ(KindOf(AppendArchiveBlock(
                {{"1", "commit", "COMPLETED", R"({"partitionToWriteStats":7})"}}, &file)),
            ErrorKind::kCorrupt);
}

TEST(Archive, SkipsABlockCutShort) {
  std::string file;
  ASSERT_TRUE(AppendArchiveBlock({{"1", "commit", "REQUESTED", ""}}, &file).ok());
  const std::string whole = file;
  ASSERT_TRUE(AppendArchiveBlock({{"2", "commit", "REQUESTED", ""}}, &file).ok());
  file.resize(file.size() - 3);
  EXPECT_THAT(*ParseArchiveFile(file), SizeIs(1));
  EXPECT_THAT(*ParseArchiveFile(whole), SizeIs(1));
}

// docs/internals/seal.md, S2
TEST(CleanerPlan, NoFlippedBitGoesUnnoticed) {
  CleanerPlan plan;
  plan.earliest_instant_to_retain = "20261122100000001";
  plan.files_by_partition["p"] = {"/lake/t/p/f"};
  const std::string file = FormatCleanerPlan(plan);
  ASSERT_TRUE(ParseCleanerPlan(file).ok());
  for (size_t bit = 0; bit < 8 * file.size(); ++bit) {
    std::string changed = file;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_EQ(KindOf(ParseCleanerPlan(changed).status()), ErrorKind::kCorrupt) << bit;
  }
}

}  // namespace
}  // namespace tapelake::hudi
