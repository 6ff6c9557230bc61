#include "source/kinesis/aggregated_record.h"

#include <gmock/gmock.h>

#include <string>

#include "io/random.h"
#include "source/kinesis/testing_aggregate.h"

namespace tapelake::source {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// What is in `bytes`; empty if it is no aggregate.
std::vector<std::string> Split(std::string_view bytes) {
  std::vector<std::string_view> records = {"before"};
  const bool split = SplitAggregate(bytes, &records);
  EXPECT_EQ(records.front(), "before");
  if (!split) {
    EXPECT_EQ(records.size(), 1u) << "nothing half done";
  }
  return {records.begin() + 1, records.end()};
}

TEST(AggregatedRecord, GivesTheRecordsInOrder) {
  const std::string big(300'000, 'x');
  EXPECT_THAT(Split(testing::Aggregate({"one", "", big, "four"})),
              ElementsAre("one", "", big, "four"));
}

TEST(AggregatedRecord, KeysComeFromTheTables) {
  using testing::BytesField;
  using testing::VarintField;
  const std::string tables = BytesField(1, "a") + BytesField(1, "b") + BytesField(2, "7");
  const std::string first = BytesField(3, VarintField(1, 1) + BytesField(3, "x"));
  const std::string second =
      BytesField(3, VarintField(1, 0) + VarintField(2, 0) + BytesField(3, "y"));
  const std::string whole = testing::Sealed(tables + first + second);
  std::vector<AggregatedRecord> records;
  ASSERT_TRUE(SplitAggregate(whole, &records));
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].partition_key, "b");
  EXPECT_EQ(records[0].explicit_hash_key, "");
  EXPECT_EQ(records[0].data, "x");
  EXPECT_EQ(records[1].partition_key, "a");
  EXPECT_EQ(records[1].explicit_hash_key, "7");
  // A key that is not in the table, none at all, a hash key that is not there.
  for (const std::string& bad :
       {VarintField(1, 2), std::string(), VarintField(1, 0) + VarintField(2, 1)}) {
    const std::string wrong =
        testing::Sealed(tables + first + BytesField(3, bad + BytesField(3, "z")));
    EXPECT_FALSE(SplitAggregate(wrong, &records));
    EXPECT_EQ(records.size(), 2u);
    std::vector<std::string_view> data;
    EXPECT_TRUE(SplitAggregate(wrong, &data)) << "whoever needs no keys reads it";
  }
}

TEST(AggregatedRecord, FieldsThatItDoesNotKnowArePassedOver) {
  EXPECT_THAT(Split(testing::Sealed(testing::VarintField(9, ~0ULL) + std::string("\x51") +
                                    std::string(8, '\1') + std::string("\x55") +
                                    std::string(4, '\1') + testing::AggregateMessage({"r"}))),
              ElementsAre("r"));
}

TEST(AggregatedRecord, OtherRecordsAreNone) {
  std::vector<std::string_view> records;
  for (const std::string& bytes :
       {std::string(), std::string(R"({"eventName":"INSERT"})"), std::string("\xf3\x89\x9a\xc2"),
        "\xf3\x89\x9a\xc2" + std::string(16, 'x'), "\xf3\x89\x9a\xc3" + std::string(40, 'x')}) {
    EXPECT_FALSE(SplitAggregate(bytes, &records));
    EXPECT_THAT(records, IsEmpty());
  }
}

TEST(AggregatedRecord, EveryFlippedBitIsSeen) {
  const std::string whole = testing::Aggregate({"first", "second"});
  for (size_t bit = 0; bit < whole.size() * 8; ++bit) {
    std::string broken = whole;
    broken[bit / 8] = static_cast<char>(broken[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_THAT(Split(broken), IsEmpty()) << bit;
  }
}

TEST(AggregatedRecord, AMessageThatDoesNotHoldTogetherIsNoneThoughItsChecksumDoes) {
  const std::string message = testing::AggregateMessage({"first", "second"});
  EXPECT_THAT(Split(testing::Sealed(message.substr(0, message.size() - 1))), IsEmpty());
  // A record without data, data that is a number, field 0, a group, an endless varint.
  for (const std::string& bad :
       {testing::BytesField(3, testing::VarintField(1, 0)),
        testing::BytesField(3, testing::VarintField(3, 7)), testing::VarintField(3, 7),
        std::string("\x02\x00", 2), std::string("\x0b"), std::string(11, '\xff'),
        testing::Varint(3 << 3 | 2) + testing::Varint(~0ULL)}) {
    EXPECT_THAT(Split(testing::Sealed(message + bad)), IsEmpty());
  }
}

TEST(AggregatedRecord, RandomMessagesDoNoHarm) {
  io::SeededRandom random(3);
  const std::string whole = testing::AggregateMessage({"first", "second", "third"});
  for (int i = 0; i < 20'000; ++i) {
    std::string message = whole;
    for (uint64_t k = 0; k <= random.Below(4); ++k)
      message[random.Below(message.size())] = static_cast<char>(random.Below(256));
    message.resize(random.Below(message.size() + 1));
    std::vector<std::string_view> records;
    const std::string sealed = testing::Sealed(message);
    SplitAggregate(sealed, &records);
    for (const std::string_view record : records) {
      ASSERT_GE(record.data(), sealed.data());
      ASSERT_LE(record.data() + record.size(), sealed.data() + sealed.size());
    }
  }
}

}  // namespace
}  // namespace tapelake::source
