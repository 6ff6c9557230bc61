#include "hudi/file_slice/file_slice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hudi/format/file_name.h"
#include "io/local_file_system.h"
#include "tests/golden/golden_table.h"

namespace tapelake::hudi {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kT1[] = "20261122125800001";
constexpr char kT2[] = "20261122125800002";
constexpr char kT3[] = "20261122125800003";

std::vector<std::string> Paths(const std::vector<FileSlice>& slices) {
  std::vector<std::string> paths;
  for (const FileSlice& slice : slices)
    paths.push_back(slice.RelativePath());
  return paths;
}

std::string BaseFile(const char* file_id, const char* timestamp, const char* token = "0-0-0") {
  return FormatBaseFileName({file_id, token, timestamp, "parquet"});
}

/// A table of empty files.
class FileSlices : public ::testing::Test {
 protected:
  void SetUp() override {
    Touch(".hoodie/hoodie.properties");
    Touch("p=1/.hoodie_partition_metadata");
  }

  void Touch(const std::string& relative, const std::string& content = "") {
    const std::string path = folder_.path() + "/" + relative;
    ASSERT_TRUE(files_.CreateDirectories(io::ParentPath(path)).ok());
    ASSERT_TRUE(files_.CreateIfAbsent(path, content).ok()) << path;
  }
  void Commit(const char* timestamp) {
    Touch(std::string(".hoodie/") + timestamp + ".commit", "{}");
  }

  Result<SliceListing> List(std::string_view as_of = "") {
    TAPELAKE_ASSIGN_OR_RAISE(const auto timeline, Timeline::Load(files_, folder_.path()));
    return LatestSlices(files_, folder_.path(), timeline, as_of);
  }
  std::vector<std::string> Listed(std::string_view as_of = "") {
    const auto listing = List(as_of);
    EXPECT_TRUE(listing.ok()) << listing.status().ToString();
    return listing.ok() ? Paths(listing->slices) : std::vector<std::string>{};
  }

