#include "delivery/prefix_expression.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tapelake::delivery {
namespace {

using ::testing::HasSubstr;

constexpr int64_t kMicros = 1'795'339'859'120'000;   // Sunday, 2026-11-22T09:30:59.12Z
constexpr int64_t kJanuary = 1'767'225'600'000'000;  // Thursday, 2026-01-01T00:00:00Z

PrefixExpression::Options Keys(std::vector<std::string> keys) {
  return {.use = PrefixExpression::Use::kObjects, .partition_keys = std::move(keys)};
}

std::string At(int64_t micros, const std::string& pattern, const std::string& zone = "") {
  const auto prefix = PrefixExpression::Parse(
      "x/!{timestamp:" + pattern + "}",
      {.use = PrefixExpression::Use::kObjects, .zone = FindTimeZone(zone).ValueOrDie()});
  if (!prefix.ok()) return prefix.status().message();
  return prefix->Evaluate({.micros = micros}).substr(2);
}

std::string Refusal(const std::string& text,
                    PrefixExpression::Use use = PrefixExpression::Use::kObjects) {
  const auto prefix = PrefixExpression::Parse(text, {.use = use, .partition_keys = {"pair"}});
  return prefix.ok() ? "" : prefix.status().message();
}

TEST(PrefixExpression, WritesTimesAsJavaDoes) {
  EXPECT_EQ(At(kMicros, "yyyy/MM/dd/HH"), "2026/11/22/09");
  EXPECT_EQ(At(kMicros, "y-yy-yyy-yyyy"), "2026-26-2026-2026");
  EXPECT_EQ(At(kMicros, "u-uu-uuuu"), "2026-26-2026");
  EXPECT_EQ(At(kMicros, "M-MM-MMM-MMMM"), "11-11-Nov-November");
  EXPECT_EQ(At(kJanuary, "M-MM-MMM-MMMM"), "1-01-Jan-January");
  EXPECT_EQ(At(kJanuary, "d-dd-D-DD-DDD"), "1-01-1-01-001");
  EXPECT_EQ(At(kMicros, "D"), "326");
  EXPECT_EQ(At(kMicros, "H-HH-h-hh a"), "9-09-9-09 AM");
  EXPECT_EQ(At(kMicros + 12 * 3'600'000'000, "HH hh a"), "21 09 PM");
  EXPECT_EQ(At(kJanuary, "H h a"), "0 12 AM");
  EXPECT_EQ(At(kMicros, "m-mm-s-ss"), "30-30-59-59");
  EXPECT_EQ(At(kMicros, "S.SSS.SSSSSSSSS"), "1.120.120000000");
  EXPECT_EQ(At(kMicros, "E-EEE-EEEE"), "Sun-Sun-Sunday");
  EXPECT_EQ(At(kJanuary, "EEEE"), "Thursday");
}

TEST(PrefixExpression, KeepsQuotedText) {
  EXPECT_EQ(At(kMicros, "'year='yyyy"), "year=2026");
  EXPECT_EQ(At(kMicros, "yyyy'-'MM'-'dd"), "2026-11-22");
  EXPECT_EQ(At(kMicros, "HH''mm"), "09'30");
  EXPECT_EQ(At(kMicros, "'o''clock'HH"), "o'clock09");
  EXPECT_THAT(At(kMicros, "'year"), HasSubstr("a quote without an end"));
}

TEST(PrefixExpression, KnowsTimeZones) {
  EXPECT_EQ(At(kMicros, "dd HH:mm", "Asia/Tokyo"), "22 18:30");
  EXPECT_EQ(At(kMicros, "dd HH:mm", "UTC"), "22 09:30");
  // Summer time ends in Berlin on 2026-10-25 at 01:00 UTC.
  const int64_t end = 1'792'890'000'000'000;
  EXPECT_EQ(At(end - 1'000'000, "HH:mm:ss", "Europe/Berlin"), "02:59:59");
  EXPECT_EQ(At(end, "HH:mm:ss", "Europe/Berlin"), "02:00:00");
  for (const char* bad : {"Moon/Base", "localtime", "../UTC", "/etc/passwd", "a..b", "Asia/T\nkyo"})
    EXPECT_FALSE(FindTimeZone(bad).ok()) << bad;
}

TEST(PrefixExpression, RefusesPatternsThatItDoesNotWrite) {
  EXPECT_THAT(At(kMicros, "YYYY"), HasSubstr("'YYYY' of a timestamp counts years by weeks"));
  EXPECT_THAT(At(kMicros, "ww"), HasSubstr("'ww' of a timestamp is not supported"));
  EXPECT_THAT(At(kMicros, "z"), HasSubstr("'z' of a timestamp"));
  EXPECT_THAT(At(kMicros, "yyyyy"), HasSubstr("more than 4 letters"));
  EXPECT_THAT(At(kMicros, "aa"), HasSubstr("more than 1 letters"));
  EXPECT_THAT(At(kMicros, "[HH]"), HasSubstr("'[' of the pattern"));
  EXPECT_THAT(At(kMicros, "#"), HasSubstr("'#' of the pattern"));
  EXPECT_THAT(At(kMicros, ""), HasSubstr("has no pattern"));
}

TEST(PrefixExpression, EvaluatesEveryNamespace) {
  const auto raw = PrefixExpression::Parse(
      "data/!{partitionKeyFromQuery:day}/p=!{partitionKeyFromQuery:pair}/!{timestamp:HH}-",
      Keys({"pair", "day", "unused"}));
  ASSERT_TRUE(raw.ok()) << raw.status().ToString();
  EXPECT_EQ(raw->Evaluate({.micros = kMicros, .partition = {"BTC%2FUSD", "monday", ""}}),
            "data/monday/p=BTC%2FUSD/09-");
  EXPECT_TRUE(raw->UsesKey(0) && raw->UsesKey(1));
  EXPECT_FALSE(raw->UsesKey(2));
  EXPECT_TRUE(raw->has_timestamp() && raw->has_expressions());
  EXPECT_EQ(raw->name_bytes_max(), 10u);

  const auto error = PrefixExpression::Parse("bad/!{firehose:error-output-type}/",
                                             {.use = PrefixExpression::Use::kErrors});
  ASSERT_TRUE(error.ok()) << error.status().ToString();
  EXPECT_EQ(error->Evaluate({.error_type = "no-key"}), "bad/no-key/");
  EXPECT_TRUE(error->has_error_type());
  EXPECT_FALSE(error->has_timestamp());

  const auto plain = PrefixExpression::Parse("plain/", Keys({}));
  ASSERT_TRUE(plain.ok());
  EXPECT_FALSE(plain->has_expressions());
  EXPECT_EQ(plain->Evaluate({}), "plain/");
}

TEST(PrefixExpression, PutsTheKeysOfAFunctionBehindThoseOfQueries) {
  const auto prefix = PrefixExpression::Parse(
      "x/!{partitionKeyFromLambda:b}/!{partitionKeyFromQuery:pair}/"
      "!{partitionKeyFromLambda:a}-!{partitionKeyFromLambda:b}/",
      Keys({"pair"}));
  ASSERT_TRUE(prefix.ok()) << prefix.status().ToString();
  EXPECT_EQ(prefix->function_keys(), (std::vector<std::string>{"b", "a"}));
  EXPECT_EQ(prefix->Evaluate({.partition = {"P", "B", "A"}}), "x/B/P/A-B/");
}

TEST(PrefixExpression, MakesRandomStringsOfTheObjectsName) {
  const auto prefix =
      PrefixExpression::Parse("x/!{firehose:random-string}/!{firehose:random-string}/", Keys({}));
  ASSERT_TRUE(prefix.ok());
  std::set<std::string> strings;
  for (int i = 0; i < 100; ++i) {
    const std::string seed = "object " + std::to_string(i);
    const std::string path = prefix->Evaluate({.seed = seed});
    EXPECT_EQ(path, prefix->Evaluate({.seed = seed}));
    ASSERT_EQ(path.size(), 2 + 12 + 12u);
    strings.insert(path.substr(2, 11));
    strings.insert(path.substr(14, 11));
    EXPECT_EQ(path.find_first_not_of("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvw"
                                     "xyz/"),
              std::string::npos);
  }
  EXPECT_EQ(strings.size(), 200u);
}

TEST(PrefixExpression, NamesWhatIsWrong) {
  EXPECT_THAT(Refusal("a/!{timestamp:yyyy/"), HasSubstr("has no '}'"));
  EXPECT_THAT(Refusal("a/!{time:yyyy}/"), HasSubstr("'time' is no namespace"));
  EXPECT_THAT(Refusal("a/!{}/"), HasSubstr("'' is no namespace"));
  EXPECT_THAT(Refusal("a/!{firehose:x}/"), HasSubstr("'firehose:x' is neither"));
  EXPECT_THAT(Refusal("a/!{firehose:error-output-type}/"), HasSubstr("error prefix only"));
  EXPECT_THAT(Refusal("a/!{partitionKeyFromQuery:day}/"), HasSubstr("'day' is not declared"));
  EXPECT_THAT(Refusal("a/!{partitionKeyFromLambda:}/"), HasSubstr("needs the name of a key"));
  EXPECT_THAT(Refusal("a/!{partitionKeyFromLambda:day}/", PrefixExpression::Use::kBackup),
              HasSubstr("raw objects only"));
  EXPECT_THAT(Refusal("a/!{partitionKeyFromQuery:pair}/", PrefixExpression::Use::kErrors),
              HasSubstr("raw objects only"));
  EXPECT_THAT(Refusal(std::string(1025, 'a')), HasSubstr("1025 characters"));
  EXPECT_EQ(Refusal("a/!{partitionKeyFromQuery:pair}/"), "");
}

TEST(PrefixExpression, StaysBelowItsTarget) {
  EXPECT_THAT(Refusal("/a/"), HasSubstr("a folder has no name"));
  EXPECT_THAT(Refusal("a//b/"), HasSubstr("a folder has no name"));
  EXPECT_THAT(Refusal("../a/"), HasSubstr("starts with '.'"));
  EXPECT_THAT(Refusal("a/../b/"), HasSubstr("starts with '.'"));
  EXPECT_THAT(Refusal("a/!{timestamp:'..'}/"), HasSubstr("starts with '.'"));
  EXPECT_THAT(Refusal(".tapelake/x/"), HasSubstr("starts with '.'"));
  EXPECT_THAT(Refusal("a/.!{timestamp:yyyy}"), HasSubstr("names start with '.'"));
  EXPECT_THAT(Refusal("a\n/"), HasSubstr("control character"));
  EXPECT_THAT(Refusal("abc-"), HasSubstr("names no folder"));
  EXPECT_THAT(Refusal(""), HasSubstr("names no folder"));
  EXPECT_THAT(Refusal(std::string(256, 'a') + "/"), HasSubstr("longer than 255 bytes"));
  const std::string key = "!{partitionKeyFromQuery:pair}";
  EXPECT_EQ(Refusal("a/" + key + key + "/"), "");
  EXPECT_THAT(Refusal("a/" + key + key + key + "/"), HasSubstr("longer than 255 bytes"));
}

TEST(PrefixExpression, GlobsFitWhatItEvaluatesTo) {
  const auto prefix = PrefixExpression::Parse(
      "a/!{timestamp:yyyy/MM}/!{partitionKeyFromQuery:pair}/!{firehose:random-string}x-",
      Keys({"pair"}));
  ASSERT_TRUE(prefix.ok());
  const std::string path =
      prefix->Evaluate({.micros = kMicros, .partition = {"BTC"}, .seed = "seed"});
  EXPECT_TRUE(GlobMatches(prefix->Glob(), path));
  EXPECT_TRUE(GlobMatches(prefix->Glob(kMicros, ""), path));
  EXPECT_FALSE(GlobMatches(prefix->Glob(kJanuary, ""), path));
  EXPECT_TRUE(GlobMatches(prefix->Glob(), "a/1/2/3/4x-"));
  EXPECT_FALSE(GlobMatches(prefix->Glob(), "a/1/2/3/x-"));
  EXPECT_FALSE(GlobMatches(prefix->Glob(), "b/1/2/3/4x-"));
  EXPECT_FALSE(GlobMatches(prefix->Glob(), "a/1/2/3/4/5x-"));
}

TEST(PrefixExpression, GlobsBacktrack) {
  const std::string wild(1, PrefixExpression::kWild);
  EXPECT_TRUE(GlobMatches(wild + "ab", "aabab"));
  EXPECT_TRUE(GlobMatches(wild + "-" + wild, "a-b-c"));
  EXPECT_TRUE(GlobMatches("", ""));
  EXPECT_FALSE(GlobMatches(wild, ""));
  EXPECT_FALSE(GlobMatches(wild, "a/b"));
  EXPECT_FALSE(GlobMatches(wild + "b", "a/b"));
  EXPECT_FALSE(GlobMatches("ab", "a"));
  EXPECT_FALSE(GlobMatches("a", "ab"));
}

}  // namespace
}  // namespace tapelake::delivery
