#include "transform/record_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/base64.h"
#include "transform/testing_records.h"

namespace tapelake::transform {
namespace {

using record::AttributeType;
using record::EventName;
using record::RecordShape;
using ::testing::HasSubstr;

ParseError ErrorOf(std::string_view text) {
  return ParsedRecord(text).error();
}
ParseError ErrorOfValue(const std::string& value) {
  return ErrorOf(OneValue(value));
}
std::string TextOf(const std::string& value) {
  return std::string(ParsedRecord(OneValue(value)).value().text);
}
std::string JsonOf(const std::string& value) {
  return std::string(ParsedRecord(OneValue(value)).value().json);
}

std::string Nested(int levels, bool lists) {
  std::string text = R"({"S":"x"})";
  for (int i = 0; i < levels; ++i) {
    text = lists ? "{\"L\":[" + text + "]}" : "{\"M\":{\"m\":" + text + "}}";
  }
  return text;
}

TEST(RecordParser, ReadsTheStreamsShape) {
  const ParsedRecord parsed(StreamsRecord(R"({"id":{"S":"k"},"n":{"N":"1"}})"));
  ASSERT_EQ(parsed.error(), ParseError::kNone) << parsed.reason();
  EXPECT_EQ(parsed.change().shape, RecordShape::kStreams);
  EXPECT_EQ(parsed.change().sequence_number, "0021");
  EXPECT_EQ(parsed.change().change_time_micros, 1760000000500000);
  EXPECT_EQ(parsed.change().event_id, "e-1");
  EXPECT_EQ(parsed.change().event, EventName::kInsert);
  EXPECT_EQ(parsed.change().keys.at(0).text, "k");
  EXPECT_EQ(parsed.change().image().size(), 2u);
  EXPECT_FALSE(parsed.change().has_old_image);
}

TEST(RecordParser, ReadsTheKinesisShape) {
  const ParsedRecord parsed(KinesisRecord(R"({"id":{"S":"k"}})", "REMOVE"));
  ASSERT_EQ(parsed.error(), ParseError::kNone) << parsed.reason();
  EXPECT_EQ(parsed.change().shape, RecordShape::kKinesis);
  EXPECT_EQ(parsed.change().sequence_number, "");
  EXPECT_EQ(parsed.change().change_time_micros, 1760000000000001);
  EXPECT_EQ(parsed.change().event, EventName::kRemove);
  EXPECT_EQ(parsed.change().image().size(), 1u);
}

TEST(RecordParser, TakesMembersInAnyOrderAndIgnoresUnknownOnes) {
  const ParsedRecord parsed(
      R"( {"x":[1,{"y":[]},-2.5e3,"z",null,true],"dynamodb" : { "NewImage":{"a":{"S":""}} ,)"
      R"("SizeBytes":3,"SequenceNumber":"7"},"eventName":"INSERT","userIdentity":null} )");
  ASSERT_EQ(parsed.error(), ParseError::kNone) << parsed.reason();
  EXPECT_EQ(parsed.change().change_time_micros, 0);
  EXPECT_EQ(parsed.change().event_id, "");
  EXPECT_EQ(parsed.value().text, "");
  EXPECT_EQ(parsed.value().typed_json, R"({"S":""})");
}

TEST(RecordParser, ReadsEscapedMemberNames) {
  const ParsedRecord parsed(R"({"event\u004eame":"INSERT","dynamodb":{"SequenceNumber":"1",)"
                            R"("NewImage":{"\u0061\"":{"\u0053":"x\n"}}}})");
  ASSERT_EQ(parsed.error(), ParseError::kNone) << parsed.reason();
  EXPECT_EQ(parsed.value().name, "a\"");
  EXPECT_EQ(parsed.value().text, "x\n");
  EXPECT_EQ(parsed.value().json, R"("x\n")");
}

