#include "hudi/format/properties.h"

#include <gtest/gtest.h>

#include "io/random.h"

namespace tapelake::hudi {
namespace {

Properties Parsed(std::string_view text) {
  auto parsed = ParseProperties(text);
  EXPECT_TRUE(parsed.ok()) << parsed.status().ToString();
  return parsed.ok() ? *parsed : Properties{};
}

TEST(Properties, SplitsAtTheFirstUnescapedSeparator) {
  EXPECT_EQ(Parsed("a=1\nb:2\nc 3\nd = = 4\ne\\=f=5\ng\\:h : 6\ni\t7\n"), (Properties{{"a", "1"},
                                                                                      {"b", "2"},
                                                                                      {"c", "3"},
                                                                                      {"d", "= 4"},
                                                                                      {"e=f", "5"},
                                                                                      {"g:h", "6"},
                                                                                      {"i", "7"}}));
}

TEST(Properties, KeyWithoutValueIsEmpty) {
  EXPECT_EQ(Parsed("a\nb=\nc:"), (Properties{{"a", ""}, {"b", ""}, {"c", ""}}));
}

TEST(Properties, SkipsCommentsAndEmptyLinesOfAnyLineEnd) {
  EXPECT_EQ(Parsed("# one\r\n  ! two\n\n \t\r\na=1\rb=2\r\nc=3#no comment"),
            (Properties{{"a", "1"}, {"b", "2"}, {"c", "3#no comment"}}));
}

TEST(Properties, CommentDoesNotContinue) {
  EXPECT_EQ(Parsed("# ends in \\\na=1"), (Properties{{"a", "1"}}));
}

TEST(Properties, JoinsContinuationLines) {
  EXPECT_EQ(Parsed("a=1,\\\n   2,\\\r\n\t3\nb=x\\\\\nc=#\\\n#"),
            (Properties{{"a", "1,2,3"}, {"b", "x\\"}, {"c", "##"}}));
}

TEST(Properties, ReadsEscapes) {
  EXPECT_EQ(Parsed("a=\\t\\n\\r\\f\\q\\\"\nb=\\u00e9\\u65e5\\uD83D\\uDE00"),
            (Properties{{"a", "\t\n\r\fq\""}, {"b", "é日😀"}}));
}

TEST(Properties, LastOfTwoEqualKeysWins) {
  EXPECT_EQ(Parsed("a=1\na=2"), (Properties{{"a", "2"}}));
}

TEST(Properties, ReadsUtf8AndOtherwiseLatin1) {
  EXPECT_EQ(Parsed("a=é"), (Properties{{"a", "é"}}));
  EXPECT_EQ(Parsed("a=\xe9"), (Properties{{"a", "é"}}));
}

TEST(Properties, BrokenEscapeNamesItsLine) {
  for (const char* text : {"a=1\n\nb=\\u12g4", "a=1\n\nb=\\u12", "a=1\n\nb=\\ud83d",
                           "a=1\n\nb=\\udc00x", "a=1\n\nb=\\ud83d\\u0041"}) {
    const auto parsed = ParseProperties(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_EQ(KindOf(parsed.status()), ErrorKind::kCorrupt);
    EXPECT_NE(parsed.status().message().find("line 3"), std::string::npos)
        << parsed.status().message();
  }
}

TEST(Properties, RefusesNulBytes) {
  EXPECT_EQ(KindOf(ParseProperties(std::string_view("a=\0", 3)).status()), ErrorKind::kCorrupt);
}

TEST(Properties, FormatIsSortedAsciiAndEscapesLikeSpark) {
  EXPECT_EQ(
      FormatProperties({{"b", "{\"type\":\"x\"}"}, {"a key", " v w\n"}, {"c", "é😀"}}, "note"),
      "#note\na\\ key=\\ v w\\n\nb={\"type\"\\:\"x\"}\nc=\\u00E9\\uD83D\\uDE00\n");
}

TEST(Properties, AnyMapSurvivesARoundTrip) {
  static constexpr std::string_view kPieces[] = {"=",  ":",  "#",  "!",  "\\",    " ",
                                                 "\t", "\n", "\r", "\f", "u0041", "a",
                                                 "Z",  "é",  "日", "😀", "\x01"};
  io::SeededRandom random(3);
  const auto text = [&random](size_t at_least) {
    std::string out;
    for (size_t left = at_least + random.Below(6); left > 0; --left) {
      out.append(kPieces[random.Below(std::size(kPieces))]);
    }
    return out;
  };
  for (int round = 0; round < 2000; ++round) {
    Properties properties;
    for (int i = 0; i < 4; ++i)
      properties[text(1)] = text(0);
    const std::string formatted = FormatProperties(properties, "round trip");
    EXPECT_EQ(Parsed(formatted), properties) << formatted;
  }
}

}  // namespace
}  // namespace tapelake::hudi
