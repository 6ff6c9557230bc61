#include "app/made_streams.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stream/stream_metadata.h"
#include "testing/fake_clock.h"
#include "testing/fake_file_system.h"

namespace tapelake::app {
namespace {

using ::testing::SizeIs;

constexpr char kFolder[] = "/lake/.tapelake/made-streams";

class MadeStreamsTest : public ::testing::Test {
 protected:
  void Open(std::set<std::string> declared = {}) {
    streams_.reset();
    auto opened = MadeStreams::Open({.files = files_,
                                     .clock = clock_,
                                     .directory = kFolder,
                                     .options = {},
                                     .declared = std::move(declared)});
    ASSERT_TRUE(opened.ok()) << opened.status();
    streams_ = std::move(*opened);
    streams_->Start();
  }

  static Status Put(const serve::KinesisStream& stream, const std::string& data) {
    const std::vector<stream::PutEntry> entries = {{"key", data}};
    return stream.writer->Put(entries).status();
  }

  testing::FakeFileSystem files_;
  testing::FakeClock clock_{1'795'374'124'000'000};
  std::unique_ptr<MadeStreams> streams_;
};

TEST_F(MadeStreamsTest, AreThereAgainAfterARestart) {
  Open();
  const auto made = streams_->Make("clicks", 3);
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ(made->log->shards()->open_count(), 3u);
  ASSERT_TRUE(Put(*made, "one").ok());
  EXPECT_EQ(KindOf(streams_->Make("clicks", 1).status()), ErrorKind::kAlreadyExists);
  EXPECT_EQ(KindOf(streams_->Make(".", 1).status()), ErrorKind::kInvalid);
  files_.LosePower();
  Open();
  const auto again = streams_->streams();
  ASSERT_THAT(again, SizeIs(1));
  EXPECT_EQ(again[0].log->name(), "clicks");
  EXPECT_EQ(again[0].log->shards()->open_count(), 3u);
  EXPECT_EQ(again[0].log->facts().next_sequence, 2u);
}

TEST_F(MadeStreamsTest, KeepTheRetentionThatAClientGaveThem) {
  constexpr int64_t kWeekMicros = int64_t{7} * 24 * 3'600 * 1'000'000;
  Open();
  const auto made = streams_->Make("clicks", 1);
  ASSERT_TRUE(made.ok()) << made.status();
  ASSERT_TRUE(made->log->SetRetention(kWeekMicros).ok());
  files_.LosePower();
  Open();
  EXPECT_EQ(streams_->streams().at(0).log->retention_micros(), kWeekMicros);
  ASSERT_TRUE(streams_->Delete("clicks").ok());
  const auto anew = streams_->Make("clicks", 1);
  ASSERT_TRUE(anew.ok()) << anew.status();
  EXPECT_EQ(anew->log->retention_micros(), stream::StreamOptions().retention_micros);
}

TEST_F(MadeStreamsTest, AreGoneWhenTheyAreDeleted) {
  Open();
  const auto made = streams_->Make("clicks", 1);
  ASSERT_TRUE(made.ok()) << made.status();
  ASSERT_TRUE(Put(*made, "one").ok());
  ASSERT_TRUE(streams_->Delete("clicks").ok());
  EXPECT_EQ(KindOf(streams_->Delete("clicks")), ErrorKind::kNotFound);
  EXPECT_EQ(KindOf(Put(*made, "two")), ErrorKind::kShuttingDown) << "who still has it may ask";
  files_.LosePower();
  Open();
  EXPECT_THAT(streams_->streams(), SizeIs(0));
  const auto anew = streams_->Make("clicks", 1);
  ASSERT_TRUE(anew.ok()) << anew.status();
  EXPECT_EQ(anew->log->facts().next_sequence, 1u);
}

TEST_F(MadeStreamsTest, StayAsLongAsSomethingReadsThem) {
  Open();
  const auto made = streams_->Make("clicks", 1);
  ASSERT_TRUE(made.ok()) << made.status();
  made->log->SetTaken("firehose orders", 1);
  const Status refused = streams_->Delete("clicks");
  EXPECT_EQ(KindOf(refused), ErrorKind::kConflict);
  EXPECT_THAT(refused.message(), ::testing::HasSubstr("firehose orders"));
  EXPECT_TRUE(Put(*made, "one").ok());
  made->log->Forget("firehose orders");
  EXPECT_TRUE(streams_->Delete("clicks").ok());
}

TEST_F(MadeStreamsTest, WhatAHalfDeletionLeftIsClearedAway) {
  Open();
  ASSERT_TRUE(streams_->Make("clicks", 1).ok());
  streams_.reset();
  const std::string path = std::string(kFolder) + "/clicks";
  ASSERT_TRUE(files_.DeleteFile(stream::StreamMetadataPath(path)).ok());
  ASSERT_TRUE(files_.ReplaceFile(path + "/00000000000000000001.segment", "rest").ok());
  Open();
  EXPECT_THAT(streams_->streams(), SizeIs(0));
  EXPECT_FALSE(*files_.Exists(path));
}

TEST_F(MadeStreamsTest, ADeclaredNameIsNoClients) {
  Open();
  ASSERT_TRUE(streams_->Make("crypto.transactions", 1).ok());
  Open({"crypto.transactions"});
  EXPECT_THAT(streams_->streams(), SizeIs(0));
  EXPECT_EQ(KindOf(streams_->Make("crypto.transactions", 1).status()), ErrorKind::kAlreadyExists);
  Open();
  EXPECT_THAT(streams_->streams(), SizeIs(1));
}

TEST_F(MadeStreamsTest, AreBounded) {
  Open();
  for (size_t i = 0; i < MadeStreams::kStreamsMax; ++i)
    ASSERT_TRUE(streams_->Make("s" + std::to_string(i), 1).ok());
  EXPECT_EQ(KindOf(streams_->Make("more", 1).status()), ErrorKind::kThrottled);
}

}  // namespace
}  // namespace tapelake::app
