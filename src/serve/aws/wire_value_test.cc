#include "serve/aws/wire_value.h"

#include <gmock/gmock.h>

namespace tapelake::serve {
namespace {

/// One document in both encodings.
class WireValueTest : public ::testing::TestWithParam<WireFormat> {
 protected:
  void Write(AnswerWriter&& writer) {
    writer.BeginMap();
    writer.Text("text", "zwölf");
    writer.Integer("number", -12);
    writer.Bool("flag", true);
    writer.Key("blob");
    writer.Blob(std::string("\0\xff!", 3));
    writer.Key("time");
    writer.TimeMicros(1'795'352'784'872'999);
    writer.Key("list");
    writer.BeginList();
    writer.Integer(1);
    writer.BeginMap();
    writer.EndMap();
    writer.EndList();
    writer.EndMap();
  }
  WireDocument Document() {
    std::string bytes;
    if (GetParam() == WireFormat::kJson) {
      Write(JsonAnswerWriter(&bytes));
    } else {
      Write(CborAnswerWriter(&bytes));
    }
    auto document = WireDocument::Parse(GetParam(), bytes);
    EXPECT_TRUE(document.ok()) << document.status();
    return std::move(document).ValueOr(WireDocument());
  }
};

TEST_P(WireValueTest, SaysTheSameInBothEncodings) {
  const WireDocument document = Document();
  const WireValue root = document.root();
  EXPECT_TRUE(root.IsMap());
  EXPECT_EQ(root.Find("text").Text(), "zwölf");
  EXPECT_EQ(root.Find("number").Integer(), -12);
  EXPECT_EQ(root.Find("flag").Bool(), true);
  EXPECT_EQ(root.Find("blob").Blob(), std::string("\0\xff!", 3));
  EXPECT_EQ(root.Find("time").TimeMicros(), 1'795'352'784'872'000);
  ASSERT_TRUE(root.Find("list").IsList());
  ASSERT_EQ(root.Find("list").size(), 2u);
  EXPECT_EQ(root.Find("list").At(0).Integer(), 1);
  EXPECT_TRUE(root.Find("list").At(1).IsMap());
  EXPECT_TRUE(root.Find("other").absent());
  EXPECT_TRUE(root.Find("other").Find("deeper").absent());
}

TEST_P(WireValueTest, IsNothingElse) {
  const WireDocument document = Document();
  const WireValue root = document.root();
  EXPECT_EQ(root.Find("number").Text(), std::nullopt);
  EXPECT_EQ(root.Find("text").Integer(), std::nullopt);
  EXPECT_EQ(root.Find("text").Bool(), std::nullopt);
  EXPECT_EQ(root.Find("number").Blob(), std::nullopt);
  EXPECT_EQ(root.Find("flag").TimeMicros(), std::nullopt);
  EXPECT_FALSE(root.Find("text").IsList());
  EXPECT_FALSE(root.IsList());
}

INSTANTIATE_TEST_SUITE_P(Formats, WireValueTest,
                         ::testing::Values(WireFormat::kJson, WireFormat::kCbor));

TEST(WireDocument, TakesNoBytesForAnEmptyMap) {
  for (const WireFormat format : {WireFormat::kJson, WireFormat::kCbor}) {
    const auto document = WireDocument::Parse(format, "");
    ASSERT_TRUE(document.ok());
    EXPECT_TRUE(document->root().IsMap());
  }
}

TEST(WireDocument, RefusesWhatIsNoMap) {
  EXPECT_FALSE(WireDocument::Parse(WireFormat::kJson, "[]").ok());
  EXPECT_FALSE(WireDocument::Parse(WireFormat::kJson, "{").ok());
  EXPECT_FALSE(WireDocument::Parse(WireFormat::kCbor, "\x01").ok());
}

TEST(WireDocument, BoundsTheNumberOfValues) {
  std::string json = "{\"a\":[0";
  for (size_t i = 0; i < kJsonMarksMax; ++i)
    json += ",0";
  EXPECT_FALSE(WireDocument::Parse(WireFormat::kJson, json + "]}").ok());
}

TEST(WireValueJson, ReadsNumbersAndTimesAsClientsWriteThem) {
  const auto document = WireDocument::Parse(
      WireFormat::kJson,
      R"({"a":1795352784,"b":1795352784.872,"c":1.795352784E9,"d":"2026-11-22T13:06:24Z",
          "e":1e300,"f":"yesterday","g":1.5,"h":null})");
  ASSERT_TRUE(document.ok());
  const WireValue root = document->root();
  EXPECT_EQ(root.Find("a").TimeMicros(), 1'795'352'784'000'000);
  EXPECT_EQ(root.Find("b").TimeMicros(), 1'795'352'784'872'000);
  EXPECT_EQ(root.Find("c").TimeMicros(), 1'795'352'784'000'000);
  EXPECT_EQ(root.Find("d").TimeMicros(), 1'795'352'784'000'000);
  EXPECT_EQ(root.Find("e").TimeMicros(), std::nullopt);
  EXPECT_EQ(root.Find("f").TimeMicros(), std::nullopt);
  EXPECT_EQ(root.Find("g").Integer(), std::nullopt);
  EXPECT_TRUE(root.Find("h").absent());
}

TEST(WireValueCbor, ReadsSecondsFromFloatsAndMillisecondsFromIntegers) {
  // {"a": 1(1795352784.5), "b": 1795352784500}
  const std::string bytes =
      std::string("\xa2\x61\x61\xc1\xfb\x41\xda\xc0\xba\x34\x20\x00\x00\x61\x62\x1b", 16) +
      std::string("\x00\x00\x01\xa2\x03\x5d\x6e\x74", 8);
  const auto document = WireDocument::Parse(WireFormat::kCbor, bytes);
  ASSERT_TRUE(document.ok()) << document.status();
  EXPECT_EQ(document->root().Find("a").TimeMicros(), 1'795'352'784'500'000);
  EXPECT_EQ(document->root().Find("b").TimeMicros(), 1'795'352'784'500'000);
}

TEST(AnswerWriterJson, WritesTimesWithMilliseconds) {
  std::string json;
  JsonAnswerWriter writer(&json);
  writer.BeginList();
  writer.TimeMicros(1'795'352'784'005'999);
  writer.TimeMicros(0);
  writer.TimeMicros(-1);
  writer.EndList();
  EXPECT_EQ(json, "[1795352784.005,0.000,-0.001]");
}

}  // namespace
}  // namespace tapelake::serve