TEST(RecordParser, ReadsBase64OfARecord) {
  std::string text;
  base::AppendBase64(OneValue(R"({"S":"x"})"), &text);
  EXPECT_EQ(ParsedRecord(text).value().text, "x");
  EXPECT_EQ(ParsedRecord("  " + text + "\r").value().text, "x");
  EXPECT_EQ(ErrorOf(text.substr(0, text.size() - 1)), ParseError::kInvalidBase64);
  EXPECT_EQ(ErrorOf("aGVsbG8="), ParseError::kInvalidBase64);
  EXPECT_EQ(ErrorOf("hello, world"), ParseError::kInvalidBase64);
  EXPECT_EQ(ErrorOf("[1,2]"), ParseError::kInvalidBase64);
  EXPECT_EQ(ErrorOf("\"text\""), ParseError::kInvalidBase64);
  EXPECT_EQ(ErrorOf("e30="), ParseError::kUnknownShape);  // {}
  EXPECT_EQ(ErrorOf("e2E="), ParseError::kInvalidJson);   // {a
}

TEST(RecordParser, KeepsScalarsExactly) {
  EXPECT_EQ(TextOf(R"({"N":"12345678901234567890123456789012345678.0900E-5"})"),
            "12345678901234567890123456789012345678.0900E-5");
  EXPECT_EQ(TextOf(R"({"BOOL":true})"), "true");
  EXPECT_EQ(JsonOf(R"({"BOOL":false})"), "false");
  EXPECT_EQ(TextOf(R"({"NULL":true})"), "null");
  EXPECT_EQ(JsonOf(R"({"NULL":true})"), "null");
  EXPECT_EQ(TextOf(R"({"B":"AAE="})"), "AAE=");
  EXPECT_EQ(JsonOf(R"({"B":"AAE="})"), "\"AAE=\"");
  EXPECT_EQ(TextOf(R"({"B":""})"), "");
  EXPECT_EQ(TextOf(R"({"B":"\/v8="})"), "/v8=");
  EXPECT_EQ(TextOf(R"({"S":"é₿\ud83d\ude00\u0000"})"), std::string("é₿😀\0", 10));
}

TEST(RecordParser, NormalisesOnlyNumbersThatJsonWouldRefuse) {
  const std::pair<const char*, const char*> cases[] = {
      {"0", "0"},
      {"-0", "-0"},
      {"1.50", "1.50"},
      {"1E-30", "1E-30"},
      {"1e+5", "1e+5"},
      {"+5", "5"},
      {"007", "7"},
      {"-007.10", "-7.10"},
      {".5", "0.5"},
      {"-.5", "-0.5"},
      {"5.", "5"},
      {"00", "0"},
      {"+.5E+3", "0.5E+3"},
      {"000.0", "0.0"},
      {"1234567890123456", "1234567890123456"},
      {"0123456789012345", "123456789012345"},
      {"0.123456789012345678", "0.123456789012345678"}};
  for (const auto& [sent, json] : cases) {
    EXPECT_EQ(JsonOf("{\"N\":\"" + std::string(sent) + "\"}"), json);
    EXPECT_EQ(TextOf("{\"N\":\"" + std::string(sent) + "\"}"), sent);
  }
}

TEST(RecordParser, RefusesTextsThatAreNoNumbers) {
  for (const char* text : {"", " 1", "1 ", "abc", "NaN", "Infinity", "1.2.3", "1e", "0x10", "--1",
                           "1,5", "+", "-", ".", "1_000", "12345678901234567a", "١"}) {
    EXPECT_EQ(ErrorOfValue("{\"N\":\"" + std::string(text) + "\"}"), ParseError::kInvalidAttribute)
        << text;
    EXPECT_EQ(ErrorOfValue("{\"NS\":[\"1\",\"" + std::string(text) + "\"]}"),
              ParseError::kInvalidAttribute)
        << text;
  }
}

