#include "hudi/format/commit_metadata.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace tapelake::hudi {
namespace {

CommitMetadata SampleCommit() {
  WriteStat update;
  update.file_id = "00000001-g-0";
  update.path = "p=1/00000001-g-0_0-1-2_20261122125856285.parquet";
  update.previous_commit = "20261122125848628";
  update.partition_path = "p=1";
  update.writes = 15;
  update.deletes = 1;
  update.update_writes = 3;
  update.inserts = 5;
  update.write_bytes = 14'974;
  update.file_size_bytes = 14'974;
  update.upsert_time_ms = 1226;
  WriteStat fresh;
  fresh.file_id = "00000002-g-0";
  fresh.path = "p=1/00000002-g-0_0-1-2_20261122125856285.parquet";
  fresh.partition_path = "p=1";
  fresh.writes = 2;
  fresh.inserts = 2;
  fresh.cdc_stats = {{"p=1/.x.cdc", 2205}};
  fresh.min_event_time_ms = 17;
  fresh.log = LogWriteStat{5, 0, "base.parquet", {".a.log.1_0-0-0", ".a.log.2_0-0-0"}};
  CommitMetadata commit;
  commit.write_stats["p=1"] = {update, fresh};
  commit.extra_metadata = {{"schema", "{\"type\":\"record\"}"},
                           {"tapelake.positions", "{\"a\":1}"}};
  return commit;
}

TEST(CommitMetadata, SurvivesARoundTrip) {
  CommitMetadata commit = SampleCommit();
  commit.operation_type = "INSERT_OVERWRITE";
  commit.compacted = true;
  commit.replaced_file_ids = {{"p=1", {"g1", "g2"}}, {"", {}}};
  const std::string json = FormatCommitMetadata(commit);
  const auto parsed = ParseCommitMetadata(json);
  ASSERT_TRUE(parsed.ok()) << parsed.status().ToString();
  EXPECT_EQ(FormatCommitMetadata(*parsed), json);
  EXPECT_EQ(parsed->schema(), "{\"type\":\"record\"}");
  EXPECT_EQ(parsed->replaced_file_ids, commit.replaced_file_ids);
  const WriteStat& stat = parsed->write_stats.at("p=1").at(1);
  EXPECT_EQ(stat.previous_commit, kNoPreviousCommit);
  EXPECT_EQ(stat.cdc_stats.at("p=1/.x.cdc"), 2205);
  EXPECT_EQ(stat.min_event_time_ms, 17);
  EXPECT_FALSE(stat.max_event_time_ms);
  ASSERT_TRUE(stat.log);
  EXPECT_EQ(stat.log->log_files.size(), 2u);
  EXPECT_EQ(parsed->write_stats.at("p=1").at(0).upsert_time_ms, 1226);
}

TEST(CommitMetadata, NewGroupHasTheTextNullAsItsPreviousCommit) {
  const std::string json = FormatCommitMetadata(SampleCommit());
  EXPECT_NE(json.find("\"prevCommit\":\"null\""), std::string::npos) << json;
}

TEST(CommitMetadata, ReplacedGroupsAppearOnlyInReplacecommits) {
  EXPECT_EQ(FormatCommitMetadata(SampleCommit()).find("partitionToReplaceFileIds"),
            std::string::npos);
}

TEST(CommitMetadata, AbsentAndNullMembersGetDefaults) {
  const auto empty = ParseCommitMetadata("{}");
  ASSERT_TRUE(empty.ok());
  EXPECT_EQ(empty->schema(), "");
  EXPECT_EQ(empty->operation_type, "");
  const auto sparse = ParseCommitMetadata(
      R"({"unknown":[1],"partitionToWriteStats":{"":[{"fileId":"g","path":"f","prevCommit":null,
          "partitionPath":"","runtimeStats":null,"cdcStats":null,"numWrites":null}]},
          "compacted":null,"extraMetadata":null,"operationType":null})");
  ASSERT_TRUE(sparse.ok()) << sparse.status().ToString();
  const WriteStat& stat = sparse->write_stats.at("").at(0);
  EXPECT_EQ(stat.file_id, "g");
  EXPECT_EQ(stat.previous_commit, kNoPreviousCommit);
  EXPECT_EQ(stat.writes, 0);
  EXPECT_NE(FormatCommitMetadata(*sparse).find("\"operationType\":null"), std::string::npos);
}

