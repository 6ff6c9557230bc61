#include "serve/aws/kinesis/sequence_number.h"

#include <limits>

#include <gtest/gtest.h>

namespace tapelake::serve {
namespace {

TEST(SequenceNumber, HasFiftySixDigitsThatComeBack) {
  for (const uint64_t sequence : {uint64_t{0}, uint64_t{1}, std::numeric_limits<uint64_t>::max()}) {
    for (const uint32_t shard : {0u, 7u, 255u}) {
      const std::string text = SequenceNumber{.shard = shard, .sequence = sequence}.ToText();
      EXPECT_EQ(text.size(), 56u);
      const auto parsed = SequenceNumber::Parse(text);
      ASSERT_TRUE(parsed.has_value()) << text;
      EXPECT_EQ(parsed->sequence, sequence);
      EXPECT_EQ(parsed->shard, shard);
    }
  }
}

TEST(SequenceNumber, TextOrdersAsRecordsDo) {
  std::string before;
  for (const uint64_t sequence : {0, 1, 9, 10, 999'999'999, 1'000'000'000}) {
    const std::string text = SequenceNumber{.shard = 3, .sequence = sequence}.ToText();
    EXPECT_LT(before, text);
    before = text;
  }
}

TEST(SequenceNumber, RefusesWhatIsNotOurs) {
  const std::string good = SequenceNumber{.shard = 3, .sequence = 17}.ToText();
  for (const std::string& text :
       {std::string(), std::string("17"), good.substr(1), good + "0", "5" + good.substr(1),
        good.substr(0, 50) + "x" + good.substr(51),
        std::string("49680460667987243496816413793984082709016267314677415938"),
        good.substr(0, 32) + "99999999999999999999" + good.substr(52)}) {
    EXPECT_EQ(SequenceNumber::Parse(text), std::nullopt) << text;
  }
}

TEST(ShardId, HasTwelveDigits) {
  EXPECT_EQ(ShardIdText(7), "shardId-000000000007");
  EXPECT_EQ(ParseShardId("shardId-000000000255"), 255u);
  for (const char* text : {"", "7", "shardId-7", "shardId-00000000000x", "shardid-000000000007",
                           "shardId-999999999999"}) {
    EXPECT_EQ(ParseShardId(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace tapelake::serve