  golden::TemporaryFolder folder_;
  io::LocalFileSystem files_;
};

TEST_F(FileSlices, NewestCommittedVersionOfEachGroupIsTheSlice) {
  Commit(kT1);
  Commit(kT2);
  Touch("p=1/" + BaseFile("a", kT1), "12345");
  Touch("p=1/" + BaseFile("a", kT2), "123");
  Touch("p=1/" + BaseFile("b", kT1));
  const auto listing = List();
  ASSERT_TRUE(listing.ok()) << listing.status().ToString();
  ASSERT_EQ(listing->slices.size(), 2u);
  EXPECT_EQ(listing->slices[0], (FileSlice{"p=1", "a", kT2, BaseFile("a", kT2), 3}));
  EXPECT_EQ(listing->slices[1].RelativePath(), "p=1/" + BaseFile("b", kT1));
}

TEST_F(FileSlices, FilesOfUnfinishedCommitsAreInvisible) {
  Commit(kT1);
  Touch(std::string(".hoodie/") + kT2 + ".inflight");
  Touch("p=1/" + BaseFile("a", kT1));
  Touch("p=1/" + BaseFile("a", kT2));
  Touch("p=1/" + BaseFile("a", kT2, "0-0-1"));
  Touch("p=1/" + BaseFile("orphan", kT3));
  EXPECT_THAT(Listed(), ElementsAre("p=1/" + BaseFile("a", kT1)));
}

TEST_F(FileSlices, EarlierInstantGivesEarlierSlices) {
  Commit(kT1);
  Commit(kT3);
  Touch("p=1/" + BaseFile("a", kT1));
  Touch("p=1/" + BaseFile("a", kT3));
  Touch("p=1/" + BaseFile("b", kT3));
  EXPECT_THAT(Listed(kT2), ElementsAre("p=1/" + BaseFile("a", kT1)));
  EXPECT_THAT(Listed(kT3), ElementsAre("p=1/" + BaseFile("a", kT3), "p=1/" + BaseFile("b", kT3)));
  EXPECT_THAT(Listed("20261122125800000"), IsEmpty());
}

TEST_F(FileSlices, ReplacedGroupsVanishFromTheirReplacecommitOn) {
  Commit(kT1);
  Touch("p=1/" + BaseFile("a", kT1));
  Touch("p=1/" + BaseFile("b", kT1));
  Touch("p=1/" + BaseFile("c", kT2));
  CommitMetadata replace;
  replace.replaced_file_ids = {{"p=1", {"a"}}, {"p=2", {"b"}}};
  Touch(std::string(".hoodie/") + kT2 + ".replacecommit", FormatCommitMetadata(replace));
  EXPECT_THAT(Listed(), ElementsAre("p=1/" + BaseFile("b", kT1), "p=1/" + BaseFile("c", kT2)));
  EXPECT_THAT(Listed(kT1), ElementsAre("p=1/" + BaseFile("a", kT1), "p=1/" + BaseFile("b", kT1)));
}

TEST_F(FileSlices, BrokenReplacecommitIsAnError) {
  Touch(std::string(".hoodie/") + kT1 + ".replacecommit", "{");
  EXPECT_EQ(KindOf(List().status()), ErrorKind::kCorrupt);
}

TEST_F(FileSlices, TwoFilesOfOneGroupAndInstantAreNamed) {
  Commit(kT1);
  Touch("p=1/" + BaseFile("a", kT1, "0-0-0"));
  Touch("p=1/" + BaseFile("a", kT1, "0-0-1"));
  const auto listing = List();
  EXPECT_EQ(KindOf(listing.status()), ErrorKind::kCorrupt);
  EXPECT_THAT(listing.status().message(), HasSubstr(BaseFile("a", kT1, "0-0-0")));
  EXPECT_THAT(listing.status().message(), HasSubstr(BaseFile("a", kT1, "0-0-1")));
}

TEST_F(FileSlices, SideFilesAndOddNamesAreIgnored) {
  Commit(kT1);
  Touch("p=1/" + BaseFile("a", kT1));
  Touch("p=1/." + BaseFile("a", kT1) + ".crc");
  Touch("p=1/.tmp-1-2");
  Touch("p=1/part-00000.parquet");
  Touch("p=1/" + BaseFile("x", kT1) + ".tmp");
  Touch("p=1/sub/" + BaseFile("y", kT1));
  EXPECT_THAT(Listed(), ElementsAre("p=1/" + BaseFile("a", kT1)));
}

TEST_F(FileSlices, LogFilesAreReportedAndChangeDataLogsAreNot) {
  Commit(kT1);
  const std::string log = FormatLogFileName({"a", kT1, 1, "0-0-0", false});
  Touch("p=1/" + BaseFile("a", kT1));
  Touch("p=1/" + log);
  Touch("p=1/" + FormatLogFileName({"a", kT1, 1, "0-0-0", true}));
  EXPECT_THAT(List()->log_files, ElementsAre("p=1/" + log));
}

TEST_F(FileSlices, TableWithoutCommitsHasNoSlices) {
  Touch("p=1/" + BaseFile("a", kT1));
  EXPECT_THAT(Listed(), IsEmpty());
}

TEST_F(FileSlices, PartitionsAreDirectoriesWithTheirMarker) {
  Touch("b/c/.hoodie_partition_metadata");
  Touch("b/d/.hoodie_partition_metadata.parquet");
  Touch("b/unmarked/" + BaseFile("a", kT1));
  Touch("b/c/deeper/.hoodie_partition_metadata");
  Touch(".hidden/.hoodie_partition_metadata");
  Touch(".hoodie/metadata/.hoodie_partition_metadata");
  EXPECT_THAT(*ListPartitions(files_, folder_.path()), ElementsAre("b/c", "b/d", "p=1"));
}

TEST_F(FileSlices, TableWithoutPartitionFieldsIsOneEmptyPath) {
  Commit(kT1);
  Touch(".hoodie_partition_metadata");
  Touch(BaseFile("a", kT1));
  EXPECT_THAT(*ListPartitions(files_, folder_.path()), ElementsAre(""));
  EXPECT_THAT(Listed(), ElementsAre(BaseFile("a", kT1)));
}

TEST_F(FileSlices, BottomlessFoldersAreRefused) {
  std::string deep;
  for (int i = 0; i < 40; ++i)
    deep += "d/";
  Touch(deep + "x");
  EXPECT_EQ(KindOf(ListPartitions(files_, folder_.path()).status()), ErrorKind::kInvalid);
}

TEST_F(FileSlices, FilesOfADeadInstantAreFound) {
  Touch("p=1/" + BaseFile("a", kT1));
  Touch("p=1/" + BaseFile("a", kT2, "0-0-7"));
  Touch("p=1/" + FormatLogFileName({"a", kT2, 1, "0-0-7", true}));
  Touch("p=1/" + FormatLogFileName({"a", kT2, 1, "0-0-7", false}));
  EXPECT_THAT(*ListFilesOfInstant(files_, folder_.path(), kT2),
              ElementsAre("p=1/" + BaseFile("a", kT2, "0-0-7"),
                          "p=1/" + FormatLogFileName({"a", kT2, 1, "0-0-7", true})));
}

}  // namespace
}  // namespace tapelake::hudi
