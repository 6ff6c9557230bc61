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
  const auto one = ShardMap(1).ranges();
  EXPECT_EQ(one[0].starting_hash_key, "0");
  EXPECT_EQ(one[0].ending_hash_key, "340282366920938463463374607431768211455");
  const auto two = ShardMap(2).ranges();
  EXPECT_EQ(two[0].ending_hash_key, "170141183460469231731687303715884105727");
  EXPECT_EQ(two[1].starting_hash_key, "170141183460469231731687303715884105728");
  const auto three = ShardMap(3).ranges();
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
