#include "app/made_deliveries.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <thread>

#include "stream/stream_writer.h"
#include "testing/fake_clock.h"
#include "testing/fake_file_system.h"

namespace tapelake::app {
namespace {

using tapelake::testing::FakeFileSystem;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kFolder[] = "/lake/.tapelake/made-deliveries/orders";
constexpr int64_t kStartMicros = 1'795'374'124'000'000;  // 2026-11-22T19:02:04Z

class MadeDeliveriesTest : public ::testing::Test {
 protected:
  MadeDeliveriesTest() {
    files_.SetBefore([this](FakeFileSystem::Step step, const std::string& path) {
      const bool writes =
          step != FakeFileSystem::Step::kRead && step != FakeFileSystem::Step::kList;
      if (writes && path.starts_with("/lake/.tapelake/made-deliveries") && steps_left_-- == 0) {
        return MakeError(ErrorKind::kUnavailable, "the disk has a bad moment");
      }
      if (step != FakeFileSystem::Step::kReplace || !path.starts_with("/buckets/")) {
        return Status::OK();
      }
      if (!bucket_away_) return Status::OK();
      ++refused_;
      return MakeError(ErrorKind::kNotFound, "the bucket is away");
    });
  }

  void Open(std::set<std::string> declared = {}) {
    all_.reset();
    auto opened = MadeDeliveries::Open({.files = files_,
                                        .clock = clock_,
                                        .lake_path = "/lake",
                                        .buckets = "/buckets",
                                        .log = {},
                                        .declared = std::move(declared),
                                        .find_source = Finder()});
    ASSERT_TRUE(opened.ok()) << opened.status();
    all_ = std::move(*opened);
  }

  /// Finds the stream `clicks`, if there is one.
  std::function<Result<serve::KinesisStream>(const std::string&)> Finder() {
    return [this](const std::string& name) -> Result<serve::KinesisStream> {
      if (clicks_ != nullptr && name == "clicks") return serve::KinesisStream{.log = clicks_.get()};
      return MakeError(ErrorKind::kNotFound, "there is no Kinesis stream '" + name + "'");
    };
  }

  void OpenClicks() {
    stream::StreamOptions options;
    options.segment_bytes_max = 1;  // each record is in a segment of its own
    options.retention_micros = 1;
    auto opened = stream::Stream::Open(files_, clock_, "/lake/clicks", "clicks", options, nullptr);
    ASSERT_TRUE(opened.ok()) << opened.status();
    clicks_ = std::move(*opened);
  }

  void Click(const std::string& data) {
    const std::vector<stream::PutEntry> entries = {{"key", data}};
    ASSERT_TRUE(clicks_->Append(entries).ok());
    ASSERT_TRUE(clicks_->Sync().ok());
  }

  /// One whose objects are cut when they are old.
  static serve::DeliveryStream Wanted(const std::string& name = "orders") {
    serve::DeliveryStream wanted{
        .name = name, .buffer_bytes = 5 << 20, .buffer_micros = 60'000'000};
    wanted.objects.bucket = "landing";
    wanted.objects.compression = "UNCOMPRESSED";
    return wanted;
  }

  serve::DeliveryStream Make(const serve::DeliveryStream& wanted = Wanted()) {
    auto made = all_->Make(wanted);
    EXPECT_TRUE(made.ok()) << made.status();
    return made.ok() ? *made : serve::DeliveryStream();
  }

  static Status Put(const serve::DeliveryStream& stream, const std::string& data) {
    const std::vector<stream::PutEntry> entries = {{"key", data}};
    return stream.writer->Put(entries).status();
  }

  /// What the bucket holds below a prefix, in the order of the objects' numbers.
  std::string Delivered(const std::string& prefix = "") {
    std::map<std::string, std::string> by_number;
    for (const std::string& path : files_.Paths()) {
      if (!path.starts_with("/buckets/landing/" + prefix)) continue;
      by_number[path.substr(path.rfind('-'))] += files_.ReadFile(path).ValueOr("");
    }
    std::string all;
    for (const auto& [number, bytes] : by_number)
      all += bytes;
    return all;
  }

  template <typename Condition>
  static void Await(const Condition& condition) {
    while (!condition())
      std::this_thread::yield();
  }

  /// Let more time pass than an object may wait, again and again.
  template <typename Condition>
  void AwaitLater(const Condition& condition) {
    Await([&] {
      clock_.Advance(61'000'000);
      return condition();
    });
  }

