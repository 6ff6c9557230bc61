#include "delivery/cut_content.h"

#include <gtest/gtest.h>

namespace tapelake::delivery {
namespace {

CutTexts SomeTexts() {
  return {.errors = {{"no-key", "bad\n"}, {"processing-failed", "worse\n"}},
          .partitions = {{"", "a\nb"}, {"P\"/x", std::string("\0\xff\n", 3)}},
          .backup = "source\n"};
}

TEST(CutContent, ComesBackAsItWas) {
  const std::string file = FormatCutContent(SomeTexts(), {.lines = 3, .error_lines = 2});
  const CutContent read = ParseCutContent(file).ValueOrDie();
  EXPECT_EQ(read.texts.errors, SomeTexts().errors);
  EXPECT_EQ(read.texts.partitions, SomeTexts().partitions);
  EXPECT_EQ(read.texts.backup, SomeTexts().backup);
  EXPECT_EQ(read.counts.lines, 3);
  EXPECT_EQ(read.counts.error_lines, 2);
  EXPECT_EQ(TextBytes(read.texts), 4 + 6 + 3 + 3 + 7);
  EXPECT_TRUE(ParseCutContent(FormatCutContent({}, {})).ok());
}

TEST(CutContent, NoFlippedBitAndNoLostByteGoesUnnoticed) {
  const std::string file = FormatCutContent(SomeTexts(), {.lines = 3, .error_lines = 2});
  for (size_t at = 0; at < file.size(); ++at) {
    std::string flipped = file;
    flipped[at] = static_cast<char>(flipped[at] ^ 1);
    EXPECT_EQ(KindOf(ParseCutContent(flipped).status()), ErrorKind::kCorrupt) << at;
    EXPECT_EQ(KindOf(ParseCutContent(file.substr(0, at)).status()), ErrorKind::kCorrupt) << at;
  }
  EXPECT_EQ(KindOf(ParseCutContent(file + "x").status()), ErrorKind::kCorrupt);
}

TEST(CutContent, IsNamedByItsCut) {
  EXPECT_EQ(CutContentPath(".tapelake/delivery/db.t/state", 7), ".tapelake/delivery/db.t/cut-7");
  uint64_t id = 0;
  EXPECT_TRUE(ParseCutContentName("cut-12", &id));
  EXPECT_EQ(id, 12u);
  for (const char* other : {"state", "cut-", "cut-x", "cut-1x", "cut-99999999999999999999"})
    EXPECT_FALSE(ParseCutContentName(other, &id)) << other;
}

}  // namespace
}  // namespace tapelake::delivery
