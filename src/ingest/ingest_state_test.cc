#include "ingest/ingest_state.h"

#include <unistd.h>

#include <filesystem>

#include <gtest/gtest.h>

#include "io/local_file_system.h"

namespace tapelake::ingest {
namespace {

class IngestStateTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "tapelake-st-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
    state_.watermark_micros = 17;
    state_.change_seq = 42;
    state_.shape = record::RecordShape::kStreams;
    state_.positions["file-a \"x\""] = 12345;
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  std::string root_;
  io::LocalFileSystem files_;
  IngestState state_;
};

TEST_F(IngestStateTest, SmallStateTravelsInsideTheCommit) {
  const auto metadata = StoreState(files_, root_, "w", state_).ValueOrDie();
  EXPECT_EQ(metadata.count(kStateFileKey), 0u);
  const IngestState back = LoadState(files_, root_, metadata).ValueOrDie();
  EXPECT_EQ(back.positions, state_.positions);
  EXPECT_EQ(back.change_seq, 42);
  EXPECT_EQ(back.watermark_micros, 17);
  EXPECT_EQ(back.shape, record::RecordShape::kStreams);
}

TEST_F(IngestStateTest, TombstonesAndManyPositionsTravelInASideFile) {
  for (int i = 0; i < 2000; ++i)
    state_.positions["source-" + std::to_string(i)] = 7;
  state_.tombstones.push_back({"k\n1", {99, "123"}, 120});
  const auto metadata = StoreState(files_, root_, "w", state_).ValueOrDie();
  EXPECT_LT(metadata.at(kPositionsKey).size(), 100u);
  const IngestState back = LoadState(files_, root_, metadata).ValueOrDie();
  EXPECT_EQ(back.positions, state_.positions);
  ASSERT_EQ(back.tombstones.size(), 1u);
  EXPECT_EQ(back.tombstones[0].key, "k\n1");
  EXPECT_EQ(back.tombstones[0].order.time_micros, 99);
  EXPECT_EQ(back.tombstones[0].order.sequence, "123");
  EXPECT_EQ(back.tombstones[0].arrival_micros, 120);
}

TEST_F(IngestStateTest, MarksTravelWithThePositions) {
  state_.marks["kinesis:s/shard-1"] = {.offset = 12, .text = "after 4968 17"};
  state_.marks["kinesis:s/shard-2"] = {.offset = 0, .text = "oldest", .at_end = true};
  const auto metadata = StoreState(files_, root_, "w", state_).ValueOrDie();
  EXPECT_EQ(metadata.at(kMarksKey),
            R"({"kinesis:s/shard-1":[12,"after 4968 17"],"kinesis:s/shard-2":[0,"oldest",true]})");
  EXPECT_EQ(LoadState(files_, root_, metadata).ValueOrDie().marks, state_.marks);
}

TEST_F(IngestStateTest, ManyMarksTravelInTheSideFile) {
  for (int i = 0; i < 1000; ++i)
    state_.marks["shard-" + std::to_string(i)] = {.offset = 3, .text = "after 1 2"};
  const auto metadata = StoreState(files_, root_, "w", state_).ValueOrDie();
  EXPECT_EQ(metadata.at(kMarksKey), "@state_file");
  EXPECT_EQ(metadata.at(kPositionsKey), "@state_file");
  const IngestState back = LoadState(files_, root_, metadata).ValueOrDie();
  EXPECT_EQ(back.marks, state_.marks);
  EXPECT_EQ(back.positions, state_.positions);
}

TEST_F(IngestStateTest, WithoutMarksACommitIsWhatItWas) {
  EXPECT_EQ(StoreState(files_, root_, "w", state_).ValueOrDie().count(kMarksKey), 0u);
  state_.tombstones.push_back({"k", {99, ""}, 99});
  const auto metadata = StoreState(files_, root_, "w", state_).ValueOrDie();
  const std::string path =
      io::JoinPath(root_, ".hoodie/.aux/tapelake/" + metadata.at(kStateFileKey));
  EXPECT_EQ(files_.ReadFile(path).ValueOrDie(),
            R"({"format":1,"positions":{},"tombstones":[["k",99,"",99]]})");
}

TEST_F(IngestStateTest, BadMarksAreNamed) {
  auto metadata = StoreState(files_, root_, "w", state_).ValueOrDie();
  for (const char* bad : {R"({"log-7":[-1,"x"]})", R"({"log-7":[1]})", R"({"log-7":[1,2]})",
                          R"({"log-7":"x"})", R"({"log-7":[1,"x",true,true]})"}) {
    metadata[kMarksKey] = bad;
    const auto back = LoadState(files_, root_, metadata);
    EXPECT_EQ(KindOf(back.status()), ErrorKind::kCorrupt) << bad;
    EXPECT_NE(back.status().message().find("log-7"), std::string::npos) << bad;
  }
  metadata[kMarksKey] = "[]";
  EXPECT_EQ(KindOf(LoadState(files_, root_, metadata).status()), ErrorKind::kCorrupt);
}

TEST_F(IngestStateTest, ADamagedSideFileIsRefused) {
  state_.tombstones.push_back({"k", {99, ""}, 99});
  const auto metadata = StoreState(files_, root_, "w", state_).ValueOrDie();
  const std::string path =
      io::JoinPath(root_, ".hoodie/.aux/tapelake/" + metadata.at(kStateFileKey));
  std::string content = files_.ReadFile(path).ValueOrDie();
  content[content.size() / 2] ^= 1;
  ASSERT_TRUE(files_.ReplaceFile(path, content).ok());
  const auto back = LoadState(files_, root_, metadata);
  EXPECT_EQ(KindOf(back.status()), ErrorKind::kCorrupt);
}

TEST_F(IngestStateTest, BadNumbersAndShapesAreNamed) {
  auto metadata = StoreState(files_, root_, "w", state_).ValueOrDie();
  metadata[kChangeSeqKey] = "12x";
  EXPECT_NE(LoadState(files_, root_, metadata).status().message().find("12x"), std::string::npos);
  metadata[kChangeSeqKey] = "12";
  metadata[kShapeKey] = "tape";
  EXPECT_NE(LoadState(files_, root_, metadata).status().message().find("tape"), std::string::npos);
}

TEST_F(IngestStateTest, OldSideFilesAreDropped) {
  state_.tombstones.push_back({"k", {99, ""}, 99});
  const auto first = StoreState(files_, root_, "w", state_).ValueOrDie();
  state_.change_seq = 43;
  const auto second = StoreState(files_, root_, "w", state_).ValueOrDie();
  DropOldStateFiles(files_, root_, second);
  EXPECT_EQ(files_.List(io::JoinPath(root_, ".hoodie/.aux/tapelake")).ValueOrDie().size(), 1u);
  EXPECT_TRUE(LoadState(files_, root_, second).ok());
}

}  // namespace
}  // namespace tapelake::ingest
