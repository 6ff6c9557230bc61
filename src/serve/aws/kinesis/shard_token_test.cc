#include "serve/aws/kinesis/shard_token.h"

#include <gtest/gtest.h>

namespace tapelake::serve {
namespace {

const security::TokenSigner kSigner("key");

TEST(ShardToken, CarriesAnIterator) {
  const ShardIterator iterator{.stream_salt = 0xfedcba9876543210,
                               .shard = 255,
                               .position = {.sequence = 7, .segment = 5, .offset = 4'096},
                               .issued_micros = 1'795'374'124'000'000};
  const std::string token = iterator.ToToken(kSigner);
  EXPECT_LE(token.size(), 512u);
  const auto parsed = ShardIterator::Parse(token, kSigner);
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->stream_salt, iterator.stream_salt);
  EXPECT_EQ(parsed->shard, 255u);
  EXPECT_EQ(parsed->position.sequence, 7u);
  EXPECT_EQ(parsed->position.segment, 5u);
  EXPECT_EQ(parsed->position.offset, 4'096u);
  EXPECT_EQ(parsed->issued_micros, iterator.issued_micros);
}

TEST(ShardToken, CarriesWhereAListGoesOn) {
  const ListToken list{.stream_salt = 9, .after = "shardId-000000000003", .issued_micros = 5};
  const auto parsed = ListToken::Parse(list.ToToken(kSigner), kSigner);
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->stream_salt, 9u);
  EXPECT_EQ(parsed->after, "shardId-000000000003");
  EXPECT_EQ(parsed->issued_micros, 5);
}

TEST(ShardToken, IsNeverTheOtherKind) {
  const ListToken list{.after = std::string(32, 'a')};
  EXPECT_FALSE(ShardIterator::Parse(list.ToToken(kSigner), kSigner).has_value());
  EXPECT_FALSE(ListToken::Parse(ShardIterator{}.ToToken(kSigner), kSigner).has_value());
}

TEST(ShardToken, IsRefusedWhenAnotherDoorMadeIt) {
  const security::TokenSigner other("other");
  EXPECT_FALSE(ShardIterator::Parse(ShardIterator{}.ToToken(other), kSigner).has_value());
  EXPECT_FALSE(ListToken::Parse("AAAA", kSigner).has_value());
}

TEST(ShardToken, ExpiresAfterFiveMinutes) {
  EXPECT_FALSE(IsTokenExpired(0, 300'000'000));
  EXPECT_TRUE(IsTokenExpired(0, 300'000'001));
  EXPECT_FALSE(IsTokenExpired(300'000'000, 0));  // the clock was set back
}

}  // namespace
}  // namespace tapelake::serve
