#include "source/pull/json_slices.h"

#include <gmock/gmock.h>

#include <utility>
#include <vector>

namespace tapelake::source {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

using Members = std::vector<std::pair<std::string, std::string>>;

Result<Members> MembersOf(std::string_view text) {
  Members members;
  TAPELAKE_RETURN_NOT_OK(VisitMembers(text, [&](std::string_view name, std::string_view value) {
    members.emplace_back(name, value);
    return Status::OK();
  }));
  return members;
}

Result<std::vector<std::string>> ItemsOf(std::string_view text) {
  std::vector<std::string> items;
  TAPELAKE_RETURN_NOT_OK(VisitItems(text, [&](std::string_view value) {
    items.emplace_back(value);
    return Status::OK();
  }));
  return items;
}

TEST(JsonSlices, GivesValuesAsTheyStand) {
  EXPECT_THAT(
      MembersOf(R"( { "a" : 1 , "b":{"x":[1,{"y":"}"}]},"c":"q\"\\" , "d": null} )").ValueOrDie(),
      ElementsAre(Pair("a", "1"), Pair("b", R"({"x":[1,{"y":"}"}]})"), Pair("c", R"("q\"\\")"),
                  Pair("d", "null")));
  EXPECT_THAT(ItemsOf("[ 1.5e3,[],{} ,\"]\"]").ValueOrDie(),
              ElementsAre("1.5e3", "[]", "{}", "\"]\""));
  EXPECT_TRUE(MembersOf("{}").ValueOrDie().empty());
  EXPECT_TRUE(ItemsOf("[\n]").ValueOrDie().empty());
}

TEST(JsonSlices, WhatIsCutOrNoJsonIsRefused) {
  const std::string whole = R"({"a":[1,{"b":"\"x"}],"c":"d"})";
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(KindOf(MembersOf(whole.substr(0, size)).status()), ErrorKind::kCorrupt) << size;
  }
  for (const char* bad : {"", "[]", "{\"a\"}", "{\"a\":}", "{a:1}", "{\"a\":1,}", "{\"a\":1}x",
                          "{\"a\":1 \"b\":2}", "\"", "{\"a\\"}) {
    EXPECT_EQ(KindOf(MembersOf(bad).status()), ErrorKind::kCorrupt) << bad;
  }
  for (const char* bad : {"", "{}", "[1", "[1 2]", "[,]", "[1,]", "[1]]", "[\"\\"}) {
    EXPECT_EQ(KindOf(ItemsOf(bad).status()), ErrorKind::kCorrupt) << bad;
  }
}

TEST(JsonSlices, DeepNestingCostsNoStack) {
  const std::string deep(1'000'000, '[');
  EXPECT_EQ(KindOf(ItemsOf(deep).status()), ErrorKind::kCorrupt);
  EXPECT_EQ(ItemsOf("[" + deep + std::string(deep.size(), ']') + "]").ValueOrDie().size(), 1u);
}

TEST(JsonSlices, TextsAreUnescaped) {
  EXPECT_EQ(TextOf(R"("plain")").ValueOrDie(), "plain");
  EXPECT_EQ(TextOf(R"("a\nb\u00e9\/")").ValueOrDie(), "a\nb\u00e9/");
  EXPECT_EQ(TextOf("null").ValueOrDie(), "");
  EXPECT_FALSE(TextOf("12").ok());
  EXPECT_FALSE(TextOf(R"("\q")").ok());
}

TEST(JsonSlices, SecondsBecomeMicroseconds) {
  EXPECT_EQ(MicrosOfSeconds("1795352784.872"), 1'795'352'784'872'000);
  EXPECT_EQ(MicrosOfSeconds("1.795352784E9"), 1'795'352'784'000'000);
  EXPECT_EQ(MicrosOfSeconds("\"soon\""), 0);
  EXPECT_EQ(MicrosOfSeconds("1e300"), 0);
  EXPECT_EQ(MicrosOfSeconds("nan"), 0);
}

}  // namespace
}  // namespace tapelake::source
