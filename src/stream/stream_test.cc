#include "stream/stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "stream/stream_metadata.h"
#include "testing/stream_fixture.h"

namespace tapelake::stream {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using testing::FakeFileSystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class StreamTest : public testing::StreamFixture {
 protected:
  /// Let every step of one kind fail from now on.
  void Fail(FakeFileSystem::Step step) {
    files_.SetBefore([step](FakeFileSystem::Step it, const std::string& path) {
      if (it != step) return Status::OK();
      return MakeError(ErrorKind::kUnavailable, "no luck with '" + path + "'");
    });
  }
  void FailNothing() { files_.SetBefore(nullptr); }

  /// Count the reads of segment files from now on.
  void CountReads() {
    files_.SetBefore([this](FakeFileSystem::Step step, const std::string& path) {
      if (step == FakeFileSystem::Step::kRead && path.ends_with(".segment")) ++reads_;
      return Status::OK();
    });
  }

  std::atomic<int> reads_ = 0;
};

TEST_F(StreamTest, ReadsWhatWasSyncedInOrder) {
  const auto stream = Open();
  const auto places = Append(*stream, {"a", "b", "c"});
  ASSERT_TRUE(places.ok());
  ASSERT_THAT(*places, SizeIs(3));
  EXPECT_EQ((*places)[0].sequence, 1U);
  EXPECT_EQ((*places)[2].sequence, 3U);
  EXPECT_THAT(ReadAll(*stream), IsEmpty());
  ASSERT_TRUE(stream->Sync().ok());
  Write(*stream, {"d", "e"});
  EXPECT_THAT(ReadAll(*stream), ElementsAre("a", "b", "c", "d", "e"));
  EXPECT_EQ(stream->facts().next_sequence, 6U);
}

TEST_F(StreamTest, FindsEverythingAgainAfterReopening) {
  for (const Compression compression : {Compression::kNone, Compression::kZstd}) {
    options_.compression = compression;
    auto stream = Open();
    const uint64_t before = stream->facts().next_sequence;
    Write(*stream, Records("first", 500));
    Write(*stream, {"last"});
    stream.reset();
    stream = Open();
    EXPECT_EQ(report_.torn_bytes_cut, 0);
    auto expected = Records("first", 500);
    expected.push_back("last");
    Status status;
    EXPECT_THAT(ReadFrom(*stream, before, &status), ElementsAreArray(expected));
    EXPECT_TRUE(status.ok()) << status;
  }
}

TEST_F(StreamTest, StoresChangeRecordsInLessRoomWithZstd) {
  options_.compression = Compression::kNone;
  const auto plain = Open();
  Write(*plain, Records("a record much like the others", 1000));
  const int64_t plain_bytes = plain->facts().stored_bytes;
  options_.compression = Compression::kZstd;
  auto packed = Stream::Open(files_, clock_, "/lake/streams/packed", "packed", options_, nullptr);
  ASSERT_TRUE(packed.ok());
  Write(**packed, Records("a record much like the others", 1000));
  EXPECT_LT((*packed)->facts().stored_bytes * 4, plain_bytes);
}

TEST_F(StreamTest, KeepsItsShardsWhateverOptionsSayLater) {
  options_.shard_count = 3;
  auto stream = Open();
  EXPECT_THAT(stream->shards()->shards(), SizeIs(3));
  stream.reset();
  options_.shard_count = 7;
  EXPECT_THAT(Open()->shards()->shards(), SizeIs(3));
}

TEST_F(StreamTest, KeepsChangedShardsAndWhereRecordsWent) {
  options_.shard_count = 1;
  auto stream = Open();
  Write(*stream, {"a", "b"});
  const auto split = [](const ShardMap& now, uint64_t next) { return now.Split(0, 5, next); };
  ASSERT_TRUE(stream->Reshard(split).ok());
  for (int i = 0; i < 2; ++i) {
    const auto places = Append(*stream, {"c"});
    ASSERT_TRUE(places.ok()) << places.status();
    EXPECT_EQ(places->front().shard, 2U);
    ASSERT_TRUE(stream->Sync().ok());
    stream.reset();
    stream = Open();
  }
  EXPECT_EQ(stream->shards()->shards()[0].closed_at, 3U);
  EXPECT_EQ(stream->shards()->open_count(), 2U);
  const auto described = DescribeStream(files_, kDirectory);
  ASSERT_TRUE(described.ok()) << described.status();
  EXPECT_THAT(described->shards, SizeIs(3));
  const std::vector<PutEntry> low = {{"c", "c", 4}};
  EXPECT_EQ(stream->Append(low)->front().shard, 1U);
  EXPECT_EQ(KindOf(stream->Reshard(split)), ErrorKind::kInvalid) << "something waits";
  ASSERT_TRUE(stream->Sync().ok());
  EXPECT_EQ(KindOf(stream->Reshard(split)), ErrorKind::kConflict);
}

TEST_F(StreamTest, ShardsThatCannotBeKeptAreNotChanged) {
  options_.shard_count = 1;
  auto stream = Open();
  const auto split = [](const ShardMap& now, uint64_t next) { return now.Split(0, 5, next); };
  Fail(FakeFileSystem::Step::kReplace);
  EXPECT_EQ(KindOf(stream->Reshard(split)), ErrorKind::kUnavailable);
  FailNothing();
  Write(*stream, {"a"});
  EXPECT_EQ(stream->shards()->open_count(), 1U);
  // Done, and said to have failed: no record may go by the old shards, nor by the new ones.
  files_.SetAfter([](FakeFileSystem::Step step, const std::string&) {
    if (step != FakeFileSystem::Step::kReplace) return Status::OK();
    return MakeError(ErrorKind::kUnavailable, "no answer");
  });
  EXPECT_EQ(KindOf(stream->Reshard(split)), ErrorKind::kUnknownOutcome);
  files_.SetAfter(nullptr);
  EXPECT_EQ(KindOf(Append(*stream, {"b"}).status()), ErrorKind::kUnknownOutcome);
  stream.reset();
  stream = Open();
  EXPECT_EQ(stream->shards()->open_count(), 2U);
  EXPECT_EQ(stream->shards()->shards()[1].opened_at, 2U);
}

TEST_F(StreamTest, ChangedShardsSurvivePowerLoss) {
  options_.shard_count = 1;
  auto stream = Open();
  const auto split = [](const ShardMap& now, uint64_t next) { return now.Split(0, 5, next); };
  ASSERT_TRUE(stream->Reshard(split).ok());
  stream.reset();
  files_.LosePower();
  EXPECT_EQ(Open()->shards()->open_count(), 2U);
}

TEST_F(StreamTest, DamagedShardsAreNamed) {
  options_.shard_count = 1;
  auto stream = Open();
  ASSERT_TRUE(
      stream->Reshard([](const ShardMap& now, uint64_t next) { return now.Split(0, 5, next); })
          .ok());
  stream.reset();
  const std::string path = std::string(kDirectory) + "/shards";
  ASSERT_TRUE(files_.ReplaceFile(path, *files_.ReadFile(path) + "x").ok());
  const auto opened = Stream::Open(files_, clock_, kDirectory, "orders", options_, nullptr);
  EXPECT_EQ(KindOf(opened.status()), ErrorKind::kCorrupt);
  EXPECT_THAT(opened.status().message(), HasSubstr(path));
}

TEST_F(StreamTest, RefusesAnotherStreamsDirectory) {
  Open();
  const auto other = Stream::Open(files_, clock_, kDirectory, "trades", options_, nullptr);
  EXPECT_EQ(KindOf(other.status()), ErrorKind::kInvalid);
  EXPECT_THAT(other.status().message(), AllOf(HasSubstr("'orders'"), HasSubstr("'trades'")));
}

TEST_F(StreamTest, RefusesNamesThatCannotBeDirectories) {
  for (const char* name : {"", "a/b", "..", ".hidden", "a b"}) {
    const auto stream = Stream::Open(files_, clock_, kDirectory, name, options_, nullptr);
    EXPECT_EQ(KindOf(stream.status()), ErrorKind::kInvalid) << name;
  }
}

TEST_F(StreamTest, NamesTheEntryThatIsWrongAndTakesNone) {
  const auto stream = Open();
  const std::string long_key(257, 'k');
  for (const std::string& key : {std::string(), long_key, std::string("\xc3\x28", 2)}) {
    const std::vector<PutEntry> entries = {{"good", "1"}, {key, "2"}};
    const auto places = stream->Append(entries);
    EXPECT_EQ(KindOf(places.status()), ErrorKind::kInvalid);
    EXPECT_THAT(places.status().message(), AllOf(HasSubstr("entry 1"), HasSubstr("key")));
  }
  Write(*stream, {"first"});
  EXPECT_THAT(ReadAll(*stream), ElementsAre("first"));
}

TEST_F(StreamTest, RefusesWhatCouldNeverBeWritten) {
  options_.pending_bytes_max = 100;
  const auto stream = Open();
  EXPECT_EQ(KindOf(Append(*stream, {std::string(90, 'x')}).status()), ErrorKind::kInvalid);
  const std::string big(kRecordBytesMax + 1, 'x');
  const std::vector<PutEntry> entries = {{"key", big}};
  EXPECT_EQ(KindOf(stream->Append(entries).status()), ErrorKind::kInvalid);
}

TEST_F(StreamTest, ThrottlesWhenTooMuchWaitsForSync) {
  options_.pending_bytes_max = 300;
  const auto stream = Open();
  const std::string record(100, 'r');
  ASSERT_TRUE(Append(*stream, {record}).ok());
  const auto refused = Append(*stream, {record});
  EXPECT_EQ(KindOf(refused.status()), ErrorKind::kThrottled);
  ASSERT_TRUE(stream->Sync().ok());
  EXPECT_TRUE(Append(*stream, {record}).ok());
}

// ---- the tail in memory

TEST_F(StreamTest, ServesLiveReadersWithoutTouchingTheFile) {
  const auto stream = Open();
  CountReads();
  Write(*stream, Records("live", 100));
  EXPECT_THAT(ReadAll(*stream), SizeIs(100));
  EXPECT_EQ(reads_, 0);
}

TEST_F(StreamTest, ReadsFromTheFileWhatLeftTheTail) {
  options_.tail_bytes_max = 1;
  const auto stream = Open();
  std::vector<std::string> expected;
  for (int frame = 0; frame < 20; ++frame) {
    const auto records = Records("frame" + std::to_string(frame), 7);
    Write(*stream, records);
    expected.insert(expected.end(), records.begin(), records.end());
  }
  CountReads();
  EXPECT_THAT(ReadAll(*stream), ElementsAreArray(expected));
  EXPECT_GT(reads_, 0);
  for (uint64_t from = 1; from <= expected.size(); from += 13) {
    Status status;
    const auto rest = ReadFrom(*stream, from, &status, 1);
    EXPECT_THAT(
        rest, ElementsAreArray(expected.begin() + static_cast<int64_t>(from) - 1, expected.end()));
  }
}

TEST_F(StreamTest, ReadsEachOldFrameOnceHoweverSmallThePieces) {
  auto stream = Open();
  for (int frame = 0; frame < 5; ++frame)
    Write(*stream, Records("frame" + std::to_string(frame), 100));
  stream.reset();
  stream = Open();
  CountReads();
  Status status;
  EXPECT_THAT(ReadFrom(*stream, 1, &status, 1), SizeIs(500));
  EXPECT_EQ(reads_, 5);
}

TEST_F(StreamTest, SaysBothEndsToWhoAsksBeyondThem) {
  options_.segment_bytes_max = 1;
  options_.retention_bytes = 1;
  const auto stream = Open();
  for (const char* record : {"a", "b", "c"})
    Write(*stream, {record});
  ASSERT_TRUE(stream->DropExpired().ok());
  record::RecordBlock block;
  for (const uint64_t wrong : {1U, 5U}) {
    const Status status = stream->Read(wrong, 100, &block);
    EXPECT_EQ(KindOf(status), ErrorKind::kNotFound);
    EXPECT_THAT(status.message(), AllOf(HasSubstr("3 to 4"), HasSubstr(std::to_string(wrong))));
  }
}

TEST_F(StreamTest, PadsBlocksForTheParser) {
  const auto stream = Open();
  Write(*stream, {"record"});
  record::RecordBlock block;
  ASSERT_TRUE(stream->Read(1, 100, &block).ok());
  ASSERT_THAT(block.entries, SizeIs(1));
  EXPECT_GE(block.buffer.size(), 6 + record::kRecordPaddingBytes);
}

// ---- segments, times, retention

TEST_F(StreamTest, BeginsSegmentsNamedByTheirFirstRecord) {
  options_.segment_bytes_max = 1;
  const auto stream = Open();
  Write(*stream, {"a", "b"});
  Write(*stream, {"c"});
  EXPECT_THAT(SegmentPaths(), ElementsAre(SegmentPath(1), SegmentPath(3)));
  EXPECT_EQ(stream->facts().segments, 2);
}

TEST_F(StreamTest, ReadsAcrossSegmentsBeforeAndAfterReopening) {
  options_.segment_bytes_max = 2000;
  options_.compression = Compression::kNone;
  options_.tail_bytes_max = 1;
  auto stream = Open();
  std::vector<std::string> expected;
  for (int frame = 0; frame < 40; ++frame) {
    const auto records = Records("frame" + std::to_string(frame), 10);
    Write(*stream, records);
    expected.insert(expected.end(), records.begin(), records.end());
  }
  EXPECT_THAT(ReadAll(*stream), ElementsAreArray(expected));
  const StreamFacts before = stream->facts();
  EXPECT_GT(before.segments, 3);
  stream.reset();
  stream = Open();
  EXPECT_THAT(ReadAll(*stream), ElementsAreArray(expected));
  EXPECT_EQ(stream->facts().segments, before.segments);
  EXPECT_EQ(stream->facts().stored_bytes, before.stored_bytes);
  EXPECT_EQ(stream->facts().newest_arrival_micros, before.newest_arrival_micros);
}

TEST_F(StreamTest, FindsTheFirstRecordOfATime) {
  options_.segment_bytes_max = 300;
  options_.compression = Compression::kNone;
  auto stream = Open();
  EXPECT_EQ(*stream->SequenceAtTime(0), 1U);
  for (int minute = 0; minute < 10; ++minute) {
    clock_.SetWall(kStartMicros + minute * 60'000'000);
    Write(*stream, Records("minute", 3));
  }
  for (int round = 0; round < 2; ++round) {
    for (int minute = 0; minute < 10; ++minute) {
      const int64_t time = kStartMicros + minute * 60'000'000;
      const auto first = static_cast<uint64_t>(minute) * 3 + 1;
      EXPECT_EQ(*stream->SequenceAtTime(time), first);
      EXPECT_EQ(*stream->SequenceAtTime(time - 1), first);
      EXPECT_EQ(*stream->SequenceAtTime(time + 1), first + 3);
    }
    stream.reset();
    stream = Open();
  }
}

TEST_F(StreamTest, NeverLetsArrivalTimesGoBack) {
  options_.segment_bytes_max = 1;
  const auto stream = Open();
  Write(*stream, {"a"});
  clock_.SetWall(kStartMicros - 3'600'000'000);
  Write(*stream, {"b"});
  EXPECT_EQ(stream->facts().newest_arrival_micros, kStartMicros);
  EXPECT_EQ(*stream->SequenceAtTime(kStartMicros), 1U);
  EXPECT_EQ(*stream->SequenceAtTime(kStartMicros + 1), 3U);
}

class RetentionTest : public StreamTest {
 protected:
  RetentionTest() {
    options_.segment_bytes_max = 1;
    options_.retention_micros = 60'000'000;
  }
  /// One segment each: a, b, c, d.
  std::unique_ptr<Stream> OpenWithFour() {
    auto stream = Open();
    for (const char* record : {"a", "b", "c", "d"})
      Write(*stream, {record});
    return stream;
  }
};

TEST_F(RetentionTest, DropsOldSegmentsButNeverTheNewest) {
  const auto stream = OpenWithFour();
  EXPECT_EQ(*stream->DropExpired(), 0);
  clock_.Advance(61'000'000);
  EXPECT_GT(*stream->DropExpired(), 0);
  EXPECT_THAT(ReadAll(*stream), ElementsAre("d"));
  EXPECT_THAT(SegmentPaths(), ElementsAre(SegmentPath(4)));
}

TEST_F(RetentionTest, KeepsWhatAConsumerHasNotTaken) {
  const auto stream = OpenWithFour();
  stream->SetTaken("ingest", 4);
  stream->SetTaken("delivery", 2);
  clock_.Advance(61'000'000);
  ASSERT_TRUE(stream->DropExpired().ok());
  EXPECT_THAT(ReadAll(*stream), ElementsAre("b", "c", "d"));
  stream->SetTaken("delivery", 3);
  ASSERT_TRUE(stream->DropExpired().ok());
  EXPECT_THAT(ReadAll(*stream), ElementsAre("c", "d"));
  stream->Forget("delivery");
  ASSERT_TRUE(stream->DropExpired().ok());
  EXPECT_THAT(ReadAll(*stream), ElementsAre("d"));
}

TEST_F(RetentionTest, DropsUntakenRecordsOnlyIfTold) {
  options_.drop_untaken = true;
  const auto stream = OpenWithFour();
  stream->SetTaken("ingest", 1);
  clock_.Advance(61'000'000);
  ASSERT_TRUE(stream->DropExpired().ok());
  EXPECT_THAT(ReadAll(*stream), ElementsAre("d"));
}

TEST_F(RetentionTest, CanBeChangedAndSurvivesPowerLoss) {
  auto stream = OpenWithFour();
  EXPECT_EQ(KindOf(stream->SetRetention(0)), ErrorKind::kInvalid);
  ASSERT_TRUE(stream->SetRetention(120'000'000).ok());
  EXPECT_EQ(stream->retention_micros(), 120'000'000);
  stream.reset();
  files_.LosePower();
  stream = Open();
  EXPECT_EQ(stream->retention_micros(), 120'000'000);
  clock_.Advance(61'000'000);
  EXPECT_EQ(*stream->DropExpired(), 0);
  ASSERT_TRUE(stream->SetRetention(60'000'000).ok());
  EXPECT_GT(*stream->DropExpired(), 0);
  EXPECT_THAT(ReadAll(*stream), ElementsAre("d"));
}

TEST_F(RetentionTest, ADamagedFileIsNamed) {
  {
    const auto stream = Open();
  }
  ASSERT_TRUE(files_.ReplaceFile(RetentionPath(kDirectory), "retention 5\nchecksum 0\n").ok());
  const Status opened = TryOpen().status();
  EXPECT_EQ(KindOf(opened), ErrorKind::kCorrupt);
  EXPECT_THAT(opened.message(), HasSubstr(RetentionPath(kDirectory)));
}

TEST_F(RetentionTest, DropsBySizeUntilTheRestFits) {
  auto stream = OpenWithFour();
  const int64_t one_bytes = stream->facts().stored_bytes / 4;
  stream.reset();
  options_.retention_bytes = 2 * one_bytes + one_bytes / 2;
  stream = Open();
  ASSERT_TRUE(stream->DropExpired().ok());
  EXPECT_THAT(ReadAll(*stream), ElementsAre("c", "d"));
}

TEST_F(RetentionTest, ThrottlesWhenFullOfWhatNobodyTook) {
  auto stream = OpenWithFour();
  options_.retention_bytes = stream->facts().stored_bytes;
  stream.reset();
  stream = Open();
  stream->SetTaken("ingest", 1);
  const auto refused = Append(*stream, {"e"});
  EXPECT_EQ(KindOf(refused.status()), ErrorKind::kThrottled);
  EXPECT_THAT(refused.status().message(), HasSubstr("record 1"));
  stream->SetTaken("ingest", 3);
  EXPECT_TRUE(Append(*stream, {"e"}).ok());
}

TEST_F(RetentionTest, GoesOnCountingAfterEverythingOldIsGone) {
  auto stream = OpenWithFour();
  clock_.Advance(61'000'000);
  ASSERT_TRUE(stream->DropExpired().ok());
  stream.reset();
  stream = Open();
  EXPECT_EQ(stream->facts().first_sequence, 4U);
  Write(*stream, {"e"});
  EXPECT_EQ(stream->facts().next_sequence, 6U);
}

TEST_F(RetentionTest, LosesNoRecordBetweenTwoDeletions) {
  const auto stream = OpenWithFour();
  clock_.Advance(61'000'000);
  int deletions = 0;
  files_.SetBefore([&](FakeFileSystem::Step step, const std::string&) {
    if (step != FakeFileSystem::Step::kDelete || ++deletions < 3) return Status::OK();
    return MakeError(ErrorKind::kUnavailable, "no more");
  });
  EXPECT_EQ(KindOf(stream->DropExpired().status()), ErrorKind::kUnavailable);
  FailNothing();
  EXPECT_THAT(ReadAll(*stream), ElementsAre("c", "d"));
}

// ---- failures while writing

TEST_F(StreamTest, ForgetsWhatCouldNotBeWrittenAndGoesOn) {
  const auto stream = Open();
  Write(*stream, {"a"});
  ASSERT_TRUE(Append(*stream, {"lost"}).ok());
  bool failed = false;
  files_.SetBefore([&](FakeFileSystem::Step step, const std::string&) {
    if (step != FakeFileSystem::Step::kWrite || failed) return Status::OK();
    failed = true;
    return MakeError(ErrorKind::kUnavailable, "disk full");
  });
  EXPECT_EQ(KindOf(stream->Sync()), ErrorKind::kUnavailable);
  FailNothing();
  const auto places = Append(*stream, {"b"});
  ASSERT_TRUE(places.ok());
  EXPECT_EQ((*places)[0].sequence, 2U);
  ASSERT_TRUE(stream->Sync().ok());
  EXPECT_THAT(ReadAll(*stream), ElementsAre("a", "b"));
  EXPECT_THAT(ReadAll(*Open()), ElementsAre("a", "b"));
}

TEST_F(StreamTest, ClosesToWritesWhenTheFailedWriteCannotBeCut) {
  const auto stream = Open();
  Write(*stream, {"a"});
  ASSERT_TRUE(Append(*stream, {"lost"}).ok());
  Fail(FakeFileSystem::Step::kWrite);
  EXPECT_EQ(KindOf(stream->Sync()), ErrorKind::kUnknownOutcome);
  FailNothing();
  EXPECT_EQ(KindOf(Append(*stream, {"b"}).status()), ErrorKind::kUnknownOutcome);
  EXPECT_THAT(ReadAll(*stream), ElementsAre("a"));
  EXPECT_THAT(ReadAll(*Open()), ElementsAre("a"));
}

TEST_F(StreamTest, ClosesToWritesAfterAFailedSync) {
  auto stream = Open();
  Write(*stream, {"a"});
  ASSERT_TRUE(Append(*stream, {"b"}).ok());
  Fail(FakeFileSystem::Step::kSync);
  const Status failed = stream->Sync();
  EXPECT_EQ(KindOf(failed), ErrorKind::kUnknownOutcome);
  EXPECT_THAT(failed.message(), HasSubstr("opened again"));
  FailNothing();
  EXPECT_EQ(KindOf(stream->Sync()), ErrorKind::kUnknownOutcome);
  stream = Open();
  Write(*stream, {"c"});
  EXPECT_EQ(ReadAll(*stream).front(), "a");
  EXPECT_EQ(ReadAll(*stream).back(), "c");
}

TEST_F(StreamTest, TriesAgainWhenASegmentCannotBegin) {
  options_.segment_bytes_max = 1;
  const auto stream = Open();
  Write(*stream, {"a"});
  for (int failing_write = 1; failing_write <= 4; ++failing_write) {
    const std::string record = "after" + std::to_string(failing_write);
    ASSERT_TRUE(Append(*stream, {record}).ok());
    int writes = 0;
    files_.SetBefore([&](FakeFileSystem::Step step, const std::string&) {
      if (step != FakeFileSystem::Step::kWrite || ++writes != failing_write) return Status::OK();
      return MakeError(ErrorKind::kUnavailable, "disk full");
    });
    const Status failed = stream->Sync();
    FailNothing();
    EXPECT_EQ(KindOf(failed), ErrorKind::kUnavailable) << failing_write;
    Write(*stream, {record});
    const auto records = ReadAll(*stream);
    EXPECT_EQ(records.back(), record);
    EXPECT_THAT(records, SizeIs(failing_write + 1));
    EXPECT_THAT(ReadAll(*Open()), ElementsAreArray(records));
  }
}

TEST_F(StreamTest, SealsWithoutGettingInTheWayOfReadersAndWriters) {
  auto stream = Open();
  ASSERT_TRUE(stream->Seal().ok());
  for (const char* record : {"a", "b"}) {
    Write(*stream, {record});
    ASSERT_TRUE(stream->Seal().ok());
    ASSERT_TRUE(stream->Seal().ok());
  }
  EXPECT_THAT(ReadAll(*stream), ElementsAre("a", "b"));
  stream = Open();
  EXPECT_EQ(report_.torn_bytes_cut, 0);
  Write(*stream, {"c"});
  EXPECT_THAT(ReadAll(*Open()), ElementsAre("a", "b", "c"));
}

TEST_F(StreamTest, IsDescribedFromItsFilesAlone) {
  options_.segment_bytes_max = 1;
  const auto stream = Open();
  Write(*stream, {"a", "b"});
  Write(*stream, {"c"});
  const auto paths = files_.Paths();
  const auto described = DescribeStream(files_, kDirectory);
  ASSERT_TRUE(described.ok()) << described.status();
  EXPECT_EQ(described->name, "orders");
  EXPECT_THAT(described->shards, SizeIs(4));
  EXPECT_EQ(described->facts.first_sequence, 1U);
  EXPECT_EQ(described->facts.next_sequence, 4U);
  EXPECT_EQ(described->facts.stored_bytes, stream->facts().stored_bytes);
  EXPECT_EQ(files_.Paths(), paths);
  EXPECT_EQ(KindOf(DescribeStream(files_, "/lake/nothing").status()), ErrorKind::kNotFound);
}

// ---- threads

TEST_F(StreamTest, LetsReadersFollowWhileItIsWritten) {
  options_.segment_bytes_max = 4000;
  options_.tail_bytes_max = 2000;
  const auto stream = Open();
  constexpr int kFrames = 300;
  std::atomic<bool> failed = false;
  const auto follow = [&](size_t bytes_max) {
    uint64_t next = 1;
    record::RecordBlock block;
    while (next <= kFrames * 3 && !failed) {
      if (!stream->Read(next, bytes_max, &block).ok()) failed = true;
      for (const auto& entry : block.entries) {
        if (block.bytes(entry) != "record-" + std::to_string(next++)) failed = true;
      }
      if (block.entries.empty()) std::this_thread::yield();
    }
  };
  std::thread fast(follow, 10'000);
  std::thread slow(follow, 1);
  std::thread looker([&] {
    while (stream->facts().next_sequence <= kFrames * 3 && !failed)
      if (!stream->SequenceAtTime(kStartMicros + 1).ok()) failed = true;
  });
  uint64_t next = 1;
  for (int frame = 0; frame < kFrames; ++frame) {
    std::vector<std::string> records;
    for (int i = 0; i < 3; ++i)
      records.push_back("record-" + std::to_string(next++));
    clock_.Advance(1);
    Write(*stream, records);
    ASSERT_TRUE(stream->DropExpired().ok());
  }
  fast.join();
  slow.join();
  looker.join();
  EXPECT_FALSE(failed);
}

}  // namespace
}  // namespace tapelake::stream
