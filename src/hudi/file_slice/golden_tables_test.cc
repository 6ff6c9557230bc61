/// Timelines, commits and slices of the tables Spark wrote, against what Spark said about them.

#include <gtest/gtest.h>
#include <parquet/file_reader.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/json.h"
#include "hudi/file_slice/file_slice.h"
#include "hudi/format/avro_schema.h"
#include "hudi/format/file_name.h"
#include "hudi/format/table_config.h"
#include "io/local_file_system.h"
#include "tests/golden/golden_table.h"

namespace tapelake::hudi {
namespace {

struct Expectation {
  const char* table;
  int partitions;
  int slices;
  bool hive_style = false;
  bool metadata_table = false;
  bool cdc = false;
};

void PrintTo(const Expectation& expectation, std::ostream* out) {
  *out << expectation.table;
}

class GoldenTables : public ::testing::TestWithParam<Expectation> {
 protected:
  std::string path() const { return table_.path(); }
  Timeline Loaded() { return Timeline::Load(files_, path()).ValueOrDie(); }
  int64_t RowsOf(const FileSlice& slice) {
    const auto file = files_.OpenForRead(io::JoinPath(path(), slice.RelativePath())).ValueOrDie();
    return parquet::ParquetFileReader::Open(file)->metadata()->num_rows();
  }

