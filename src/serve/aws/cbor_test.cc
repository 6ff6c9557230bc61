#include "serve/aws/cbor.h"

#include <cmath>
#include <limits>

#include <gmock/gmock.h>

namespace tapelake::serve {
namespace {

using ::testing::HasSubstr;
using Type = CborValue::Type;

CborValue Parse(std::string_view bytes) {
  auto value = ParseCbor(bytes);
  EXPECT_TRUE(value.ok()) << value.status();
  return std::move(value).ValueOr(CborValue());
}

std::string Bytes(std::initializer_list<int> bytes) {
  std::string text;
  for (const int byte : bytes)
    text.push_back(static_cast<char>(byte));
  return text;
}

// The encodings are those of RFC 8949, appendix A.

TEST(Cbor, ReadsIntegers) {
  EXPECT_EQ(Parse(Bytes({0x17})).integer, 23);
  EXPECT_EQ(Parse(Bytes({0x18, 0x64})).integer, 100);
  EXPECT_EQ(Parse(Bytes({0x1a, 0x00, 0x0f, 0x42, 0x40})).integer, 1'000'000);
  EXPECT_EQ(Parse(Bytes({0x1b, 0, 0, 0, 0xe8, 0xd4, 0xa5, 0x10, 0})).integer, 1'000'000'000'000);
  EXPECT_EQ(Parse(Bytes({0x39, 0x03, 0xe7})).integer, -1'000);
  EXPECT_EQ(Parse(Bytes({0x3b, 0x7f, 255, 255, 255, 255, 255, 255, 255})).integer,
            std::numeric_limits<int64_t>::min());
  const CborValue big = Parse(Bytes({0x1b, 255, 255, 255, 255, 255, 255, 255, 255}));
  EXPECT_EQ(big.type, Type::kDouble);
  EXPECT_EQ(big.number, 18'446'744'073'709'551'615.0);
}

TEST(Cbor, ReadsFloats) {
  EXPECT_EQ(Parse(Bytes({0xf9, 0x3e, 0x00})).number, 1.5);
  EXPECT_EQ(Parse(Bytes({0xf9, 0x00, 0x01})).number, 5.960464477539063e-8);
  EXPECT_EQ(Parse(Bytes({0xf9, 0xc4, 0x00})).number, -4.0);
  EXPECT_EQ(Parse(Bytes({0xf9, 0xfc, 0x00})).number, -std::numeric_limits<double>::infinity());
  EXPECT_TRUE(std::isnan(Parse(Bytes({0xf9, 0x7e, 0x00})).number));
  EXPECT_EQ(Parse(Bytes({0xfa, 0x47, 0xc3, 0x50, 0x00})).number, 100'000.0);
  EXPECT_EQ(Parse(Bytes({0xfb, 0x3f, 0xf1, 0x99, 0x99, 0x99, 0x99, 0x99, 0x9a})).number, 1.1);
}

TEST(Cbor, ReadsStringsWholeAndInPieces) {
  EXPECT_EQ(Parse(Bytes({0x64, 'I', 'E', 'T', 'F'})).text, "IETF");
  const CborValue bytes = Parse(Bytes({0x5f, 0x42, 1, 0xff, 0x43, 3, 4, 5, 0xff}));
  EXPECT_EQ(bytes.type, Type::kBytes);
  EXPECT_EQ(bytes.text, Bytes({1, 0xff, 3, 4, 5}));
  EXPECT_EQ(Parse(Bytes({0x7f, 0x62, 's', 't', 0x61, 'r', 0xff})).text, "str");
}

TEST(Cbor, ReadsMapsAndArraysOfBothLengths) {
  for (const std::string& bytes :
       {Bytes({0xa2, 0x61, 'a', 1, 0x61, 'b', 0x82, 2, 3}),
        Bytes({0xbf, 0x61, 'a', 1, 0x61, 'b', 0x9f, 2, 3, 0xff, 0xff})}) {
    const CborValue map = Parse(bytes);
    ASSERT_EQ(map.members.size(), 2u);
    EXPECT_EQ(map.Find("a")->integer, 1);
    ASSERT_EQ(map.Find("b")->items.size(), 2u);
    EXPECT_EQ(map.Find("b")->items[1].integer, 3);
    EXPECT_EQ(map.Find("c"), nullptr);
  }
}

TEST(Cbor, PassesOverTagsAndReadsSimpleValues) {
  EXPECT_EQ(Parse(Bytes({0xc1, 0x1a, 0x51, 0x4b, 0x67, 0xb0})).integer, 1'363'896'240);
  EXPECT_TRUE(Parse(Bytes({0xf5})).boolean);
  EXPECT_EQ(Parse(Bytes({0xf4})).type, Type::kBool);
  EXPECT_EQ(Parse(Bytes({0xf6})).type, Type::kNull);
  EXPECT_EQ(Parse(Bytes({0xf7})).type, Type::kNull);
}

TEST(Cbor, RefusesWhatIsNoValue) {
  const std::pair<std::string, const char*> cases[] = {
      {"", "too early"},
      {Bytes({0x18}), "too early"},
      {Bytes({0x62, 'a'}), "passes the end"},
      {Bytes({0x5b, 255, 255, 255, 255, 255, 255, 255, 255}), "passes the end"},
      {Bytes({0x9b, 255, 255, 255, 255, 255, 255, 255, 255}), "too early"},
      {Bytes({0x9f, 1}), "too early"},
      {Bytes({0xbf, 0x61, 'a', 0xff}), "break"},
      {Bytes({0xa1, 1, 2}), "no text"},
      {Bytes({0x61, 0xff}), "UTF-8"},
      {Bytes({0x5f, 0x61, 'a', 0xff}), "pieces"},
      {Bytes({0x1c}), "reserved"},
      {Bytes({0x1f}), "indefinite"},
      {Bytes({0xff}), "break"},
      {Bytes({0xf8, 0x20}), "simple value"},
      {Bytes({1, 2}), "left after"},
  };
  for (const auto& [bytes, words] : cases) {
    const auto value = ParseCbor(bytes);
    ASSERT_FALSE(value.ok()) << words;
    EXPECT_EQ(KindOf(value.status()), ErrorKind::kInvalid);
    EXPECT_THAT(value.status().message(), HasSubstr(words));
  }
}

TEST(Cbor, BoundsDepthAndNumberOfValues) {
  EXPECT_TRUE(ParseCbor(std::string(kCborDepthMax, '\x81') + '\x01').ok());
  EXPECT_FALSE(ParseCbor(std::string(kCborDepthMax + 1, '\x81') + '\x01').ok());
  EXPECT_FALSE(ParseCbor(std::string(1 << 20, '\x81')).ok());
  EXPECT_FALSE(ParseCbor(std::string(1 << 20, '\xc1')).ok());
  EXPECT_FALSE(ParseCbor('\x9f' + std::string(kCborValuesMax, '\xf6') + '\xff').ok());
}

TEST(Cbor, ReadsWhatItWrites) {
  std::string bytes;
  CborWriter writer(&bytes);
  const std::vector<int64_t> numbers = {0,
                                        23,
                                        24,
                                        255,
                                        256,
                                        65'535,
                                        65'536,
                                        -1,
                                        -25,
                                        4'294'967'295,
                                        4'294'967'296,
                                        std::numeric_limits<int64_t>::max(),
                                        std::numeric_limits<int64_t>::min()};
  writer.BeginMap();
  writer.Text("numbers");
  writer.BeginArray();
  for (const int64_t number : numbers)
    writer.Integer(number);
  writer.End();
  writer.Text("blob");
  writer.Bytes(std::string(70'000, '\0'));
  writer.Text("yes");
  writer.Bool(true);
  writer.End();
  const CborValue value = Parse(bytes);
  ASSERT_EQ(value.Find("numbers")->items.size(), numbers.size());
  for (size_t i = 0; i < numbers.size(); ++i)
    EXPECT_EQ(value.Find("numbers")->items[i].integer, numbers[i]);
  EXPECT_EQ(value.Find("blob")->text, std::string(70'000, '\0'));
  EXPECT_TRUE(value.Find("yes")->boolean);
}

}  // namespace
}  // namespace tapelake::serve
