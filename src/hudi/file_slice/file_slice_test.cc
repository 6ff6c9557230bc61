#include "hudi/file_slice/file_slice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hudi/format/file_name.h"
#include "hudi/format/service_plans.h"
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

std::string LogFile(const char* file_id, const char* base_instant, int64_t version,
                    const char* token = "0-0-0") {
  return FormatLogFileName({file_id, base_instant, version, token, false});
}

std::vector<std::string> LogNames(const FileSlice& slice) {
  std::vector<std::string> names;
  for (const SliceLogFile& log : slice.log_files)
    names.push_back(log.name);
  return names;
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

  Result<std::vector<FileSlice>> List(std::string_view as_of = "") {
    TAPELAKE_ASSIGN_OR_RAISE(const auto timeline, Timeline::Load(files_, folder_.path()));
    return LatestSlices(files_, folder_.path(), timeline, as_of);
  }
  FileSlice OnlySlice(std::string_view as_of = "") {
    const auto listing = List(as_of);
    EXPECT_TRUE(listing.ok()) << listing.status().ToString();
    if (!listing.ok() || listing->size() != 1) {
      ADD_FAILURE() << "not exactly one slice";
      return {};
    }
    return listing->front();
  }
  void Complete(const char* timestamp, const char* completion_time) {
    Touch(std::string(".hoodie/timeline/") + timestamp + "_" + completion_time + ".commit", "{}");
  }
  FileSlice OnlyNewerSlice(std::string_view as_of = "") {
    const auto timeline = Timeline::Load(files_, folder_.path(), TimelineLayout::kFolder);
    const auto slices = LatestSlices(files_, folder_.path(), *timeline, as_of);
    EXPECT_TRUE(slices.ok() && slices->size() == 1);
    return slices.ok() && slices->size() == 1 ? slices->front() : FileSlice{};
  }

  void RequestCompaction(const char* timestamp, const char* file_id) {
    CompactionOperation operation;
    operation.file_id = file_id;
    operation.partition_path = "p=1";
    Touch(std::string(".hoodie/") + timestamp + ".compaction.requested",
          FormatCompactionPlan({.operations = {operation}, .extra_metadata = {}}));
    Touch(std::string(".hoodie/") + timestamp + ".compaction.inflight");
  }
  std::vector<std::string> Listed(std::string_view as_of = "") {
    const auto listing = List(as_of);
    EXPECT_TRUE(listing.ok()) << listing.status().ToString();
    return listing.ok() ? Paths(*listing) : std::vector<std::string>{};
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
  ASSERT_EQ(listing->size(), 2u);
  EXPECT_EQ((*listing)[0], (FileSlice{"p=1", "a", kT2, BaseFile("a", kT2), 3}));
  EXPECT_EQ((*listing)[1].RelativePath(), "p=1/" + BaseFile("b", kT1));
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

TEST_F(FileSlices, LogsLieOverTheBaseFileOfTheirInstantInScanOrder) {
  Commit(kT1);
  Commit(kT2);
  Touch("p=1/" + BaseFile("a", kT1));
  Touch("p=1/" + LogFile("a", kT1, 1));
  Touch("p=1/" + BaseFile("a", kT2));
  Touch("p=1/" + LogFile("a", kT2, 10), "1234");
  Touch("p=1/" + LogFile("a", kT2, 2, "0-0-1"));
  Touch("p=1/" + LogFile("a", kT2, 2));
  Touch("p=1/" + FormatLogFileName({"a", kT2, 1, "0-0-0", true}));
  const FileSlice slice = OnlySlice();
  EXPECT_EQ(slice.base_file_name, BaseFile("a", kT2));
  EXPECT_THAT(LogNames(slice), ElementsAre(LogFile("a", kT2, 2), LogFile("a", kT2, 2, "0-0-1"),
                                           LogFile("a", kT2, 10)));
  EXPECT_EQ(slice.log_files[2].size_bytes, 4);
  EXPECT_EQ(slice.LogPath(slice.log_files[2]), "p=1/" + LogFile("a", kT2, 10));
  EXPECT_EQ(slice.log_base_instant(), kT2);
  EXPECT_EQ(slice.next_log_version(), 11);
  const FileSlice earlier = OnlySlice(kT1);
  EXPECT_EQ(earlier.base_instant, kT1);
  EXPECT_THAT(LogNames(earlier), ElementsAre(LogFile("a", kT1, 1)));
}

TEST_F(FileSlices, LogsWithoutBaseFileAreASliceOfTheInstantTheyAreNamedAfter) {
  Commit(kT1);
  Touch(std::string(".hoodie/") + kT2 + ".deltacommit.inflight");
  Touch("p=1/" + LogFile("a", kT1, 1));
  Touch("p=1/" + LogFile("a", kT1, 2));
  Touch("p=1/" + LogFile("dead", kT2, 1));
  const FileSlice slice = OnlySlice();
  EXPECT_FALSE(slice.has_base_file());
  EXPECT_EQ(slice.file_id, "a");
  EXPECT_EQ(slice.base_instant, kT1);
  EXPECT_EQ(slice.next_log_version(), 3);
}

TEST_F(FileSlices, FirstLogOfASliceIsVersionOne) {
  Commit(kT1);
  Touch("p=1/" + BaseFile("a", kT1));
  EXPECT_EQ(OnlySlice().next_log_version(), 1);
}

TEST_F(FileSlices, LogsNamedAfterAPendingCompactionBelongToTheSliceItCovers) {
  Commit(kT1);
  RequestCompaction(kT2, "a");
  Commit(kT3);
  Touch("p=1/" + BaseFile("a", kT1));
  Touch("p=1/" + LogFile("a", kT1, 7));
  Touch("p=1/" + BaseFile("a", kT2));  // not published yet
  Touch("p=1/" + LogFile("a", kT2, 1));
  const FileSlice slice = OnlySlice();
  EXPECT_EQ(slice.base_file_name, BaseFile("a", kT1));
  EXPECT_THAT(LogNames(slice), ElementsAre(LogFile("a", kT1, 7), LogFile("a", kT2, 1)));
  EXPECT_EQ(slice.pending_compaction, kT2);
  EXPECT_EQ(slice.log_base_instant(), kT2);
  EXPECT_EQ(slice.next_log_version(), 2);

  Touch(std::string(".hoodie/") + kT2 + ".commit", "{}");
  const FileSlice compacted = OnlySlice();
  EXPECT_EQ(compacted.base_file_name, BaseFile("a", kT2));
  EXPECT_THAT(LogNames(compacted), ElementsAre(LogFile("a", kT2, 1)));
  EXPECT_EQ(compacted.pending_compaction, "");
}

TEST_F(FileSlices, PendingCompactionIsKnownBeforeItsFirstLogAndOnlyForItsGroups) {
  Commit(kT1);
  RequestCompaction(kT2, "a");
  Touch("p=1/" + LogFile("a", kT1, 3));
  Touch("p=1/" + LogFile("b", kT1, 3));
  const auto slices = List();
  ASSERT_TRUE(slices.ok()) << slices.status().ToString();
  ASSERT_EQ(slices->size(), 2u);
  EXPECT_EQ((*slices)[0].pending_compaction, kT2);
  EXPECT_EQ((*slices)[0].next_log_version(), 1);
  EXPECT_EQ((*slices)[1].pending_compaction, "");
  EXPECT_EQ((*slices)[1].next_log_version(), 4);
}

TEST_F(FileSlices, BrokenOrContradictingCompactionPlansAreErrors) {
  Commit(kT1);
  RequestCompaction(kT2, "a");
  RequestCompaction(kT3, "a");
  EXPECT_EQ(KindOf(List().status()), ErrorKind::kCorrupt);
  EXPECT_THAT(List().status().message(), HasSubstr("two pending compactions"));
  ASSERT_TRUE(
      files_.ReplaceFile(folder_.path() + "/.hoodie/" + kT3 + ".compaction.requested", "x").ok());
  EXPECT_EQ(KindOf(List().status()), ErrorKind::kCorrupt);
  EXPECT_THAT(List().status().message(), HasSubstr(std::string(kT3) + ".compaction.requested"));
}

TEST_F(FileSlices, ReplacedGroupsTakeTheirLogsWithThem) {
  Commit(kT1);
  Touch("p=1/" + LogFile("a", kT1, 1));
  CommitMetadata replace;
  replace.replaced_file_ids = {{"p=1", {"a"}}};
  Touch(std::string(".hoodie/") + kT2 + ".replacecommit", FormatCommitMetadata(replace));
  EXPECT_THAT(*List(), IsEmpty());
  EXPECT_EQ(List(kT1)->size(), 1u);
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

// From table version 8 on a log belongs to a slice by the time at which its commit completed.

TEST_F(FileSlices, NewerLogBelongsToTheBaseFileBegunBeforeItCompleted) {
  constexpr char kLater[] = "20261122125800009";
  Complete(kT1, kT1);
  Complete(kT2, kLater);  // began before the compaction, completed after it
  Complete(kT3, kT3);
  Touch("p=1/" + BaseFile("f-0", kT1));
  Touch("p=1/" + LogFile("f-0", kT2, 1));
  Touch("p=1/" + BaseFile("f-0", kT3));
  const FileSlice newest = OnlyNewerSlice();
  EXPECT_EQ(newest.base_instant, kT3);
  EXPECT_THAT(LogNames(newest), ElementsAre(LogFile("f-0", kT2, 1)));
  const FileSlice before = OnlyNewerSlice(kT2);
  EXPECT_EQ(before.base_instant, kT1);
  EXPECT_THAT(LogNames(before), ElementsAre(LogFile("f-0", kT2, 1)));
}

TEST_F(FileSlices, NewerLogsWithoutBaseFileMakeOneSlice) {
  Complete(kT1, kT1);
  Complete(kT2, kT2);
  Touch("p=1/" + LogFile("f-0", kT1, 1));
  Touch("p=1/" + LogFile("f-0", kT2, 1));
  Touch("p=1/" + LogFile("f-0", kT3, 1));  // of a commit that did not complete
  Touch(std::string(".hoodie/timeline/") + kT3 + ".deltacommit.inflight");
  const FileSlice slice = OnlyNewerSlice();
  EXPECT_FALSE(slice.has_base_file());
  EXPECT_EQ(slice.base_instant, kT1);
  EXPECT_THAT(LogNames(slice), ElementsAre(LogFile("f-0", kT1, 1), LogFile("f-0", kT2, 1)));
}

}  // namespace
}  // namespace tapelake::hudi
