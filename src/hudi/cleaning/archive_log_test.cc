#include "hudi/cleaning/archive_log.h"

#include <gmock/gmock.h>

#include "hudi/format/commit_metadata.h"
#include "testing/fake_file_system.h"

namespace tapelake::hudi {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr const char* kFolder = "/t/.hoodie/archived";

ArchivedEntry Entry(const std::string& timestamp, size_t bytes = 10) {
  CommitMetadata commit;
  commit.extra_metadata["filling"] = std::string(bytes, 'x');
  return {.timestamp = timestamp,
          .action = "deltacommit",
          .state = "COMPLETED",
          .content = FormatCommitMetadata(commit)};
}

class ArchiveLogTest : public ::testing::Test {
 protected:
  ArchiveLogTest() { EXPECT_TRUE(files_.CreateDirectories(kFolder).ok()); }

  ArchiveLog Open() {
    auto log = ArchiveLog::Open(files_, kFolder);
    EXPECT_TRUE(log.ok()) << log.status();
    return std::move(log).ValueUnsafe();
  }
  std::vector<std::string> Timestamps(const std::string& path) {
    std::vector<std::string> timestamps;
    const auto entries = ParseArchiveFile(*files_.ReadFile(path));
    EXPECT_TRUE(entries.ok()) << entries.status();
    for (const ArchivedEntry& entry : *entries)
      timestamps.push_back(entry.timestamp);
    return timestamps;
  }

  testing::FakeFileSystem files_;
};

TEST_F(ArchiveLogTest, NewestFileGrowsUntilItIsFull) {
  const size_t most = ArchiveLog::kFileBytesMax - 1'000'000;
  ArchiveLog log = Open();
  ASSERT_TRUE(log.Append({Entry("1", most)}).ok());
  ASSERT_TRUE(log.Append({Entry("2", 2'000'000)}).ok());
  ASSERT_THAT(files_.Paths(), ElementsAre(HasSubstr(".commits_.archive.1_1-0-1")));
  ASSERT_TRUE(log.Append({Entry("3")}).ok());
  ASSERT_TRUE(Open().Append({Entry("4")}).ok()) << "another process goes on with the newest";
  const auto paths = files_.Paths();
  ASSERT_THAT(paths, SizeIs(2));
  EXPECT_THAT(Timestamps(paths[0]), ElementsAre("1", "2"));
  EXPECT_THAT(Timestamps(paths[1]), ElementsAre("3", "4"));
}

TEST_F(ArchiveLogTest, StoresNoEntryTwiceUntilToldToForget) {
  ArchiveLog log = Open();
  ASSERT_TRUE(log.Append({Entry("1"), Entry("2")}).ok());
  ASSERT_TRUE(log.Append({Entry("2"), Entry("3")}).ok());
  ASSERT_TRUE(Open().Append({Entry("1"), Entry("3"), Entry("4")}).ok());
  EXPECT_THAT(Timestamps(files_.Paths().front()), ElementsAre("1", "2", "3", "4"));
  log.Forget();
  ASSERT_TRUE(log.Append({Entry("1")}).ok());
  EXPECT_THAT(Timestamps(files_.Paths().front()), ElementsAre("1", "2", "3", "4", "1"));
}

TEST_F(ArchiveLogTest, LeavesAloneWhatItDidNotWriteOrCannotRead) {
  const std::string by_hudi = std::string(kFolder) + "/.commits_.archive.3_1-7-9";
  ASSERT_TRUE(files_.CreateIfAbsent(by_hudi, "something").ok());
  ASSERT_TRUE(Open().Append({Entry("1")}).ok());
  const std::string ours = std::string(kFolder) + "/.commits_.archive.4_1-0-1";
  EXPECT_THAT(files_.Paths(), ElementsAre(by_hudi, ours));
  std::string flipped = *files_.ReadFile(ours);
  ASSERT_TRUE(Open().Append({Entry("2")}).ok());
  const std::string whole = *files_.ReadFile(ours);
  flipped = whole;
  flipped[40] = static_cast<char>(flipped[40] ^ 1);
  ASSERT_TRUE(files_.ReplaceFile(ours, flipped).ok());
  ASSERT_TRUE(Open().Append({Entry("3")}).ok());
  EXPECT_TRUE(files_.ReadFile(ours)->starts_with(flipped)) << "a repair may only add";
  EXPECT_EQ(*files_.ReadFile(by_hudi), "something");
}

TEST_F(ArchiveLogTest, RefusesAContentThatDoesNotParse) {
  ArchiveLog log = Open();
  ArchivedEntry entry = Entry("1");
  entry.content = "{";
  const Status status = log.Append({entry});
  EXPECT_EQ(KindOf(status), ErrorKind::kCorrupt);
  EXPECT_THAT(status.message(), HasSubstr("1"));
  EXPECT_THAT(files_.Paths(), SizeIs(0));
}

}  // namespace
}  // namespace tapelake::hudi
