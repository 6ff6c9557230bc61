#include "query/output/table_layout.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace tapelake::query {
namespace {

TEST(DisplayWidth, CountsTerminalColumns) {
  EXPECT_EQ(DisplayWidth(""), 0);
  EXPECT_EQ(DisplayWidth("abc"), 3);
  EXPECT_EQ(DisplayWidth("h\xC3\xA9"), 2);
  EXPECT_EQ(DisplayWidth("e\xCC\x81"), 1);  // a combining accent
  EXPECT_EQ(DisplayWidth("日本"), 4);
  EXPECT_EQ(DisplayWidth("🚀"), 2);
}

TEST(PrintableText, ShowsWhatWouldSteerTheTerminal) {
  EXPECT_EQ(PrintableText("a\nb\tc\r"), "a\\nb\\tc\\r");
  EXPECT_EQ(PrintableText("\x1b[31mred"), "\\x1b[31mred");
  EXPECT_EQ(PrintableText(std::string("x\0y", 3)), "x\\x00y");
  EXPECT_EQ(PrintableText("\xC2\x9B"
                          "31m"),
            "\\x9b31m");  // the one-character form of ESC [
  EXPECT_EQ(PrintableText("日本"), "日本");
}

TEST(CutToWidth, EndsCutTextWithAnEllipsis) {
  EXPECT_EQ(CutToWidth("abcdef", 6), "abcdef");
  EXPECT_EQ(CutToWidth("abcdefg", 6), "abcde…");
  EXPECT_EQ(CutToWidth("日本日本", 6), "日本…");
}

TEST(FitWidths, ShrinksTheWidestFirstAndKeepsAMinimum) {
  std::vector<int> widths = {30, 5, 20};
  FitWidths(45, &widths);
  EXPECT_EQ(widths, (std::vector<int>{15, 5, 15}));
  widths = {30, 30};
  FitWidths(1, &widths);
  EXPECT_EQ(widths, (std::vector<int>{6, 6}));
}

}  // namespace
}  // namespace tapelake::query
