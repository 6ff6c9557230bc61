// The same life of a table on a file system and on S3, however badly S3 answers.

#include <gmock/gmock.h>

#include <atomic>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "io/s3/s3_file_system.h"
#include "testing/fake_clock.h"
#include "testing/fake_file_system.h"
#include "testing/fake_s3.h"
#include "testing/table_life.h"

namespace tapelake::hudi {
namespace {

using testing::FakeS3;

constexpr char kPath[] = "s3://bucket/lake/table";

class FixedKeys : public io::aws::CredentialSource {
 public:
  Result<io::aws::Credentials> Get() override { return FakeS3::Keys(); }
  void Refuse(const io::aws::Credentials&) override {}
};

/// A file system on S3 in memory.
class OnS3 {
 protected:
  FakeS3 server_;
  FixedKeys keys_;
  testing::FakeClock clock_{1'795'370'400'000'000};
  io::SeededRandom random_{1};
  io::SeededRandom marks_{2};
  io::S3Client client_{
      io::S3Environment{.http = server_, .credentials = keys_, .clock = clock_, .random = random_},
      {.endpoint = "http://127.0.0.1:9000", .region = "eu-west-1", .addressing = "path"}};
  io::S3FileSystem files_{client_, marks_};
};

class S3TableTest : public ::testing::TestWithParam<TableType>, protected OnS3 {
 protected:
  /// Path below the table → content.
  using Tree = std::map<std::string, std::string>;

  static Tree LocalTree(TableType type) {
    testing::FakeFileSystem files;
    const std::string base = kPath;  // which stands in plans of the cleaner
    EXPECT_TRUE(files.CreateDirectories("s3://bucket/lake").ok());
    const Status lived = testing::LiveTableLife(files, base, type);
    EXPECT_TRUE(lived.ok()) << lived;
    Tree tree;
    for (const std::string& path : files.Paths())
      tree[path.substr(base.size())] = *files.ReadFile(path);
    return tree;
  }
  Tree S3Tree() const {
    Tree tree;
    for (const auto& [place, object] : server_.objects())
      tree[place.substr(std::string("bucket/lake/table").size())] = object.content;
    return tree;
  }
  static void ExpectEqual(const Tree& one, const Tree& other) {
    std::vector<std::string> names;
    std::vector<std::string> other_names;
    for (const auto& [name, content] : one)
      names.push_back(name);
    for (const auto& [name, content] : other)
      other_names.push_back(name);
    ASSERT_EQ(names, other_names);
    EXPECT_GT(names.size(), 20u);
    for (const auto& [name, content] : one)
      EXPECT_TRUE(content == other.at(name)) << name << " differs";
  }
};

TEST_P(S3TableTest, LivesTheSameLife) {
  const Status lived = testing::LiveTableLife(files_, kPath, GetParam());
  ASSERT_TRUE(lived.ok()) << lived;
  ExpectEqual(S3Tree(), LocalTree(GetParam()));
}

TEST_P(S3TableTest, LivesTheSameLifeWhateverRequestsFail) {
  const Tree expected = LocalTree(GetParam());
  for (uint64_t seed = 1; seed <= 3; ++seed) {
    io::SeededRandom dice(seed);
    server_.SetFaults([&dice](const io::HttpRequest&) -> FakeS3::Fault {
      switch (dice.Below(20)) {
        case 0:
          return {.lose_answer = true};
        case 1:
          return {.answer = FakeS3::Failure(500, "InternalError")};
        case 2:
          return {.answer = FakeS3::Failure(503, "SlowDown")};
        case 3:
          return {.lose_request = true};
        default:
          return {};
      }
    });
    const Status lived = testing::LiveTableLife(files_, kPath, GetParam());
    ASSERT_TRUE(lived.ok()) << "seed " << seed << ": " << lived;
    server_.SetFaults(nullptr);
    ExpectEqual(S3Tree(), expected);
    ASSERT_TRUE(files_.DeleteDirectory("s3://bucket/lake").ok());
  }
}

INSTANTIATE_TEST_SUITE_P(Types, S3TableTest,
                         ::testing::Values(TableType::kCopyOnWrite, TableType::kMergeOnRead),
                         [](const auto& info) {
                           return info.param == TableType::kCopyOnWrite ? "Cow" : "Mor";
                         });

class S3RaceTest : public ::testing::Test, protected OnS3 {};

TEST_F(S3RaceTest, OneOfManyCreatorsWins) {
  for (int round = 0; round < 50; ++round) {
    const std::string path = "s3://bucket/commit-" + std::to_string(round);
    std::atomic<int> won = 0;
    std::vector<std::jthread> writers;
    for (int writer = 0; writer < 4; ++writer) {
      writers.emplace_back([&] {
        const Status created = files_.CreateIfAbsent(path, "the same bytes");
        if (created.ok()) ++won;
        EXPECT_TRUE(created.ok() || KindOf(created) == ErrorKind::kAlreadyExists) << created;
      });
    }
    writers.clear();  // joins
    EXPECT_EQ(won, 1);
  }
}

}  // namespace
}  // namespace tapelake::hudi