TEST(RecordParser, WritesNestedValuesCanonically) {
  EXPECT_EQ(JsonOf(R"({"M":{"b":{"N":"1.0"},"a":{"L":[{"NULL":true},)"
                   R"({"BOOL":false},{"M":{}}]}, "B":{"S":"\u00e9\/"}}})"),
            R"({"B":"é/","a":[null,false,{}],"b":1.0})");
  EXPECT_EQ(JsonOf(R"({"L":[]})"), "[]");
  EXPECT_EQ(JsonOf(R"({"M":{"z":{"M":{"y":{"N":"1"},"x":{"N":"2"}}},"a":{"SS":["b","a"]}}})"),
            R"({"a":["a","b"],"z":{"x":2,"y":1}})");
  EXPECT_EQ(JsonOf(R"({"SS":["b","a\n","B","é",""]})"), R"(["","B","a\n","b","é"])");
  EXPECT_EQ(JsonOf(R"({"BS":["/v8=","AAE="]})"), R"(["/v8=","AAE="])");
  EXPECT_EQ(JsonOf(R"({"SS":[]})"), "[]");
  EXPECT_EQ(ParsedRecord(OneValue(R"({"L":[ {"N":"1"} ]})")).value().typed_json,
            R"({"L":[ {"N":"1"} ]})");
}

TEST(RecordParser, SortsNumberSetsByValue) {
  EXPECT_EQ(JsonOf(R"({"NS":["10","9","-1","1E2","0.5","-1E-3","+7","0","99.99"]})"),
            "[-1,-1E-3,0,0.5,7,9,10,99.99,1E2]");
  EXPECT_EQ(
      JsonOf(R"({"NS":["1E400","1E-400","12345678901234567890123456789012345678901","-1E400"]})"),
      "[-1E400,1E-400,12345678901234567890123456789012345678901,1E400]");
}

