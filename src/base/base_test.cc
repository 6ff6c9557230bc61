#include <dlfcn.h>

#include <memory>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "base/decimal.h"
#include "base/json.h"
#include "base/status.h"
#include "base/time.h"

namespace tapelake::base {
namespace {

Int128 Parsed(std::string_view text, int precision, int scale) {
  Int128 value = -999;
  EXPECT_EQ(ParseDecimal(text, precision, scale, &value), DecimalOutcome::kOk) << text;
  return value;
}

DecimalOutcome Outcome(std::string_view text, int precision, int scale) {
  Int128 value = 0;
  return ParseDecimal(text, precision, scale, &value);
}

TEST(Decimal, ParsesExactly) {
  EXPECT_EQ(Parsed("12.5", 18, 8), 1'250'000'000);
  EXPECT_EQ(Parsed("-0.00000001", 18, 8), -1);
  EXPECT_EQ(Parsed("1E-8", 18, 8), 1);
  EXPECT_EQ(Parsed("+.5", 18, 8), 50'000'000);
  EXPECT_EQ(Parsed("5.", 18, 0), 5);
  EXPECT_EQ(Parsed("1.2300000000000000", 18, 2), 123);
  EXPECT_EQ(Parsed("0E+999999999999", 18, 8), 0);
  EXPECT_EQ(Parsed("0000000000000000000000000000000000000000001", 38, 0), 1);
  EXPECT_EQ(FormatDecimal(Parsed("99999999999999999999999999999999999999", 38, 0), 0),
            "99999999999999999999999999999999999999");
  EXPECT_EQ(FormatDecimal(Parsed("-12345678901234567890.123456789012345678", 38, 18), 18),
            "-12345678901234567890.123456789012345678");
}

TEST(Decimal, NeverRoundsOrOverflows) {
  EXPECT_EQ(Outcome("0.000000001", 18, 8), DecimalOutcome::kDoesNotFit);
  EXPECT_EQ(Outcome("10000000000", 18, 8), DecimalOutcome::kDoesNotFit);
  EXPECT_EQ(Outcome("1e10", 18, 8), DecimalOutcome::kDoesNotFit);
  EXPECT_EQ(Outcome("100000000000000000000000000000000000000", 38, 0), DecimalOutcome::kDoesNotFit);
  EXPECT_EQ(Outcome("1E+125", 38, 18), DecimalOutcome::kDoesNotFit);
  EXPECT_EQ(Outcome("1E-130", 38, 18), DecimalOutcome::kDoesNotFit);
}

TEST(Decimal, RefusesWhatIsNoNumber) {
  for (const char* text : {"", "+", "-", ".", "e5", "1e", "1e+", "1 ", " 1", "0x10", "NaN", "1.2.3",
                           "Infinity", "--1", "1,5"}) {
    EXPECT_EQ(Outcome(text, 38, 18), DecimalOutcome::kNotANumber) << text;
    EXPECT_FALSE(IsDecimalNumber(text)) << text;
  }
}

TEST(Time, ParsesIso8601) {
  EXPECT_EQ(ParseIso8601("1970-01-01")->micros, 0);
  EXPECT_EQ(FormatIso8601Micros(ParseIso8601("2024-05-01T00:00:28.031677Z")->micros),
            "2024-05-01T00:00:28.031677");
  EXPECT_EQ(FormatIso8601Micros(ParseIso8601("2024-02-29 23:30:00-01:00")->micros),
            "2024-03-01T00:30:00.000000");
  EXPECT_EQ(FormatIso8601Micros(ParseIso8601("0001-01-01T00:00")->micros),
            "0001-01-01T00:00:00.000000");
  EXPECT_FALSE(ParseIso8601("2024-05-01T00:00:00.0000001")->exact);
  EXPECT_TRUE(ParseIso8601("2024-05-01T00:00:00.100000000")->exact);
  for (const char* text : {"", "2024", "2024-13-01", "2023-02-29", "2024-05-01T24:00:00",
                           "2024-05-01T00:00:60", "2024-05-01T00:00:00+25:00", "2024-05-01X00:00",
                           "2024-05-01T00:00:00.", "20240501T000000Z", "2024-05-01T00:00:00ZZ"}) {
    EXPECT_FALSE(ParseIso8601(text).has_value()) << text;
  }
}

TEST(Json, WritesAndReadsBack) {
  std::string text;
  JsonWriter writer(&text);
  writer.BeginObject().Key("a\n").String("x\"\\\x01é").Key("n").Int(-5).Key("l").BeginArray();
  writer.Bool(true).Null().EndArray().Key("o").BeginObject().EndObject().EndObject();
  EXPECT_EQ(text, "{\"a\\n\":\"x\\\"\\\\\\u0001é\",\"n\":-5,\"l\":[true,null],\"o\":{}}");
  const JsonValue value = ParseJson(text).ValueOrDie();
  EXPECT_EQ(value.Find("a\n")->text(), "x\"\\\x01é");
  EXPECT_EQ(value.Find("n")->AsInt(0), -5);
  EXPECT_EQ(value.Find("l")->items().size(), 2u);
  EXPECT_TRUE(ParseJson("[12345678901234567890123]").ValueOrDie().items()[0].is_number());
}

TEST(Json, EscapesWhereverItMust) {
  for (size_t size = 1; size < 70; ++size) {
    for (size_t at = 0; at < size; ++at) {
      std::string plain(size, 'x');
      plain[at] = '"';
      std::string text;
      AppendJsonString(plain, &text);
      EXPECT_EQ(text.size(), size + 3);
      EXPECT_EQ(ParseJson(text).ValueOrDie().text(), plain);
    }
  }
}

constexpr const char* kNoJson[] = {"",        "{",   "{\"a\":1}x",   "[1,]", "{\"a\" 1}",
                                   "nul",     "01",  "\"\\ud800\"",  "[1",   "[\"a",
                                   "{\"a\":", "[tr", "{\"a\":12345", "[-"};

TEST(Json, RefusesWhatIsNoJson) {
  for (const char* text : kNoJson) {
    const auto parsed = ParseJson(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_EQ(KindOf(parsed.status()), ErrorKind::kInvalid);
  }
}

/// What stands behind a text that is parsed in place. All of it would change the text.
constexpr const char* kBehind[] = {"0", "\"", "]", "}", "e", "\\"};

TEST(JsonDocument, ReadsATextThatItDoesNotCopy) {
  const std::string text = R"({"a\n":"x\"\u00e9","n":-5,"l":[true,null,[{"deep":"er"}]]})";
  for (const char* behind : kBehind) {
    std::string bytes = text;
    for (size_t i = 0; i < kJsonRoomBytes; ++i)
      bytes += behind;
    const JsonDocument parsed =
        JsonDocument::Parse(std::string_view(bytes).substr(0, text.size()), kJsonRoomBytes)
            .ValueOrDie();
    const JsonView& value = parsed.root();
    EXPECT_EQ(value.Find("a\n")->text(), "x\"é");
    EXPECT_EQ(value.Find("n")->AsInt(0), -5);
    EXPECT_EQ(value.Find("l")->items()[2].items()[0].Find("deep")->text(), "er");
  }
}

TEST(JsonDocument, KeepsACopyOfATextWithoutRoom) {
  auto text = std::make_unique<std::string>(R"({"key":["a text that is longer than that"]})");
  JsonDocument moved = JsonDocument::Parse(*text).ValueOrDie();
  text = nullptr;
  const JsonDocument parsed = std::move(moved);
  EXPECT_EQ(parsed.root().Find("key")->items()[0].text(), "a text that is longer than that");
}

TEST(JsonDocument, IsNotMisledByWhatStandsBehind) {
  for (const std::string text : kNoJson) {
    for (const char* behind : kBehind) {
      std::string bytes = text;
      for (size_t i = 0; i < kJsonRoomBytes; ++i)
        bytes += behind;
      const auto parsed =
          JsonDocument::Parse(std::string_view(bytes).substr(0, text.size()), kJsonRoomBytes);
      EXPECT_FALSE(parsed.ok()) << text << " before " << behind;
    }
  }
}

TEST(Status, KeepsItsKindThroughContext) {
  const Status status = WithContext(MakeError(ErrorKind::kConflict, "instant taken"), "table x");
  EXPECT_EQ(KindOf(status), ErrorKind::kConflict);
  EXPECT_EQ(status.message(), "table x: instant taken");
  EXPECT_EQ(KindOf(Status::IOError("disk")), ErrorKind::kUnavailable);
}

// libparquet exports OpenSSL's names; if it wins, TLS set-up crashes later in another place.
TEST(Linking, OpenSslSymbolsComeFromLibcrypto) {
  void* symbol = dlsym(RTLD_DEFAULT, "EVP_CIPHER_CTX_new");
  ASSERT_NE(symbol, nullptr);
  Dl_info info{};
  ASSERT_NE(dladdr(symbol, &info), 0);
  EXPECT_NE(std::string_view(info.dli_fname).find("libcrypto"), std::string_view::npos);
}

}  // namespace
}  // namespace tapelake::base
