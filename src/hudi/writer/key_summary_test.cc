#include "hudi/writer/key_summary.h"

#include <gtest/gtest.h>

#include <vector>

namespace tapelake::hudi {
namespace {

TEST(CompareAsJava, OrdersByUtf16CodeUnits) {
  EXPECT_LT(CompareAsJava("a", "b"), 0);
  EXPECT_LT(CompareAsJava("a", "ab"), 0);
  EXPECT_EQ(CompareAsJava("ü", "ü"), 0);
  EXPECT_LT(CompareAsJava("z", "é"), 0);
  EXPECT_LT(CompareAsJava("\xED\x9F\xBF", "😀"), 0);  // U+D7FF before any surrogate
  // In UTF-8 U+1F600 sorts after U+FF41, in UTF-16 its surrogates (D83D DE00) sort before.
  EXPECT_LT(CompareAsJava("😀", "ａ"), 0);
  EXPECT_GT(CompareAsJava("ａ", "😀"), 0);
}

TEST(KeySummary, StatesTheRangeOfTheKeysAdded) {
  KeySummary summary(nullptr, 3);
  EXPECT_FALSE(summary.needs_stored_keys());
  const std::vector<std::string_view> keys = {"m", "b", "x"};
  summary.AddAll(keys);
  std::map<std::string, std::string> footer;
  summary.WriteTo(&footer);
  EXPECT_EQ(footer.at("hoodie_min_record_key"), "b");
  EXPECT_EQ(footer.at("hoodie_max_record_key"), "x");
  EXPECT_EQ(footer.at("hoodie_bloom_filter_type_code"), "DYNAMIC_V0");
  const auto filter = BloomFilter::Parse(footer.at("org.apache.hudi.bloomfilter"), 1000);
  ASSERT_TRUE(filter.ok()) << filter.status();
  EXPECT_TRUE(filter->MayContain("m"));
}

TEST(KeySummary, StatesNoRangeForNoKeys) {
  const KeySummary summary(nullptr, 0);
  std::map<std::string, std::string> footer;
  summary.WriteTo(&footer);
  EXPECT_FALSE(footer.contains("hoodie_min_record_key"));
  EXPECT_TRUE(footer.contains("org.apache.hudi.bloomfilter"));
}

}  // namespace
}  // namespace tapelake::hudi
