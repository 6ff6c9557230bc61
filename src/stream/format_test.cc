#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "stream/frame_format.h"
#include "stream/partition_key.h"
#include "stream/shard_map.h"
#include "stream/stream_metadata.h"

namespace tapelake::stream {
namespace {

// Ranges as a managed stream of that many shards lists them.
TEST(ShardMap, SplitsHashesAsKinesisDoes) {
  const auto one = ShardMap(1).shards();
  EXPECT_EQ(one[0].starting_hash_key, "0");
  EXPECT_EQ(one[0].ending_hash_key, "340282366920938463463374607431768211455");
  const auto two = ShardMap(2).shards();
  EXPECT_EQ(two[0].ending_hash_key, "170141183460469231731687303715884105727");
  EXPECT_EQ(two[1].starting_hash_key, "170141183460469231731687303715884105728");
  const auto three = ShardMap(3).shards();
  EXPECT_EQ(three[0].ending_hash_key, "113427455640312821154458202477256070484");
  EXPECT_EQ(three[1].starting_hash_key, "113427455640312821154458202477256070485");
  EXPECT_EQ(three[1].ending_hash_key, "226854911280625642308916404954512140969");
  EXPECT_EQ(three[2].ending_hash_key, "340282366920938463463374607431768211455");
}

TEST(ShardMap, PutsKeysWhereTheirMd5Falls) {
  // md5("a") = 0cc1..., md5("b") = 92eb..., md5("c") = 4a8a..., md5("e") = e167...
  const ShardMap four(4);
  EXPECT_EQ(four.ShardOf("a"), 0U);
  EXPECT_EQ(four.ShardOf("c"), 1U);
  EXPECT_EQ(four.ShardOf("b"), 2U);
  EXPECT_EQ(four.ShardOf("e"), 3U);
}

TEST(ShardMap, SplitsAndMergesOpenShards) {
  const ShardMap two(2);
  const auto split = two.Split(0, 100, 7);
  ASSERT_TRUE(split.ok()) << split.status();
  ASSERT_EQ(split->shards().size(), 4u);
  EXPECT_EQ(split->open_count(), 3u);
  EXPECT_EQ(split->shards()[0].closed_at, 7u);
  EXPECT_EQ(split->shards()[2].ending_hash_key, "99");
  EXPECT_EQ(split->shards()[3].starting_hash_key, "100");
  EXPECT_EQ(split->shards()[3].ending_hash_key, two.shards()[0].ending_hash_key);
  EXPECT_EQ(split->shards()[3].parents, std::vector<uint32_t>{0});
  EXPECT_EQ(split->ShardOfHash(99), 2u);
  EXPECT_EQ(split->ShardOfHash(100), 3u);
  EXPECT_EQ(KindOf(split->Split(0, 50, 8).status()), ErrorKind::kConflict);
  EXPECT_EQ(KindOf(split->Split(2, 0, 8).status()), ErrorKind::kInvalid);
  EXPECT_EQ(KindOf(split->Split(2, 100, 8).status()), ErrorKind::kInvalid);
  EXPECT_EQ(KindOf(split->Merge(2, 1, 8).status()), ErrorKind::kInvalid) << "they do not touch";
  EXPECT_EQ(KindOf(split->Merge(2, 9, 8).status()), ErrorKind::kNotFound);
  const auto merged = split->Merge(1, 3, 9);
  ASSERT_TRUE(merged.ok()) << merged.status();
  EXPECT_EQ(merged->shards()[4].parents, (std::vector<uint32_t>{3, 1}));
  EXPECT_EQ(merged->shards()[4].opened_at, 9u);
  EXPECT_EQ(merged->ShardOfHash(~base::UInt128{0}), 4u);
  EXPECT_TRUE(merged->shards()[1].HoldsAt(8));
  EXPECT_FALSE(merged->shards()[1].HoldsAt(9));
}

TEST(ShardMap, BecomesUniformFromAnywhere) {
  ShardMap map(1);
  uint64_t sequence = 1;
  for (const int count : {2, 3, 5, 9, 8, 7, 4, 2, 1, 200, 256, 199, 256, 128}) {
    auto next = map.Uniform(count, ++sequence);
    ASSERT_TRUE(next.ok()) << count << ": " << next.status();
    map = *next;
    const ShardMap fresh(count);
    EXPECT_EQ(map.open_count(), fresh.open_count());
    for (const ShardRange& range : fresh.shards()) {
      const ShardRange& own =
          map.shards()[map.ShardOfHash(ParseHashKey(range.starting_hash_key).value())];
      EXPECT_TRUE(own.is_open());
      EXPECT_EQ(own.starting_hash_key, range.starting_hash_key) << count;
      EXPECT_EQ(own.ending_hash_key, range.ending_hash_key) << count;
      EXPECT_LE(own.parents.size(), 2u);
    }
  }
  EXPECT_EQ(KindOf(map.Uniform(0, 1).status()), ErrorKind::kInvalid);
  EXPECT_EQ(KindOf(map.Uniform(257, 1).status()), ErrorKind::kInvalid);
}

TEST(ShardMap, IsReadBackAndKnowsDamage) {
  const ShardMap map = *ShardMap(3).Uniform(5, 12);
  const std::string text = map.ToText(17);
  const auto read = ShardMap::Parse(text, 17);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->ToText(17), text);
  EXPECT_EQ(read->open_count(), 5u);
  EXPECT_EQ(KindOf(ShardMap::Parse(text, 18).status()), ErrorKind::kCorrupt);
  for (size_t i = 0; i < text.size(); ++i) {
    EXPECT_FALSE(ShardMap::Parse(text.substr(0, i), 17).ok()) << i;
    std::string flipped = text;
    flipped[i] = static_cast<char>(flipped[i] ^ 1);
    EXPECT_FALSE(ShardMap::Parse(flipped, 17).ok()) << i;
  }
}

TEST(ShardMap, SpreadsKeysEvenly) {
  const ShardMap map(256);
  std::map<uint32_t, int> counts;
  for (int i = 0; i < 25'600; ++i)
    ++counts[map.ShardOf("key-" + std::to_string(i))];
  ASSERT_EQ(counts.size(), 256U);
  for (const auto& [shard, count] : counts)
    EXPECT_NEAR(count, 100, 50) << shard;
}

TEST(PartitionKey, CountsCharactersNotBytes) {
  EXPECT_TRUE(IsPartitionKey("a"));
  EXPECT_FALSE(IsPartitionKey(""));
  std::string letters;
  for (int i = 0; i < 256; ++i)
    letters += "\xf0\x9f\x98\x80";
  EXPECT_TRUE(IsPartitionKey(letters));
  EXPECT_FALSE(IsPartitionKey(letters + "x"));
}

TEST(PartitionKey, RefusesWhatIsNotUtf8) {
  for (const char* bad : {"\x80", "\xc3", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80",
                          "\xf0\x80\x80\x80", "\xf4\x90\x80\x80", "\xff", "ok\xe2\x82"}) {
    EXPECT_FALSE(IsPartitionKey(bad));
  }
  for (const char* good : {"\xc3\xa9", "\xe2\x82\xac", "\xed\x9f\xbf", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_TRUE(IsPartitionKey(good));
  }
}

TEST(StreamMetadata, ReadsWhatItWrote) {
  const StreamMetadata metadata{.name = "orders", .shard_count = 12, .salt = 0xfedcba9876543210};
  const auto read = StreamMetadata::Parse(metadata.ToText());
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->name, "orders");
  EXPECT_EQ(read->shard_count, 12);
  EXPECT_EQ(read->salt, metadata.salt);
}

TEST(StreamMetadata, RefusesEveryFlippedBitAndEveryCut) {
  const std::string text = StreamMetadata{.name = "orders", .shard_count = 4, .salt = 7}.ToText();
  for (size_t i = 0; i < text.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = text;
      damaged[i] = static_cast<char>(damaged[i] ^ (1 << bit));
      EXPECT_EQ(KindOf(StreamMetadata::Parse(damaged).status()), ErrorKind::kCorrupt);
    }
    EXPECT_EQ(KindOf(StreamMetadata::Parse(text.substr(0, i)).status()), ErrorKind::kCorrupt);
  }
}

TEST(SegmentFileName, SortsBySequence) {
  EXPECT_EQ(SegmentFileName(1), "00000000000000000001.segment");
  EXPECT_EQ(ParseSegmentFileName(SegmentFileName(123)), 123U);
  EXPECT_LT(SegmentFileName(99), SegmentFileName(100));
  for (const char* other : {"1.segment", "0000000000000000000x.segment", "stream", ".segment",
                            "99999999999999999999.segment", "00000000000000000001.segmenX"}) {
    EXPECT_FALSE(ParseSegmentFileName(other)) << other;
  }
}

TEST(FrameFormat, KnowsItsPlace) {
  char bytes[kFrameHeaderBytes];
  EncodeFrameHeader({.first_sequence = 5, .record_count = 2, .stored_bytes = 10, .offset = 100}, 7,
                    bytes);
  const std::string_view text(bytes, sizeof(bytes));
  const auto header = ParseFrameHeader(text, 7, 100);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->next_sequence(), 7U);
  EXPECT_EQ(header->end_offset(), 174U);
  EXPECT_FALSE(ParseFrameHeader(text, 7, 101));
  EXPECT_FALSE(ParseFrameHeader(text, 8, 100));
  EXPECT_FALSE(ParseFrameHeader(text.substr(0, 63), 7, 100));
}

}  // namespace
}  // namespace tapelake::stream
