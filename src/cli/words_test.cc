#include "cli/words.h"

#include <gtest/gtest.h>

namespace tapelake::cli {
namespace {

TEST(Words, GroupsDigits) {
  EXPECT_EQ(Grouped(0), "0");
  EXPECT_EQ(Grouped(999), "999");
  EXPECT_EQ(Grouped(1000), "1,000");
  EXPECT_EQ(Grouped(1234567), "1,234,567");
  EXPECT_EQ(Grouped(-123456), "-123,456");
}

TEST(Words, Counts) {
  EXPECT_EQ(Counted(0, "file"), "0 files");
  EXPECT_EQ(Counted(1, "file"), "1 file");
  EXPECT_EQ(Counted(2000, "file"), "2,000 files");
}

TEST(Words, NamesSizes) {
  EXPECT_EQ(SizeWords(812), "812 B");
  EXPECT_EQ(SizeWords(1024), "1.0 KiB");
  EXPECT_EQ(SizeWords(3'600'000), "3.4 MiB");
  EXPECT_EQ(SizeWords(int64_t{250} << 30), "250 GiB");
}

TEST(Words, NamesSpans) {
  EXPECT_EQ(SpanWords(400'000), "0.4 s");
  EXPECT_EQ(SpanWords(12'000'000), "12 s");
  EXPECT_EQ(SpanWords(180'000'000), "3.0 min");
  EXPECT_EQ(SpanWords(int64_t{9} * 86'400'000'000), "9.0 d");
  EXPECT_EQ(SpanWords(-5), "0.0 s");
}

TEST(Words, NamesRates) {
  EXPECT_EQ(RateWords(49.84), "49.8");
  EXPECT_EQ(RateWords(1234.4), "1,234");
}

}  // namespace
}  // namespace tapelake::cli
