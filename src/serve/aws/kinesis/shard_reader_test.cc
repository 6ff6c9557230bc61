#include "serve/aws/kinesis/shard_reader.h"

#include <map>

#include <gmock/gmock.h>

#include "stream/stream_metadata.h"
#include "testing/stream_fixture.h"

namespace tapelake::serve {
namespace {

using tapelake::testing::StreamFixture;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr ShardReader::Limits kAmple = {
    .records_max = 10'000, .data_bytes_max = 10 << 20, .scanned_bytes_max = 64 << 20};

class ShardReaderTest : public StreamFixture {
 protected:
  std::unique_ptr<ShardReader> Reader(stream::Stream& log) {
    const auto metadata = stream::ReadStreamMetadata(files_, kDirectory);
    EXPECT_TRUE(metadata.ok());
    return std::make_unique<ShardReader>(files_, log, kDirectory, metadata->salt);
  }

  /// Everything of a shard from a position on, in answers of `limits`.
  static std::vector<std::string> ReadAllOf(ShardReader& reader, uint32_t shard,
                                            ReadPosition position,
                                            const ShardReader::Limits& limits = kAmple) {
    std::vector<std::string> data;
    while (true) {
      const auto read = reader.Read(shard, position, limits);
      EXPECT_TRUE(read.ok()) << read.status();
      if (!read.ok()) return data;
      EXPECT_LE(read->records.size(), limits.records_max);
      for (const auto& record : read->records) {
        EXPECT_EQ(record.partition_key, record.data);
        data.emplace_back(record.data);
      }
      if (read->at_end) return data;
      EXPECT_GT(read->next.sequence, position.sequence);
      position = read->next;
    }
  }

  /// The records by shard, as the stream's own places say.
  std::map<uint32_t, std::vector<std::string>> WriteFrames(stream::Stream& log, int frames,
                                                           int records) {
    std::map<uint32_t, std::vector<std::string>> by_shard;
    for (int frame = 0; frame < frames; ++frame) {
      const auto names = Records("f" + std::to_string(frame), records);
      const auto places = Append(log, names);
      EXPECT_TRUE(places.ok());
      for (size_t i = 0; i < names.size(); ++i)
        by_shard[(*places)[i].shard].push_back(names[i]);
      EXPECT_TRUE(log.Sync().ok());
      clock_.Advance(1'000);
    }
    return by_shard;
  }
};

TEST_F(ShardReaderTest, ReadsEachShardInOrderWithItsKeys) {
  const auto log = Open();
  const auto by_shard = WriteFrames(*log, 20, 30);
  ASSERT_EQ(by_shard.size(), 4u);
  const auto reader = Reader(*log);
  for (const auto& [shard, records] : by_shard)
    EXPECT_THAT(ReadAllOf(*reader, shard, {}), ElementsAreArray(records));
}

TEST_F(ShardReaderTest, GoesOnWhereALimitCutTheAnswer) {
  const auto log = Open();
  const auto by_shard = WriteFrames(*log, 10, 30);
  const auto reader = Reader(*log);
  const ShardReader::Limits limits[] = {
      {.records_max = 1, .data_bytes_max = 10 << 20, .scanned_bytes_max = 64 << 20},
      {.records_max = 7, .data_bytes_max = 10 << 20, .scanned_bytes_max = 64 << 20},
      {.records_max = 10'000, .data_bytes_max = 0, .scanned_bytes_max = 64 << 20},
      {.records_max = 10'000, .data_bytes_max = 50, .scanned_bytes_max = 64 << 20},
      {.records_max = 10'000, .data_bytes_max = 10 << 20, .scanned_bytes_max = 1},
  };
  for (const auto& limit : limits) {
    for (const auto& [shard, records] : by_shard)
      EXPECT_THAT(ReadAllOf(*reader, shard, {}, limit), ElementsAreArray(records));
  }
}

TEST_F(ShardReaderTest, ReadsAcrossSegmentsAndWithoutHints) {
  options_.segment_bytes_max = 1'000;
  options_.compression = stream::Compression::kNone;
  const auto log = Open();
  const auto by_shard = WriteFrames(*log, 40, 10);
  ASSERT_GT(SegmentPaths().size(), 5u);
  const auto reader = Reader(*log);
  for (const auto& [shard, records] : by_shard)
    EXPECT_THAT(ReadAllOf(*reader, shard, {}), ElementsAreArray(records));
  // From every record of the stream, with a reader that has nothing in memory.
  for (uint64_t sequence = 1; sequence <= 400; sequence += 37) {
    const auto fresh = Reader(*log);
    size_t left = 0;
    for (const auto& [shard, records] : by_shard)
      left += ReadAllOf(*fresh, shard, {.sequence = sequence}).size();
    EXPECT_EQ(left, 401 - sequence);
  }
}

TEST_F(ShardReaderTest, SeesWhatIsDurableAndNothingElse) {
  options_.shard_count = 1;
  const auto log = Open();
  const auto reader = Reader(*log);
  auto read = reader->Read(0, {}, kAmple);
  ASSERT_TRUE(read.ok());
  EXPECT_TRUE(read->at_end);
  EXPECT_THAT(read->records, IsEmpty());
  ASSERT_TRUE(Append(*log, {"a"}).ok());
  read = reader->Read(0, read->next, kAmple);
  EXPECT_THAT(read->records, IsEmpty());
  ASSERT_TRUE(log->Sync().ok());
  const auto position = read->next;
  read = reader->Read(0, position, kAmple);
  ASSERT_EQ(read->records.size(), 1u);
  EXPECT_EQ(read->records[0].sequence, 1u);
  EXPECT_EQ(read->records[0].arrival_micros, kStartMicros);
  EXPECT_TRUE(read->at_end);
  // The end's place is good for what comes next, also behind a seal.
  ASSERT_TRUE(log->Seal().ok());
  Write(*log, {"b"});
  EXPECT_THAT(ReadAllOf(*reader, 0, read->next), ElementsAre("b"));
}

TEST_F(ShardReaderTest, GoesOnBehindWhatRetentionDropped) {
  options_.shard_count = 1;
  options_.segment_bytes_max = 1;
  options_.retention_micros = 1'000'000;
  const auto log = Open();
  Write(*log, {"a"});
  Write(*log, {"b"});
  const auto reader = Reader(*log);
  const auto first =
      reader->Read(0, {}, {.records_max = 1, .data_bytes_max = 100, .scanned_bytes_max = 1});
  ASSERT_TRUE(first.ok());
  clock_.Advance(2'000'000);
  Write(*log, {"c"});
  ASSERT_TRUE(log->DropExpired().ok());
  ASSERT_EQ(log->facts().first_sequence, 3u);
  EXPECT_THAT(ReadAllOf(*reader, 0, first->next), ElementsAre("c"));
  EXPECT_THAT(ReadAllOf(*reader, 0, {}), ElementsAre("c"));
}

TEST_F(ShardReaderTest, LooksPastAHintThatDoesNotFit) {
  options_.shard_count = 1;
  const auto log = Open();
  Write(*log, {"a"});
  Write(*log, {"b"});
  for (const uint64_t offset : {1u, 33u, 1'000'000u}) {
    const auto reader = Reader(*log);
    EXPECT_THAT(ReadAllOf(*reader, 0, {.sequence = 1, .segment = 1, .offset = offset}),
                ElementsAre("a", "b"));
  }
}

TEST_F(ShardReaderTest, NamesDamage) {
  options_.shard_count = 1;
  const auto log = Open();
  Write(*log, {"a"});
  const auto reader = Reader(*log);
  std::string bytes = *files_.ReadFile(SegmentPath(1));
  bytes[stream::kSegmentHeaderBytes + stream::kFrameHeaderBytes] ^= 1;
  Overwrite(SegmentPath(1), bytes);
  const auto read = reader->Read(0, {}, kAmple);
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(KindOf(read.status()), ErrorKind::kCorrupt);
  EXPECT_THAT(read.status().message(), HasSubstr(SegmentPath(1)));
}

}  // namespace
}  // namespace tapelake::serve