TEST(CommitMetadata, WhatIsWrongIsNamed) {
  const struct {
    const char* json;
    const char* named;
  } cases[] = {
      {"", "empty"},
      {"{", "JSON"},
      {"[]", "the document"},
      {"7", "the document"},
      {"{\"compacted\":1}", "compacted"},
      {"{\"operationType\":[]}", "operationType"},
      {"{\"partitionToWriteStats\":[]}", "partitionToWriteStats"},
      {"{\"partitionToWriteStats\":{\"p\":{}}}", "partitionToWriteStats.p"},
      {"{\"partitionToWriteStats\":{\"p\":[{},3]}}", "partitionToWriteStats.p[1]"},
      {"{\"partitionToWriteStats\":{\"p\":[{\"numWrites\":\"1\"}]}}",
       "partitionToWriteStats.p[0].numWrites"},
      {"{\"partitionToWriteStats\":{\"p\":[{\"numWrites\":1.5}]}}", "numWrites"},
      {"{\"partitionToWriteStats\":{\"p\":[{\"numWrites\":9223372036854775808}]}}", "numWrites"},
      {"{\"partitionToWriteStats\":{\"p\":[{\"cdcStats\":{\"f\":true}}]}}", "cdcStats.f"},
      {"{\"partitionToReplaceFileIds\":{\"p\":\"g\"}}", "partitionToReplaceFileIds.p"},
      {"{\"partitionToReplaceFileIds\":{\"p\":[1]}}", "partitionToReplaceFileIds.p[]"},
      {"{\"extraMetadata\":{\"k\":1}}", "extraMetadata.k"},
  };
  for (const auto& one : cases) {
    const auto parsed = ParseCommitMetadata(one.json);
    ASSERT_FALSE(parsed.ok()) << one.json;
    EXPECT_EQ(KindOf(parsed.status()), ErrorKind::kCorrupt) << one.json;
    EXPECT_NE(parsed.status().message().find(one.named), std::string::npos)
        << parsed.status().message();
  }
}

TEST(CommitMetadata, EveryCutOfTheTextIsAnErrorAndNoCrash) {
  const std::string json = FormatCommitMetadata(SampleCommit());
  for (size_t length = 0; length < json.size(); ++length) {
    EXPECT_FALSE(ParseCommitMetadata(json.substr(0, length)).ok()) << length;
  }
}

// docs/internals/seal.md, S2
TEST(CommitMetadata, NoFlippedBitGoesUnnoticed) {
  for (const std::string& json :
       {FormatCommitMetadata(SampleCommit()), FormatInflightMetadata(SampleCommit())}) {
    for (size_t bit = 0; bit < 8 * json.size(); ++bit) {
      std::string changed = json;
      changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
      EXPECT_EQ(KindOf(ParseCommitMetadata(changed).status()), ErrorKind::kCorrupt) << bit;
    }
  }
}

TEST(CommitMetadata, TheSealIsNoPartOfWhatTheCommitSays) {
  const std::string json = FormatCommitMetadata(SampleCommit());
  EXPECT_NE(json.find("\"tapelake.checksum\":\""), std::string::npos);
  const auto parsed = ParseCommitMetadata(json);
  ASSERT_TRUE(parsed.ok()) << parsed.status().ToString();
  EXPECT_FALSE(parsed->extra_metadata.contains("tapelake.checksum"));
  EXPECT_EQ(FormatCommitMetadata(*parsed), json);
}

// S3
TEST(CommitMetadata, ASealThatAnotherEngineCopiedIsNone) {
  const auto parsed = ParseCommitMetadata(
      "{\n  \"extraMetadata\" : {\n    \"tapelake.checksum\" : \"0123456789abcdef\"\n  }\n}");
  EXPECT_TRUE(parsed.ok()) << parsed.status().ToString();
}

TEST(InflightMetadata, IsAWorkProfilePerPartitionAndRewrittenGroup) {
  const std::string json = FormatInflightMetadata(SampleCommit());
  const auto profile = ParseCommitMetadata(json);
  ASSERT_TRUE(profile.ok()) << profile.status().ToString();
  const auto& stats = profile->write_stats.at("p=1");
  ASSERT_EQ(stats.size(), 2u);
  EXPECT_EQ(stats[0].file_id, "");
  EXPECT_EQ(stats[0].inserts, 7);
  EXPECT_EQ(stats[1].file_id, "00000001-g-0");
  EXPECT_EQ(stats[1].previous_commit, "20261122125848628");
  EXPECT_EQ(stats[1].update_writes, 4);
  EXPECT_TRUE(profile->extra_metadata.empty());
  EXPECT_NE(json.find("\"partitionPath\":null"), std::string::npos);
}

}  // namespace
}  // namespace tapelake::hudi
