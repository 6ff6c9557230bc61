#include "hudi/format/file_name.h"

#include <gtest/gtest.h>

#include <set>

#include "hudi/format/properties.h"

namespace tapelake::hudi {
namespace {

constexpr char kGroup[] = "dc15cb72-b466-492f-ba3c-ed456d579670-0";

TEST(BaseFileName, IsGroupTokenInstant) {
  const BaseFileName name{kGroup, "0-23-36", "20261122125856285", "parquet"};
  const std::string text =
      "dc15cb72-b466-492f-ba3c-ed456d579670-0_0-23-36_20261122125856285.parquet";
  EXPECT_EQ(FormatBaseFileName(name), text);
  EXPECT_EQ(ParseBaseFileName(text), name);
}

TEST(BaseFileName, ReadsTheMetadataTablesFiles) {
  const auto name = ParseBaseFileName("files-0000-0_0-89-113_00000000000000010.hfile");
  ASSERT_TRUE(name);
  EXPECT_EQ(name->file_id, "files-0000-0");
  EXPECT_EQ(name->extension, "hfile");
}

TEST(BaseFileName, OtherNamesAreNoBaseFiles) {
  for (const char* text :
       {"", "a.parquet", "_0-0-0_20261122125856285.parquet", "a_0-0-0.parquet",
        "a_0-0-0_20261122125856285", "a_0-0-0_20261122125856285.", "a__20261122125856285.parquet",
        "a_0-0-0_20261122125856285.parquet.crc", "a_0-0-0_20261122125856285.csv",
        ".a_0-0-0_20261122125856285.parquet", "a_0-0-0_2026.parquet", "a_b_c_d.parquet",
        "a_0-0-0_20261122125856285_x.parquet", ".hoodie_partition_metadata"}) {
    EXPECT_FALSE(ParseBaseFileName(text)) << text;
  }
}

TEST(LogFileName, IsGroupInstantVersionToken) {
  const struct {
    std::string text;
    LogFileName name;
  } cases[] = {
      {".g-0_20261122125856285.log.12_0-23-36", {"g-0", "20261122125856285", 12, "0-23-36", false}},
      {".g-0_20261122125856285.log.1_0-23-36.cdc",
       {"g-0", "20261122125856285", 1, "0-23-36", true}},
      {".g-0_20261122125856.log.3", {"g-0", "20261122125856", 3, "", false}},
  };
  for (const auto& one : cases) {
    EXPECT_EQ(ParseLogFileName(one.text), one.name) << one.text;
    EXPECT_EQ(FormatLogFileName(one.name), one.text);
  }
}

TEST(LogFileName, OtherNamesAreNoLogFiles) {
  for (const char* text :
       {"", ".", "g-0_20261122125856285.log.1_0-0-0", ".g-0.log.1_0-0-0",
        ".g-0_20261122125856285.log.x_0-0-0", ".g-0_20261122125856285.log.1_0-0-0.crc",
        "..g-0_20261122125856285.log.1_0-0-0.crc", ".g-0_20261122125856285.log.1_",
        ".g-0_20261122125856285.log.99999999999999999999_0-0-0", "._20261122125856285.log.1",
        ".g-0_20261122125856285.log.", ".g-0_2026.log.1_0-0-0",
        ".g-0_20261122125856285.log.1.cdc"}) {
    EXPECT_FALSE(ParseLogFileName(text)) << text;
  }
}

TEST(FileId, BucketStandsInTheFirstEightCharacters) {
  io::SeededRandom random(1);
  const std::string file_id = NewBucketFileId(3, random);
  EXPECT_EQ(file_id.substr(0, 9), "00000003-");
  EXPECT_EQ(file_id.size(), 38u);
  EXPECT_EQ(file_id.substr(36), "-0");
  EXPECT_EQ(BucketOfFileId(file_id), 3u);
  EXPECT_EQ(BucketOfFileId(NewBucketFileId(99'999'999, random)), 99'999'999u);
}

TEST(FileId, BucketOfAnotherIndexIsNone) {
  EXPECT_FALSE(BucketOfFileId(kGroup));
  EXPECT_FALSE(BucketOfFileId("0000003"));
  EXPECT_FALSE(BucketOfFileId(""));
  EXPECT_FALSE(BucketOfFileId("+0000003-x"));
}

TEST(FileId, IsARandomUuidAndFitsABaseFileName) {
  io::SeededRandom random(2);
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::string file_id = NewFileId(random);
    EXPECT_TRUE(seen.insert(file_id).second);
    EXPECT_EQ(file_id[14], '4') << file_id;
    EXPECT_NE(std::string("89ab").find(file_id[19]), std::string::npos) << file_id;
    const BaseFileName name{file_id, "0-0-0", "20261122125856285", "parquet"};
    EXPECT_EQ(ParseBaseFileName(FormatBaseFileName(name)), name);
  }
}

TEST(PartitionPath, FollowsTheStyle) {
  const PartitionPathStyle hive{.hive_style = true, .urlencode = false};
  const PartitionPathStyle plain{.hive_style = false, .urlencode = false};
  EXPECT_EQ(PartitionPathPart("event_date", "2026-11-22", hive).ValueOrDie(),
            "event_date=2026-11-22");
  EXPECT_EQ(PartitionPathPart("event_date", "2026-11-22", plain).ValueOrDie(), "2026-11-22");
  EXPECT_EQ(PartitionPathPart("p", "", hive).ValueOrDie(), "p=__HIVE_DEFAULT_PARTITION__");
  EXPECT_EQ(PartitionPathPart("p", "", plain).ValueOrDie(), "__HIVE_DEFAULT_PARTITION__");
  EXPECT_EQ(PartitionPathPart("p", "..", hive).ValueOrDie(), "p=..");
}

TEST(PartitionPath, UrlencodeEscapesWhatHiveEscapes) {
  const PartitionPathStyle style{.hive_style = true, .urlencode = true};
  EXPECT_EQ(PartitionPathPart("p", "a/b:c=d", style).ValueOrDie(), "p=a%2Fb%3Ac%3Dd");
  EXPECT_EQ(EscapePathPart("\"#%'*/:=?\\{[]^\x01\x7f"),
            "%22%23%25%27%2A%2F%3A%3D%3F%5C%7B%5B%5D%5E%01%7F");
  EXPECT_EQ(EscapePathPart("a b}é.-_~"), "a b}é.-_~");
}

TEST(PartitionPath, ValueThatIsNoDirectoryNameIsRefusedByName) {
  const PartitionPathStyle hive{.hive_style = true, .urlencode = false};
  const PartitionPathStyle plain{.hive_style = false, .urlencode = false};
  for (const std::string& value : {std::string("a/b"), std::string("a\0b", 3)}) {
    const auto part = PartitionPathPart("p", value, hive);
    EXPECT_EQ(KindOf(part.status()), ErrorKind::kInvalid);
    EXPECT_NE(part.status().message().find("'p'"), std::string::npos);
  }
  for (const char* value : {".", "..", ".hoodie", "../x"}) {
    EXPECT_EQ(KindOf(PartitionPathPart("p", value, plain).status()), ErrorKind::kInvalid) << value;
  }
  EXPECT_EQ(KindOf(PartitionPathPart("p", std::string(254, 'x'), hive).status()),
            ErrorKind::kInvalid);
}

TEST(PartitionMetadata, HoldsInstantAndDepth) {
  const auto parsed = ParseProperties(FormatPartitionMetadata("20261122125856285", 1));
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(*parsed, (Properties{{"commitTime", "20261122125856285"}, {"partitionDepth", "1"}}));
}

}  // namespace
}  // namespace tapelake::hudi