  golden::GoldenTable table_{TAPELAKE_SOURCE_DIR, GetParam().table};
  io::LocalFileSystem files_;
};

int64_t CsvRows(const std::string& csv) {
  return std::count(csv.begin(), csv.end(), '\n') - 1;  // without the header
}

void CollectLeaves(const std::string& place, const base::JsonValue& value,
                   std::vector<std::string>* out) {
  for (const auto& member : value.members()) {
    CollectLeaves(place + "." + member.key, member.value, out);
  }
  for (size_t i = 0; i < value.items().size(); ++i) {
    CollectLeaves(place + "[" + std::to_string(i) + "]", value.items()[i], out);
  }
  if (value.is_object() || value.is_array()) return;
  const bool is_bool = value.type() == base::JsonValue::Type::kBool;
  out->push_back(place + "=" +
                 (value.is_null()   ? "null"
                  : !is_bool        ? value.text()
                  : value.boolean() ? "true"
                                    : "false"));
}

/// Every scalar with its place, sorted: what a JSON text says, whatever its layout.
std::vector<std::string> LeavesOf(const std::string& json) {
  std::vector<std::string> leaves;
  CollectLeaves("", base::ParseJson(json).ValueOrDie(), &leaves);
  std::sort(leaves.begin(), leaves.end());
  return leaves;
}

TEST_P(GoldenTables, PropertiesAreReadAndWrittenBack) {
  const auto text = files_.ReadFile(path() + "/.hoodie/hoodie.properties");
  const auto config = ParseTableConfig(*text);
  ASSERT_TRUE(config.ok()) << config.status().ToString();
  EXPECT_EQ(config->version, 6);
  EXPECT_EQ(config->type, TableType::kCopyOnWrite);
  EXPECT_EQ(config->record_key_fields, (std::vector<std::string>{"transaction_id"}));
  EXPECT_EQ(config->partition_fields, (std::vector<std::string>{"exchange"}));
  EXPECT_EQ(config->precombine_field, "event_seq");
  EXPECT_EQ(config->hive_style_partitioning, GetParam().hive_style);
  EXPECT_EQ(config->metadata_table_live(), GetParam().metadata_table);
  EXPECT_EQ(config->cdc_enabled, GetParam().cdc);
  auto again = ParseTableConfig(FormatTableConfig(*config));
  ASSERT_TRUE(again.ok()) << again.status().ToString();
  for (const auto& [key, value] : config->properties) {
    EXPECT_EQ(again->properties[key], value) << key;
  }
}

TEST_P(GoldenTables, CompletedCommitsAreThoseSparkMade) {
  const auto json = base::ParseJson(table_.SideFile("json"));
  ASSERT_TRUE(json.ok());
  std::vector<std::string> names;
  for (const Instant& instant : Loaded().CompletedCommits()) {
    names.push_back(InstantFileName(instant));
  }
  if (const base::JsonValue* instants = json->Find("instants")) {
    std::vector<std::string> expected;
    for (const base::JsonValue& instant : instants->items())
      expected.push_back(instant.text());
    EXPECT_EQ(names, expected);
  } else {
    EXPECT_EQ(names.size(), 4u);  // the archived table: what archiving left
  }
  EXPECT_TRUE(Loaded().PendingInstants().empty());
}

TEST_P(GoldenTables, EveryCommitIsReadAndKeepsItsMeaningWhenWrittenBack) {
  for (const Instant& instant : Loaded().CompletedCommits()) {
    const auto metadata = ReadCommitMetadata(files_, path(), instant);
    ASSERT_TRUE(metadata.ok()) << metadata.status().ToString();
    const std::string formatted = FormatCommitMetadata(*metadata);
    EXPECT_EQ(FormatCommitMetadata(*ParseCommitMetadata(formatted)), formatted);
    const std::string original = *files_.ReadFile(path() + "/.hoodie/" + InstantFileName(instant));
    auto leaves = LeavesOf(formatted);
    const auto is_seal = [](const std::string& leaf) {
      return leaf.starts_with(".extraMetadata.tapelake.checksum=");
    };
    EXPECT_EQ(std::erase_if(leaves, is_seal), 1u);
    EXPECT_EQ(leaves, LeavesOf(original));
  }
}

TEST_P(GoldenTables, InflightFilesAreWorkProfilesOfTheFormWeWrite) {
  for (const Instant& instant : Loaded().CompletedCommits()) {
    if (instant.action != InstantAction::kCommit) continue;
    const auto text = files_.ReadFile(path() + "/.hoodie/" + instant.timestamp + ".inflight");
    ASSERT_TRUE(text.ok()) << text.status().ToString();
    const auto profile = ParseCommitMetadata(*text);
    ASSERT_TRUE(profile.ok()) << profile.status().ToString();
    for (const auto& [partition, stats] : profile->write_stats) {
      ASSERT_FALSE(stats.empty());
      EXPECT_EQ(stats.front().file_id, "");
      for (const WriteStat& stat : stats)
        EXPECT_EQ(stat.path, "");
    }
  }
}

TEST_P(GoldenTables, SchemaOfTheNewestCommitLoadsAndIsWrittenAsSparkWroteIt) {
  const auto newest = Loaded().NewestCompletedCommit();
  ASSERT_TRUE(newest);
  const auto metadata = ReadCommitMetadata(files_, path(), *newest);
  const auto schema = ParseAvroSchema(metadata->schema());
  ASSERT_TRUE(schema.ok()) << schema.status().ToString();
  EXPECT_TRUE((*schema)->GetFieldByName("price")->type()->Equals(arrow::decimal128(18, 8)));
  EXPECT_TRUE((*schema)
                  ->GetFieldByName("timestamp")
                  ->type()
                  ->Equals(arrow::timestamp(arrow::TimeUnit::MICRO, "UTC")));
  const auto config = ParseTableConfig(*files_.ReadFile(path() + "/.hoodie/hoodie.properties"));
  EXPECT_EQ(*FormatAvroSchema(**schema, AvroRecordName::OfTable(config->name)), metadata->schema());
}

TEST_P(GoldenTables, SlicesHoldAsManyRowsAsTheSnapshot) {
  const Timeline timeline = Loaded();
  const auto partitions = ListPartitions(files_, path());
  ASSERT_TRUE(partitions.ok());
  EXPECT_EQ(static_cast<int>(partitions->size()), GetParam().partitions);
  const auto listing = LatestSlices(files_, path(), timeline, "");
  ASSERT_TRUE(listing.ok()) << listing.status().ToString();
  EXPECT_EQ(static_cast<int>(listing->size()), GetParam().slices);
  std::map<std::string, WriteStat> written;
  for (const Instant& instant : timeline.CompletedCommits()) {
    const auto metadata = ReadCommitMetadata(files_, path(), instant);
    for (const auto& [partition, stats] : metadata->write_stats) {
      for (const WriteStat& stat : stats)
        written[stat.path] = stat;
    }
  }
  int64_t rows = 0;
  for (const FileSlice& slice : *listing) {
    rows += RowsOf(slice);
    const auto stat = written.find(slice.RelativePath());
    if (stat == written.end()) {
      EXPECT_LT(slice.base_instant, timeline.CompletedCommits().front().timestamp) << "archived";
      continue;
    }
    EXPECT_EQ(RowsOf(slice), stat->second.writes);
    EXPECT_EQ(slice.size_bytes, stat->second.file_size_bytes);
    EXPECT_EQ(slice.file_id, stat->second.file_id);
  }
  EXPECT_EQ(rows, CsvRows(table_.SideFile("snapshot.csv")));
}

TEST_P(GoldenTables, EveryDataFileNameIsUnderstood) {
  const auto partitions = ListPartitions(files_, path());
  for (const std::string& partition : *partitions) {
    const auto entries = files_.List(io::JoinPath(path(), partition));
    const auto listed = ListPartitionFiles(files_, path(), partition);
    ASSERT_TRUE(listed.ok());
    EXPECT_EQ(listed->base_files.size() + listed->cdc_files.size() + 1, entries->size());
    EXPECT_EQ(!listed->cdc_files.empty(), GetParam().cdc);
    for (const FileSlice& file : listed->base_files) {
      EXPECT_EQ(FormatBaseFileName(*ParseBaseFileName(file.base_file_name)), file.base_file_name);
    }
    for (const std::string& name : listed->cdc_files) {
      EXPECT_EQ(FormatLogFileName(*ParseLogFileName(name)), name);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Version6CopyOnWrite, GoldenTables,
    ::testing::Values(Expectation{"v6_cow_upsert_delete", 3, 3}, Expectation{"v6_cow_bucket", 2, 8},
                      Expectation{"v6_cow_hive_metadata", 3, 3, true, true},
                      Expectation{"v6_cow_spark_defaults", 3, 3, false, true},
                      Expectation{"v6_cow_replace_evolve_clean", 3, 3},
                      Expectation{"v6_cow_archive_savepoint_rollback", 2, 4},
                      Expectation{"v6_cow_cdc", 3, 3, false, false, true},
                      Expectation{"v6_cow_cdc_op_key_only", 3, 3, false, false, true}),
    [](const auto& info) { return std::string(info.param.table); });

class GoldenMergeOnRead : public ::testing::TestWithParam<const char*> {};

TEST_P(GoldenMergeOnRead, SlicesHaveTheLogsThatTheNewestCommitSays) {
  const golden::GoldenTable table(TAPELAKE_SOURCE_DIR, GetParam());
  io::LocalFileSystem files;
  const auto config =
      ParseTableConfig(*files.ReadFile(table.path() + "/.hoodie/hoodie.properties"));
  ASSERT_TRUE(config.ok()) << config.status().ToString();
  EXPECT_EQ(config->type, TableType::kMergeOnRead);
  const Timeline timeline = Timeline::Load(files, table.path()).ValueOrDie();
  std::map<std::string, WriteStat> newest;  // by file id
  std::map<std::string, std::set<std::string>> logs;
  for (const Instant& instant : timeline.CompletedCommits()) {
    const auto metadata = ReadCommitMetadata(files, table.path(), instant);
    for (const auto& [partition, stats] : metadata->write_stats) {
      for (const WriteStat& stat : stats) {
        newest[stat.file_id] = stat;
        if (!stat.log) logs[stat.file_id].clear();
        if (stat.log) logs[stat.file_id].insert(io::FileName(stat.path));
      }
    }
  }
  const auto slices = LatestSlices(files, table.path(), timeline, "");
  ASSERT_TRUE(slices.ok()) << slices.status().ToString();
  EXPECT_EQ(slices->size(), newest.size());
  size_t log_count = 0;
  for (const FileSlice& slice : *slices) {
    const WriteStat& stat = newest.at(slice.file_id);
    EXPECT_EQ(slice.partition_path, stat.partition_path);
    EXPECT_EQ(slice.base_file_name, stat.log ? stat.log->base_file : io::FileName(stat.path));
    std::set<std::string> names;
    for (const SliceLogFile& log : slice.log_files)
      names.insert(log.name);
    EXPECT_EQ(names, logs.at(slice.file_id));
    log_count += names.size();
    const int64_t newest_bytes = stat.log ? slice.log_files.back().size_bytes : slice.size_bytes;
    EXPECT_EQ(newest_bytes, stat.file_size_bytes);
  }
  EXPECT_GT(log_count, 0u);
}

INSTANTIATE_TEST_SUITE_P(Version6, GoldenMergeOnRead,
                         ::testing::Values("v6_mor_avro_logs", "v6_mor_bucket",
                                           "v6_mor_bucket_logonly", "v6_mor_compacted_then_logs",
                                           "v6_mor_inmemory_logonly", "v6_mor_parquet_logs"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace tapelake::hudi
