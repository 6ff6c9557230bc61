#include "stream/stream_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <thread>

#include "testing/stream_fixture.h"

namespace tapelake::stream {
namespace {

using ::testing::ElementsAre;
using testing::FakeFileSystem;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class StreamWriterTest : public testing::StreamFixture {
 protected:
  /// Offer one record; its outcome lands in `outcomes_`.
  Status Offer(StreamWriter& writer, std::string_view record) {
    entries_.push_back({record, record});
    return writer.Offer({&entries_.back(), 1}, [this](Result<StreamWriter::Places> places) {
      outcomes_.push_back(std::move(places));
    });
  }

  std::deque<PutEntry> entries_;
  std::vector<Result<StreamWriter::Places>> outcomes_;
};

TEST_F(StreamWriterTest, WritesEverythingQueuedWithOneSync) {
  const auto stream = Open();
  StreamWriter writer(*stream);
  int syncs = 0;
  files_.SetBefore([&](FakeFileSystem::Step step, const std::string& path) {
    if (step == FakeFileSystem::Step::kSync && path.ends_with(".segment")) ++syncs;
    return Status::OK();
  });
  for (const char* record : {"a", "b", "c"})
    ASSERT_TRUE(Offer(writer, record).ok());
  EXPECT_THAT(outcomes_, IsEmpty());
  EXPECT_TRUE(*writer.Step(0));
  EXPECT_EQ(syncs, 1);
  ASSERT_THAT(outcomes_, SizeIs(3));
  EXPECT_EQ((*outcomes_[2])[0].sequence, 3U);
  EXPECT_THAT(ReadAll(*stream), ElementsAre("a", "b", "c"));
  EXPECT_FALSE(*writer.Step(0));
}

TEST_F(StreamWriterTest, TellsOnlyTheProducerWhoseRecordsAreWrong) {
  const auto stream = Open();
  StreamWriter writer(*stream);
  for (const char* record : {"a", "", "c"})
    ASSERT_TRUE(Offer(writer, record).ok());
  EXPECT_TRUE(*writer.Step(0));
  EXPECT_TRUE(outcomes_[0].ok());
  EXPECT_EQ(KindOf(outcomes_[1].status()), ErrorKind::kInvalid);
  EXPECT_TRUE(outcomes_[2].ok());
  EXPECT_THAT(ReadAll(*stream), ElementsAre("a", "c"));
}

TEST_F(StreamWriterTest, CountsWhatIsDurableByShardAndWhatIsRefused) {
  const auto stream = Open();
  StreamWriter writer(*stream);
  for (const char* record : {"a", "bb", "", "dddd"})
    ASSERT_TRUE(Offer(writer, record).ok());
  clock_.Advance(250'000);
  EXPECT_TRUE(*writer.Step(0));
  int64_t records = 0;
  int64_t bytes = 0;
  for (size_t shard = 0; shard < stream->shards()->shards().size(); ++shard) {
    const WriterFigures::Shard figures = writer.figures().shards().at(shard);
    int64_t expected = 0;
    for (const auto& outcome : outcomes_)
      expected += outcome.ok() && (*outcome)[0].shard == shard;
    EXPECT_EQ(figures.records, expected) << shard;
    records += figures.records;
    bytes += figures.bytes;
  }
  EXPECT_EQ(records, 3);
  EXPECT_EQ(bytes, 2 * (1 + 2 + 4)) << "key and data";
  EXPECT_EQ(writer.figures().refused.value(), 1);
  EXPECT_EQ(writer.figures().durations.Read().count(), 3U);
  EXPECT_DOUBLE_EQ(writer.figures().durations.Read().sum, 0.75);
}

TEST_F(StreamWriterTest, ChangesShardsBetweenGroups) {
  options_.shard_count = 1;
  const auto stream = Open();
  StreamWriter writer(*stream);
  std::atomic<bool> changed = false;
  std::thread asking([&] {
    const auto split = [](const ShardMap& now, uint64_t next) { return now.Split(0, 5, next); };
    EXPECT_TRUE(writer.Reshard(split).ok());
    EXPECT_EQ(KindOf(writer.Reshard(split)), ErrorKind::kConflict);
    changed = true;
  });
  int64_t records = 0;
  while (!changed) {
    ASSERT_TRUE(Offer(writer, "a").ok());
    ASSERT_TRUE(writer.Step(0).ok());
    ++records;
  }
  asking.join();
  for (const auto& outcome : outcomes_) {
    ASSERT_TRUE(outcome.ok());
    const RecordPlace place = outcome->front();
    EXPECT_TRUE(stream->shards()->shards()[place.shard].HoldsAt(place.sequence));
  }
  const auto shards = writer.figures().shards();
  ASSERT_THAT(shards, SizeIs(3));
  EXPECT_EQ(shards[0].records + shards[2].records, records);
  writer.Close();
  EXPECT_EQ(KindOf(writer.Reshard(nullptr)), ErrorKind::kShuttingDown);
}

TEST_F(StreamWriterTest, TellsProducersWhenADiskIsFullAndGoesOn) {
  const auto stream = Open();
  StreamWriter writer(*stream);
  ASSERT_TRUE(Offer(writer, "before").ok());
  EXPECT_TRUE(*writer.Step(0));
  bool failed = false;
  files_.SetBefore([&](FakeFileSystem::Step step, const std::string&) {
    if (step != FakeFileSystem::Step::kWrite || failed) return Status::OK();
    failed = true;
    return MakeError(ErrorKind::kUnavailable, "disk full");
  });
  ASSERT_TRUE(Offer(writer, "lost").ok());
  EXPECT_TRUE(*writer.Step(0));
  EXPECT_EQ(KindOf(outcomes_[1].status()), ErrorKind::kUnavailable);
  ASSERT_TRUE(Offer(writer, "after").ok());
  EXPECT_TRUE(*writer.Step(0));
  EXPECT_TRUE(outcomes_[2].ok());
  EXPECT_THAT(ReadAll(*stream), ElementsAre("before", "after"));
}

TEST_F(StreamWriterTest, EndsWhenTheStreamIsInDoubt) {
  const auto stream = Open();
  StreamWriter writer(*stream);
  ASSERT_TRUE(Offer(writer, "a").ok());
  files_.SetBefore([](FakeFileSystem::Step step, const std::string&) {
    if (step != FakeFileSystem::Step::kSync) return Status::OK();
    return MakeError(ErrorKind::kUnavailable, "broken disk");
  });
  EXPECT_EQ(KindOf(writer.Step(0).status()), ErrorKind::kUnknownOutcome);
  EXPECT_EQ(KindOf(outcomes_[0].status()), ErrorKind::kUnknownOutcome);
  EXPECT_EQ(KindOf(writer.Step(0).status()), ErrorKind::kUnknownOutcome);
}

TEST_F(StreamWriterTest, RefusesOffersBeyondItsQueue) {
  options_.pending_bytes_max = 200;
  const auto stream = Open();
  StreamWriter writer(*stream);
  const std::string record(50, 'r');
  ASSERT_TRUE(Offer(writer, record).ok());
  EXPECT_EQ(KindOf(Offer(writer, record)), ErrorKind::kThrottled);
  EXPECT_TRUE(*writer.Step(0));
  EXPECT_TRUE(Offer(writer, record).ok());
  writer.Close();
  EXPECT_EQ(KindOf(Offer(writer, record)), ErrorKind::kShuttingDown);
}

TEST_F(StreamWriterTest, EndsWaitingProducersWhenItCloses) {
  const auto stream = Open();
  StreamWriter writer(*stream);
  std::thread producer([&] {
    const std::vector<PutEntry> entries = {{"key", "data"}};
    EXPECT_EQ(KindOf(writer.Put(entries).status()), ErrorKind::kShuttingDown);
  });
  writer.Close();
  producer.join();
  EXPECT_THAT(ReadAll(*stream), IsEmpty());
}

TEST_F(StreamWriterTest, GivesEveryRecordOfManyProducersItsOwnPlace) {
  options_.pending_bytes_max = 1000;  // producers must wait for room
  const auto stream = Open();
  StreamWriter writer(*stream);
  constexpr int kProducers = 6;
  constexpr int kPuts = 50;
  std::atomic<int> finished = 0;
  std::vector<std::thread> producers;
  std::vector<std::vector<std::pair<uint64_t, std::string>>> placed(kProducers);
  for (int producer = 0; producer < kProducers; ++producer) {
    producers.emplace_back([&, producer] {
      for (int put = 0; put < kPuts; ++put) {
        const auto records = Records(std::to_string(producer) + "." + std::to_string(put), 3);
        std::vector<PutEntry> entries;
        for (const std::string& record : records)
          entries.push_back({record, record});
        const auto places = writer.Put(entries);
        ASSERT_TRUE(places.ok()) << places.status();
        for (size_t i = 0; i < records.size(); ++i)
          placed[static_cast<size_t>(producer)].emplace_back((*places)[i].sequence, records[i]);
      }
      ++finished;
    });
  }
  while (finished < kProducers)
    ASSERT_TRUE(writer.Step(1000).ok());
  for (std::thread& producer : producers)
    producer.join();
  const auto records = ReadAll(*stream);
  ASSERT_THAT(records, SizeIs(kProducers * kPuts * 3));
  for (const auto& mine : placed) {
    for (const auto& [sequence, record] : mine)
      EXPECT_EQ(records[sequence - 1], record);
  }
}

}  // namespace
}  // namespace tapelake::stream
