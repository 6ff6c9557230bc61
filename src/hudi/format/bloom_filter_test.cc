#include "hudi/format/bloom_filter.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

namespace tapelake::hudi {
namespace {

std::string Key(int number) {
  return "key-" + std::to_string(number);
}

TEST(BloomFilter, ContainsEveryKeyAdded) {
  BloomFilter filter({.entries_per_row = 1000, .false_positive_rate = 1e-3, .entries_max = 5000});
  for (int i = 0; i < 20'000; ++i)
    filter.Add(Key(i));  // far more than it was made for
  for (int i = 0; i < 20'000; ++i)
    ASSERT_TRUE(filter.MayContain(Key(i))) << i;
}

TEST(BloomFilter, SeldomClaimsOtherKeys) {
  BloomFilter filter(
      {.entries_per_row = 10'000, .false_positive_rate = 1e-3, .entries_max = 10'000});
  for (int i = 0; i < 10'000; ++i)
    filter.Add(Key(i));
  int claimed = 0;
  for (int i = 10'000; i < 110'000; ++i)
    claimed += filter.MayContain(Key(i)) ? 1 : 0;
  EXPECT_LT(claimed, 200);  // 100 expected
}

TEST(BloomFilter, SurvivesSerialisation) {
  BloomFilter filter({.entries_per_row = 100, .false_positive_rate = 1e-9, .entries_max = 1000});
  for (int i = 0; i < 250; ++i)
    filter.Add(Key(i));
  const std::string text = filter.Serialize();
  auto parsed = BloomFilter::Parse(text, 1000);
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->Serialize(), text);
  EXPECT_EQ(parsed->spare_entries(), 50);
  for (int i = 250; i < 300; ++i) {
    filter.Add(Key(i));
    parsed->Add(Key(i));
  }
  EXPECT_EQ(parsed->Serialize(), filter.Serialize());
  EXPECT_EQ(parsed->spare_entries(), 0);
}

TEST(BloomFilter, TakesHudisSizes) {
  const BloomFilter filter(
      {.entries_per_row = 1000, .false_positive_rate = 1e-9, .entries_max = 100'000});
  EXPECT_EQ(filter.hash_count(), 30);
  // Header of 25 bytes, one row of 13 + ceil(43133 / 8) bytes, in base64.
  EXPECT_EQ(filter.Serialize().size(), (25U + 13U + 5392U + 2U) / 3U * 4U);
}

TEST(BloomFilter, AddsManyKeysAsItAddsEach) {
  const BloomFilter::Sizing sizing{
      .entries_per_row = 101, .false_positive_rate = 1e-3, .entries_max = 300};
  std::vector<std::string> texts;
  for (int i = 0; i < 1000; ++i)
    texts.push_back(std::string(static_cast<size_t>(i / 50), '\xE4') + Key(i));
  const std::vector<std::string_view> keys(texts.begin(), texts.end());
  BloomFilter one_by_one(sizing);
  for (const std::string_view key : keys)
    one_by_one.Add(key);
  BloomFilter together(sizing);
  together.AddAll(keys);
  EXPECT_EQ(together.Serialize(), one_by_one.Serialize());
}

TEST(BloomFilter, RefusesDamagedText) {
  BloomFilter filter({.entries_per_row = 10, .false_positive_rate = 1e-3, .entries_max = 10});
  filter.Add("a");
  const std::string text = filter.Serialize();
  for (const std::string& damaged :
       {std::string(), std::string("%%%%"), text.substr(0, 8), text.substr(0, text.size() - 8)}) {
    const auto parsed = BloomFilter::Parse(damaged, std::numeric_limits<int32_t>::max());
    EXPECT_EQ(KindOf(parsed.status()), ErrorKind::kCorrupt) << damaged;
  }
}

}  // namespace
}  // namespace tapelake::hudi