  FakeFileSystem files_;
  tapelake::testing::FakeClock clock_{kStartMicros};
  std::atomic<bool> bucket_away_{false};
  std::atomic<int> steps_left_{-1};  // of those that succeed before one fails; negative: all do
  std::atomic<int> refused_{0};
  std::unique_ptr<stream::Stream> clicks_;
  std::unique_ptr<MadeDeliveries> all_;
};

TEST_F(MadeDeliveriesTest, DeliverWhatIsPutWhenItIsOldEnough) {
  Open();
  const serve::DeliveryStream stream = Make();
  ASSERT_TRUE(Put(stream, "one").ok());
  ASSERT_TRUE(Put(stream, "two").ok());
  AwaitLater([&] { return Delivered() == "onetwo"; });
  Await([&] { return all_->counts()["orders"].lines == 2; });
}

TEST_F(MadeDeliveriesTest, AreThereAgainAfterPowerLossAndLoseNothing) {
  Open();
  serve::DeliveryStream wanted = Wanted();
  wanted.tags = {{"team", "a"}};
  const serve::DeliveryStream made = Make(wanted);
  EXPECT_EQ(made.created_micros, kStartMicros);
  ASSERT_TRUE(Put(made, "one").ok());
  all_.reset();
  files_.LosePower();
  Open();
  auto streams = all_->streams();
  ASSERT_THAT(streams, SizeIs(1));
  EXPECT_EQ(streams[0].tags, wanted.tags);
  EXPECT_EQ(streams[0].created_micros, kStartMicros);
  EXPECT_NE(streams[0].keeper, nullptr);
  ASSERT_TRUE(Put(streams[0], "two").ok());
  AwaitLater([&] { return Delivered() == "onetwo"; });
  all_.reset();
  files_.LosePower();
  Open();
  ASSERT_TRUE(all_->Delete("orders", false).ok());
  EXPECT_EQ(Delivered(), "onetwo");
}

TEST_F(MadeDeliveriesTest, DeliverAllBeforeTheyAreDeleted) {
  Open();
  const serve::DeliveryStream stream = Make();
  ASSERT_TRUE(Put(stream, "one").ok());
  ASSERT_TRUE(all_->Delete("orders", false).ok());
  EXPECT_EQ(Delivered(), "one");
  EXPECT_EQ(KindOf(all_->Delete("orders", false)), ErrorKind::kNotFound);
  EXPECT_EQ(KindOf(Put(stream, "two")), ErrorKind::kShuttingDown) << "who still has it may ask";
  files_.LosePower();
  Open();
  EXPECT_THAT(all_->streams(), IsEmpty());
  // Made again at once: its objects are others.
  clock_.SetWall(kStartMicros + 1'000);
  const serve::DeliveryStream again = Make();
  ASSERT_TRUE(Put(again, "two").ok());
  ASSERT_TRUE(all_->Delete("orders", false).ok());
  EXPECT_EQ(Delivered(), "onetwo");
}

TEST_F(MadeDeliveriesTest, StayWhenTheyCannotDeliverUnlessForced) {
  Open();
  const serve::DeliveryStream stream = Make();
  bucket_away_ = true;
  ASSERT_TRUE(Put(stream, "one").ok());
  const Status refused = all_->Delete("orders", false);
  EXPECT_EQ(KindOf(refused), ErrorKind::kUnavailable);
  EXPECT_THAT(refused.message(), ::testing::HasSubstr("the bucket is away"));
  ASSERT_THAT(all_->streams(), SizeIs(1));
  ASSERT_TRUE(Put(stream, "two").ok()) << "it still takes records";
  bucket_away_ = false;
  AwaitLater([&] { return Delivered() == "onetwo"; });
  bucket_away_ = true;
  ASSERT_TRUE(Put(stream, "three").ok());
  Status forced;
  std::atomic<bool> done{false};
  std::thread deleting([&] {
    forced = all_->Delete("orders", true);
    done = true;
  });
  Await([&] {
    clock_.Advance(1'100'000);  // past the pause after a failure
    return done.load();
  });
  deleting.join();
  EXPECT_TRUE(forced.ok()) << forced;
  EXPECT_THAT(all_->streams(), IsEmpty());
  EXPECT_EQ(Delivered(), "onetwo");
}

TEST_F(MadeDeliveriesTest, ChangeHowTheyDeliverForGood) {
  Open();
  ASSERT_TRUE(Put(Make(), "one").ok());
  serve::DeliveryStream wanted = all_->streams().at(0);
  wanted.version = 2;
  wanted.objects.prefix = "other/";
  wanted.objects.error_prefix = "bad/";
  clock_.Advance(1'000);
  auto changed = all_->Change(wanted);
  ASSERT_TRUE(changed.ok()) << changed.status();
  EXPECT_EQ(changed->updated_micros, kStartMicros + 1'000);
  ASSERT_TRUE(Put(*changed, "two").ok());
  files_.LosePower();
  Open();
  const serve::DeliveryStream now = all_->streams().at(0);
  EXPECT_EQ(now.version, 2);
  EXPECT_EQ(now.updated_micros, kStartMicros + 1'000);
  EXPECT_EQ(now.objects.prefix, "other/");
  // What was in no object yet is delivered as it is wanted now.
  AwaitLater([&] { return Delivered("other/") == "onetwo"; });
  wanted.objects.time_zone = "nowhere";
  EXPECT_EQ(KindOf(all_->Change(wanted).status()), ErrorKind::kInvalid);
  wanted.name = "none";
  EXPECT_EQ(KindOf(all_->Change(wanted).status()), ErrorKind::kNotFound);
}

TEST_F(MadeDeliveriesTest, GiveUpNoRecordWhileTheBucketIsAway) {
  Open();
  const serve::DeliveryStream stream = Make();
  bucket_away_ = true;
  std::string expected;
  for (int i = 0; i < 50; ++i) {
    expected += std::to_string(i) + ";";
    ASSERT_TRUE(Put(stream, std::to_string(i) + ";").ok());
    clock_.Advance(30'000'000);
  }
  Await([&] {
    clock_.Advance(1'100'000);
    return refused_ > 2;
  });
  all_.reset();
  files_.LosePower();
  Open();
  bucket_away_ = false;
  AwaitLater([&] { return Delivered() == expected; });
}

TEST_F(MadeDeliveriesTest, DeliverWhatComesToTheirSource) {
  OpenClicks();
  Click("before");
  Open();
  serve::DeliveryStream wanted = Wanted();
  wanted.source = "clicks";
  const serve::DeliveryStream made = Make(wanted);
  EXPECT_EQ(made.writer, nullptr);
  EXPECT_EQ(made.source_start, 2);
  Click("one");
  all_.reset();
  clicks_.reset();
  files_.LosePower();
  // Without its source it waits, and its name is taken.
  Open();
  EXPECT_THAT(all_->streams(), IsEmpty());
  EXPECT_EQ(KindOf(all_->Make(Wanted()).status()), ErrorKind::kAlreadyExists);
  OpenClicks();
  Open();
  EXPECT_EQ(all_->streams().at(0).source, "clicks");
  Click("two");
  clock_.Advance(1'000);
  ASSERT_TRUE(clicks_->DropExpired().ok());
  EXPECT_EQ(clicks_->facts().first_sequence, 2u) << "what is not delivered is held back";
  AwaitLater([&] { return Delivered() == "onetwo"; });
  Await([&] { return clicks_->taken().begin()->second == 4; });
  Click("three");
  ASSERT_TRUE(all_->Delete("orders", false).ok());
  EXPECT_EQ(Delivered(), "onetwothree");
  EXPECT_THAT(clicks_->taken(), IsEmpty()) << "nothing is held back any more";
}

TEST_F(MadeDeliveriesTest, NeedASourceThatIsThere) {
  Open();
  serve::DeliveryStream wanted = Wanted();
  wanted.source = "none";
  EXPECT_EQ(KindOf(all_->Make(wanted).status()), ErrorKind::kInvalid);
  EXPECT_FALSE(*files_.Exists(kFolder));
}

TEST_F(MadeDeliveriesTest, RefuseWhatCannotBe) {
  Open();
  Make();
  EXPECT_EQ(KindOf(all_->Make(Wanted()).status()), ErrorKind::kAlreadyExists);
  EXPECT_EQ(KindOf(all_->Make(Wanted(".hidden")).status()), ErrorKind::kInvalid);
  serve::DeliveryStream wanted = Wanted("other");
  wanted.objects.prefix = "!{timestamp:yyyy}/";
  EXPECT_EQ(KindOf(all_->Make(wanted).status()), ErrorKind::kInvalid) << "no error prefix";
  EXPECT_THAT(all_->streams(), SizeIs(1));
  EXPECT_FALSE(*files_.Exists("/lake/.tapelake/made-deliveries/other"));
}

TEST_F(MadeDeliveriesTest, ADeclaredNameIsNoClients) {
  Open();
  Make(Wanted("crypto.transactions"));
  Open({"crypto.transactions"});
  EXPECT_THAT(all_->streams(), IsEmpty());
  EXPECT_EQ(KindOf(all_->Make(Wanted("crypto.transactions")).status()), ErrorKind::kAlreadyExists);
  Open();
  EXPECT_THAT(all_->streams(), SizeIs(1));
}

TEST_F(MadeDeliveriesTest, WhatAHalfDeletionLeftIsClearedAway) {
  Open();
  ASSERT_TRUE(Put(Make(), "one").ok());
  all_.reset();
  ASSERT_TRUE(files_.DeleteFile(std::string(kFolder) + "/definition").ok());
  Open();
  EXPECT_THAT(all_->streams(), IsEmpty());
  for (const std::string& path : files_.Paths())
    EXPECT_FALSE(path.starts_with(kFolder)) << path;
}

TEST_F(MadeDeliveriesTest, AreWholeOrNotThereWhateverFailsWhenTheyAreMade) {
  for (int step = 0; step < 12; ++step) {
    const std::string name = "s" + std::to_string(step);
    Open();
    steps_left_ = step;
    const auto made = all_->Make(Wanted(name));
    steps_left_ = -1;
    if (!made.ok()) {
      EXPECT_EQ(KindOf(made.status()), ErrorKind::kUnavailable) << made.status();
    }
    all_.reset();
    files_.LosePower();
    Open();
    const auto streams = all_->streams();
    if (made.ok()) {
      ASSERT_THAT(streams, SizeIs(1)) << step;
    }
    const serve::DeliveryStream stream = streams.empty() ? Make(Wanted(name)) : streams[0];
    ASSERT_TRUE(Put(stream, name).ok());
    ASSERT_TRUE(all_->Delete(name, false).ok());
    EXPECT_TRUE(Delivered().find(name) != std::string::npos) << step;
  }
}

TEST_F(MadeDeliveriesTest, DeliverEverythingWhateverFailsWhenTheyAreDeleted) {
  for (int step = 0; step < 12; ++step) {
    const std::string name = "d" + std::to_string(step);
    Open();
    ASSERT_TRUE(Put(Make(Wanted(name)), name + ";").ok());
    steps_left_ = step;
    Status deleted = all_->Delete(name, false);
    steps_left_ = -1;
    if (!deleted.ok()) {
      EXPECT_EQ(KindOf(deleted), ErrorKind::kUnavailable) << deleted;
      clock_.Advance(1'100'000);  // past the pause after a failure
      deleted = all_->Delete(name, false);
    }
    EXPECT_TRUE(deleted.ok()) << step << " " << deleted;
    all_.reset();
    files_.LosePower();
    Open();
    EXPECT_THAT(all_->streams(), IsEmpty()) << step;
    EXPECT_TRUE(Delivered().find(name + ";") != std::string::npos) << step;
  }
}

TEST_F(MadeDeliveriesTest, ADamagedDefinitionIsNamed) {
  Open();
  Make();
  all_.reset();
  const std::string path = std::string(kFolder) + "/definition";
  std::string text = *files_.ReadFile(path);
  text[20] ^= 1;
  ASSERT_TRUE(files_.ReplaceFile(path, text).ok());
  const auto opened = MadeDeliveries::Open({.files = files_,
                                            .clock = clock_,
                                            .lake_path = "/lake",
                                            .buckets = "/buckets",
                                            .log = {},
                                            .declared = {},
                                            .find_source = Finder()});
  EXPECT_EQ(KindOf(opened.status()), ErrorKind::kCorrupt);
  EXPECT_THAT(opened.status().message(), ::testing::HasSubstr(path));
}

TEST_F(MadeDeliveriesTest, AreBounded) {
  Open();
  for (size_t i = 0; i < MadeDeliveries::kStreamsMax; ++i)
    Make(Wanted("s" + std::to_string(i)));
  EXPECT_EQ(KindOf(all_->Make(Wanted("more")).status()), ErrorKind::kThrottled);
}

}  // namespace
}  // namespace tapelake::app