TEST(RecordParser, AllowsThirtyTwoLevels) {
  EXPECT_EQ(ErrorOfValue(Nested(32, false)), ParseError::kNone);
  EXPECT_EQ(ErrorOfValue(Nested(32, true)), ParseError::kNone);
  EXPECT_EQ(ErrorOfValue(Nested(33, false)), ParseError::kTooDeep);
  EXPECT_EQ(ErrorOfValue(Nested(33, true)), ParseError::kTooDeep);
  EXPECT_EQ(ErrorOf(R"({"eventName":"INSERT","x":)" + std::string(100'000, '[') + "}"),
            ParseError::kTooDeep);
}

TEST(RecordParser, RefusesInvalidAttributeValues) {
  for (const char* value : {"{}",
                            "12",
                            "null",
                            "\"x\"",
                            "[]",
                            R"({"X":"1"})",
                            R"({"s":"1"})",
                            R"({"":"1"})",
                            R"({"S":1})",
                            R"({"S":null})",
                            R"({"S":["x"]})",
                            R"({"N":12})",
                            R"({"N":null})",
                            R"({"B":1})",
                            R"({"B":"A"})",
                            R"({"B":"AA-_"})",
                            R"({"BOOL":"true"})",
                            R"({"BOOL":1})",
                            R"({"BOOL":null})",

                            R"({"NULL":false})",
                            R"({"NULL":"true"})",
                            R"({"NULL":null})",
                            R"({"M":[]})",
                            R"({"M":"x"})",
                            R"({"L":{}})",
                            R"({"L":["x"]})",
                            R"({"L":[{"N":1}]})",
                            R"({"M":{"a":1}})",
                            R"({"SS":"x"})",
                            R"({"SS":[1]})",
                            R"({"NS":[1]})",
                            R"({"BS":["*"]})",
                            R"({"SS":[null]})",
                            R"({"S":"x","N":"1"})",
                            R"({"S":"x","S":"y"})",
                            R"({"M":{"a":{"S":"x","N":"1"}}})"}) {
    EXPECT_EQ(ErrorOfValue(value), ParseError::kInvalidAttribute) << value;
  }
}

TEST(RecordParser, RefusesDuplicateNames) {
  EXPECT_EQ(ErrorOf(KinesisRecord(R"({"a":{"S":"1"},"b":{"S":"1"},"a":{"S":"2"}})")),
            ParseError::kDuplicateKey);
  EXPECT_EQ(ErrorOf(KinesisRecord(R"({"a":{"S":"1"},"\u0061":{"S":"2"}})")),
            ParseError::kDuplicateKey);
  EXPECT_EQ(ErrorOfValue(R"({"M":{"b":{"S":"1"},"a":{"S":"1"},"b":{"S":"1"}}})"),
            ParseError::kDuplicateKey);
  EXPECT_EQ(ErrorOf(R"({"eventName":"INSERT","eventName":"REMOVE"})"), ParseError::kDuplicateKey);
  EXPECT_EQ(ErrorOf(R"({"dynamodb":{"Keys":{},"Keys":{}}})"), ParseError::kDuplicateKey);
  std::string many = "{";
  for (int i = 0; i < 200; ++i)
    many += "\"n" + std::to_string(i) + "\":{\"S\":\"\"},";
  EXPECT_EQ(ErrorOf(KinesisRecord(many + R"("n":{"S":""}})")), ParseError::kNone);
  EXPECT_EQ(ErrorOf(KinesisRecord(many + R"("n77":{"S":""}})")), ParseError::kDuplicateKey);
}

TEST(RecordParser, RefusesEveryCutOfARecord) {
  const std::string whole =
      StreamsRecord(R"({"s":{"S":"a\"\\b"},"m":{"M":{"l":{"L":[{"NULL":true}]},)"
                    R"("n":{"NS":["1","2"]}}},"b":{"BOOL":true}})");
  ASSERT_EQ(ErrorOf(whole), ParseError::kNone);
  for (size_t size = 1; size < whole.size(); ++size) {
    EXPECT_NE(ErrorOf(whole.substr(0, size)), ParseError::kNone) << whole.substr(0, size);
    const std::string closed = whole.substr(0, size) + "}";
    if (closed == whole) continue;
    EXPECT_NE(ErrorOf(closed), ParseError::kNone) << closed;
  }
}

TEST(RecordParser, RefusesWhatIsNoJson) {
  const std::string good = OneValue(R"({"S":"x"})");
  const std::string_view head = R"({"eventName":"INSERT",)";
  const auto with = [&](const std::string& member) {
    return std::string(head) + member + good.substr(1);
  };
  for (const char* member : {R"("x":)",
                             R"("x":,)",
                             R"("x",)",
                             R"(,)",
                             R"("x":tru,)",
                             R"("x":nul,)",
                             R"("x":01,)",
                             R"("x":+1,)",
                             R"("x":1.,)",
                             R"("x":.5,)",
                             R"("x":1e,)",
                             R"("x":--1,)",
                             R"("x":"\q",)",
                             R"("x":"\u12g4",)",
                             R"("x":"\ud800",)",
                             R"("x":"\udc00\ud800",)",
                             R"("x":"\ud800\u0041",)",
                             "\"x\":\"\n\",",
                             "\"x\":\"\x01\",",
                             "\"x\":\"\xff\",",
                             "\"x\":\"\xc0\xaf\",",
                             "\"x\":\"\xed\xa0\x80\",",
                             "\"x\":\x01,",
                             "\"x\":1\x0c,",
                             "\"x\"\x1a"
                             "1,",
                             R"("x":[1,],)",
                             R"("x":[1 2],)",
                             R"("x":{"y"},)",
                             R"("x":{"y":1,},)",
                             R"("x":[},)",
                             R"("x":{],)",
                             R"(x:1,)",
                             R"('x':1,)",
                             R"("x":'y',)",
                             R"("x":1}},)",
                             R"("x":"a"b,)",
                             R"("x":"a""b",)",
                             R"("x":Infinity,)",
                             R"("x":-,)",
                             R"("x":/*c*/1,)"}) {
    std::string text = with(member);
    EXPECT_EQ(ErrorOf(text), ParseError::kInvalidJson) << text;
  }
  for (const std::string& text :
       {good + "}", good + "x", good + good, good + ",", good + " {}", "{" + good, std::string("{"),
        std::string("}"), std::string(), std::string(" \t"), std::string("{]"),
        std::string(1, '{') + '\0', good + '\0', "\xef\xbb\xbf" + good}) {
    EXPECT_NE(ErrorOf(text), ParseError::kNone) << text;
  }
}

TEST(RecordParser, SaysFirstThatARecordIsNoJson) {
  EXPECT_EQ(ErrorOfValue(R"({"BOOL":tru})"), ParseError::kInvalidJson);
  EXPECT_EQ(ErrorOfValue("{'S':\"x\"}"), ParseError::kInvalidJson);
  EXPECT_EQ(ErrorOfValue(R"({"N":12}},"b":{"S":"\q"})"), ParseError::kInvalidJson);
  EXPECT_EQ(ErrorOfValue(Nested(33, false) + "]"), ParseError::kInvalidJson);
  EXPECT_EQ(ErrorOf(R"({"eventName":"X","eventName":"Y"} z)"), ParseError::kInvalidJson);
  EXPECT_EQ(ErrorOf(R"({"eventName":"X","eventName":"Y"})"), ParseError::kDuplicateKey);
}

TEST(RecordParser, NamesTheShapeAndEventErrors) {
  EXPECT_EQ(ErrorOf("{}"), ParseError::kUnknownShape);
  EXPECT_EQ(ErrorOf(R"({"eventName":"INSERT"})"), ParseError::kUnknownShape);
  EXPECT_EQ(ErrorOf(R"({"eventName":"INSERT","dynamodb":null})"), ParseError::kUnknownShape);
  EXPECT_EQ(ErrorOf(R"({"eventName":"INSERT","dynamodb":[{}]})"), ParseError::kUnknownShape);
  EXPECT_EQ(ErrorOf(R"({"eventName":"INSERT","dynamodb":{"NewImage":[]}})"),
            ParseError::kUnknownShape);
  EXPECT_EQ(ErrorOf(R"({"eventName":5,"dynamodb":{}})"), ParseError::kUnknownShape);
  EXPECT_EQ(ErrorOf(R"({"dynamodb":{}})"), ParseError::kUnknownEvent);
  for (const char* event : {"", "insert", "INSERTED", "UPDATE", "DELETE"}) {
    EXPECT_EQ(ErrorOf(KinesisRecord("{}", event)), ParseError::kUnknownEvent) << event;
  }
}

TEST(RecordParser, NeedsTheImageOfTheEvent) {
  const std::string head = R"({"dynamodb":{"SequenceNumber":"1",)";
  const std::string images[] = {R"("NewImage":{})", R"("OldImage":{})", R"("NewImage":null)",
                                R"("Keys":{})"};
  const auto error = [&](int image, const char* event) {
    return ErrorOf(head + images[image] + "},\"eventName\":\"" + event + "\"}");
  };
  EXPECT_EQ(error(0, "INSERT"), ParseError::kNone);
  EXPECT_EQ(error(0, "MODIFY"), ParseError::kNone);
  EXPECT_EQ(error(0, "REMOVE"), ParseError::kNoImage);
  EXPECT_EQ(error(1, "REMOVE"), ParseError::kNone);
  EXPECT_EQ(error(1, "MODIFY"), ParseError::kNoImage);
  EXPECT_EQ(error(2, "INSERT"), ParseError::kNoImage);
  EXPECT_EQ(error(3, "REMOVE"), ParseError::kNoImage);
}

TEST(RecordParser, NeedsAnOrder) {
  for (const char* sequence :
       {"\"\"", "null", "\"-1\"", "\"1a\"", "\"12345678901234567890123456789012345678901\""}) {
    EXPECT_EQ(ErrorOf(StreamsRecord("{}", sequence)), ParseError::kNoOrder) << sequence;
  }
  const auto kinesis = [](const std::string& members) {
    return ErrorOf(R"({"eventName":"INSERT","dynamodb":{"NewImage":{})" + members + "}}");
  };
  EXPECT_EQ(kinesis(R"(,"ApproximateCreationDateTime":1760000000000)"), ParseError::kNone);
  EXPECT_EQ(kinesis(""), ParseError::kNoOrder);
  for (const char* time : {"null", "0", "-5", "1.5", "\"1760000000000\"", "{}", "[]", "true",
                           "1e30", "999999999999999999999999"}) {
    EXPECT_EQ(kinesis(",\"ApproximateCreationDateTime\":" + std::string(time)),
              ParseError::kNoOrder)
        << time;
  }
  EXPECT_EQ(kinesis(R"(,"ApproximateCreationDateTime":1760000000000,)"
                    R"("ApproximateCreationDateTimePrecision":"NANOSECOND")"),
            ParseError::kNoOrder);
}

TEST(RecordParser, DecidesTheUnitOfTheKinesisTime) {
  const auto micros = [](const std::string& members) {
    const ParsedRecord parsed(
        R"({"eventName":"INSERT","dynamodb":{"NewImage":{},"ApproximateCreationDateTime":)" +
        members + "}}");
    EXPECT_EQ(parsed.error(), ParseError::kNone) << parsed.reason();
    return parsed.change().change_time_micros;
  };
  EXPECT_EQ(micros("1760000000123"), 1760000000123000);
  EXPECT_EQ(micros("1760000000123456"), 1760000000123456);
  EXPECT_EQ(micros("1760000000"), 1760000000000000);
  EXPECT_EQ(micros(R"(5000,"ApproximateCreationDateTimePrecision":"MILLISECOND")"), 5000000);
  EXPECT_EQ(micros(R"(5000,"ApproximateCreationDateTimePrecision":"MICROSECOND")"), 5000);
  EXPECT_EQ(micros("1.760000000123456E15"), 1760000000123456);
}

TEST(RecordParser, RefusesRecordsOverTheLimit) {
  const std::string text(kRecordBytesMax + 1, ' ');
  EXPECT_EQ(ErrorOf(text), ParseError::kTooLarge);
  std::string long_string = R"({"S":")";
  long_string.append(1 << 20, 'x').append("\"}");
  EXPECT_EQ(TextOf(long_string).size(), size_t{1} << 20);
}

TEST(RecordParser, ReasonsNamePlaceAndValue) {
  const ParsedRecord wrong(OneValue(R"({"N":"12,5"})"));
  EXPECT_THAT(wrong.reason(), HasSubstr("NewImage.a"));
  EXPECT_THAT(wrong.reason(), HasSubstr("12,5"));
  EXPECT_THAT(wrong.reason(), HasSubstr("at byte 142"));
  const ParsedRecord event(KinesisRecord("{}", "UPSERT"));
  EXPECT_THAT(event.reason(), HasSubstr("UPSERT"));
  ParsedRecord huge(KinesisRecord("{}", std::string(1 << 20, 'E')));
  EXPECT_LT(huge.reason().size(), 300u);
}

TEST(RecordParser, ForgetsTheRecordBefore) {
  ParsedRecord parsed(StreamsRecord(R"({"a":{"S":"1"}})"));
  ASSERT_EQ(parsed.error(), ParseError::kNone);
  EXPECT_EQ(parsed.Parse("{"), ParseError::kInvalidJson);
  EXPECT_EQ(parsed.Parse(KinesisRecord(R"({"b":{"N":"2"}})", "REMOVE")), ParseError::kNone);
  EXPECT_EQ(parsed.reason(), "");
  EXPECT_EQ(parsed.change().shape, RecordShape::kKinesis);
  EXPECT_EQ(parsed.change().sequence_number, "");
  EXPECT_FALSE(parsed.change().has_new_image);
  EXPECT_TRUE(parsed.change().new_image.empty());
  EXPECT_EQ(parsed.value().name, "b");
}

}  // namespace
}  // namespace tapelake::transform
