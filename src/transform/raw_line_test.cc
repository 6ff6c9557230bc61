#include "transform/raw_line.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "transform/testing_records.h"
#include "transform/testing_round_trip.h"

namespace tapelake::transform {
namespace {

constexpr char kStreamsCapture[] = "tests/captures/cryptotransactions_streams.ndjson";
constexpr char kKinesisCapture[] = "tests/captures/cryptotransactions_kinesis_destination.ndjson";

std::string LineOf(std::string_view record) {
  const ParsedRecord parsed(record);
  EXPECT_EQ(parsed.error(), ParseError::kNone) << parsed.reason();
  std::string line;
  NdjsonWriter(LineForm::kReplayable).Append(parsed.change(), &line);
  return line;
}

/// The member `name` of the line, to its end; empty if it has none.
std::string From(const std::string& line, const std::string& name) {
  const size_t at = line.find("\"" + name + "\":");
  return at == std::string::npos ? "" : line.substr(at, line.size() - at - 2);
}

std::string Refusal(std::string line) {
  RawLineReader reader;
  std::string out = "kept";
  const size_t size = line.size();
  line.append(record::kRecordPaddingBytes, '}');
  EXPECT_FALSE(reader.AppendRecord(std::string_view(line).substr(0, size), &out));
  EXPECT_EQ(out, "kept");
  EXPECT_FALSE(reader.reason().empty());
  return reader.reason();
}

/// A Kinesis MODIFY from one image to another.
std::string Modify(const std::string& old_image, const std::string& new_image) {
  std::string record = KinesisRecord(new_image, "MODIFY");
  return record.insert(record.find("\"NewImage\""), "\"OldImage\":" + old_image + ",");
}

TEST(RawLine, HoldsNoMoreThanTheRowLineWherePlainValuesSayAll) {
  const std::string record = KinesisRecord(
      R"({"s":{"S":"x\n"},"n":{"N":"-1.50e3"},"b":{"BOOL":false},"z":{"NULL":true}})");
  std::string row;
  NdjsonWriter().Append(ParsedRecord(record).change(), &row);
  EXPECT_EQ(From(LineOf(record), "_typed"), "");
  EXPECT_EQ(From(LineOf(record), "_old_image"), "");
  const std::string with_keys = row.substr(0, row.size() - 2) + R"(,"_keys":{"id":{"S":"k"}}})"
                                                                "\n";
  EXPECT_EQ(LineOf(record), with_keys);
  EXPECT_EQ(From(LineOf(KinesisRecord(R"({"id":{"S":"k"}})")), "_keys"), "");
}

TEST(RawLine, TypesWhatPlainJsonDoesNotTell) {
  const std::string line = LineOf(KinesisRecord(
      R"({"id":{"S":"k"},"b":{"B":"AA=="},"p":{"N":"+5"},"m":{"M":{"x":{"N":"1"}}},"l":{"L":[]},)"
      R"("ss":{"SS":["b","a"]},"ns":{"NS":["2","1"]},"bs":{"BS":["AA=="]}})"));
  EXPECT_EQ(From(line, "_typed"),
            R"("_typed":{"b":{"B":"AA=="},"p":{"N":"+5"},"m":{"M":{"x":{"N":"1"}}},"l":{"L":[]},)"
            R"("ss":{"SS":["b","a"]},"ns":{"NS":["2","1"]},"bs":{"BS":["AA=="]}})");
  EXPECT_NE(line.find(R"("m":{"x":1},"l":[],"ss":["a","b"],"ns":[1,2])"), std::string::npos);
}

TEST(RawLine, KeepsTheOldImageOfTheKinesisShapeOnly) {
  const std::string old_image = R"({"id":{"S":"k"},"v":{"N":"1"}})";
  const std::string new_image = R"({"id":{"S":"k"},"v":{"N":"2"}})";
  EXPECT_EQ(From(LineOf(Modify(old_image, new_image)), "_old_image"),
            "\"_old_image\":" + old_image);
  EXPECT_EQ(From(LineOf(Modify("{}", new_image)), "_old_image"), "\"_old_image\":{}");
  EXPECT_EQ(From(LineOf(KinesisRecord(old_image, "REMOVE")), "_old_image"), "");
  EXPECT_EQ(From(LineOf(StreamsRecord(new_image)), "_old_image"), "");
}

TEST(RawLine, IsOneLineWhateverTheRecordLooksLike) {
  const std::string line = LineOf(KinesisRecord(
      "{\"id\":{\"S\":\"k\"},\n \"m\" : {\"M\":\n {\"a b\": {\"S\":\"x \\\" y\"}}}}"));
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  EXPECT_EQ(From(line, "_typed"), R"("_typed":{"m":{"M":{"a b":{"S":"x \" y"}}}})");
}

TEST(RawLine, BringsEveryChangeBack) {
  RoundTrip round_trip;
  const std::string time = R"("id":{"S":"k"},"transaction_id":{"S":"t"},)"
                           R"("timestamp":{"S":"2024-05-01T10:00:00Z"})";
  const std::vector<std::string> images = {
      "{}",
      "{" + time + "}",
      "{" + time +
          R"(,"event_name":{"N":"1"},"_typed":{"M":{}},"_old_image":{"S":"x"},)"
          R"("position":{"B":""},"_rescued":{"L":[{"NULL":true}]},"_keys":{"BOOL":true}})",
      "{" + time + R"(,"price":{"N":".5"},"amount":{"N":"007"},"n":{"N":"1E400"},"":{"S":""}})",
      "{" + time + R"(,"a\"b\\c":{"S":"\ud83d\ude00\u0000"},"ü":{"SS":["ß","a"]}})",
      "{" + time + R"(,"m":{ "M" : { "b" : {"B":"AAEC"} , "a":{"NS":["1","-0","+3"]}}}})",
      "{" + time + ",\"m\":{\"M\":\n{\"x\":\n{\"L\":[ {\"S\":\"a\\\" b\"},\n{\"BOOL\":false}]}}}}",
  };
  for (const std::string& image : images) {
    for (const char* event : {"INSERT", "MODIFY", "REMOVE"})
      EXPECT_EQ(round_trip.Check(KinesisRecord(image, event)), "");
    EXPECT_EQ(round_trip.Check(StreamsRecord(image)), "");
    EXPECT_EQ(round_trip.Check(StreamsRecord(image, "\"000000000000000000000000000000000000001\"")),
              "");
    for (const std::string& old_image : images)
      EXPECT_EQ(round_trip.Check(Modify(old_image, image)), "");
  }
  EXPECT_EQ(round_trip.Check(R"({"eventName":"INSERT","dynamodb":{"NewImage":{},)"
                             R"("SequenceNumber":"1"}})"),
            "");
  EXPECT_EQ(round_trip.checked(), static_cast<int64_t>(images.size() * (5 + images.size()) + 1));
  EXPECT_EQ(round_trip.CompareRows(), "");
}

TEST(RawLine, BringsTheCapturedChangesBack) {
  for (const char* path : {kStreamsCapture, kKinesisCapture}) {
    RoundTrip round_trip;
    std::ifstream file(path);
    for (std::string record; std::getline(file, record);)
      EXPECT_EQ(round_trip.Check(record), "");
    EXPECT_GE(round_trip.checked(), 200) << path;
    EXPECT_EQ(round_trip.CompareRows(), "");
  }
}

TEST(RawLine, RefusesWhatItDidNotWrite) {
  const std::string end =
      R"("event_name":"INSERT","event_id":null,"change_time":1,"position":null)";
  EXPECT_THAT(Refusal(""), testing::HasSubstr("does not start"));
  EXPECT_THAT(Refusal("{\"a\":"), testing::HasSubstr("does not end"));
  EXPECT_THAT(Refusal("{\"a\":1 2,}"), testing::HasSubstr("at byte"));
  EXPECT_THAT(Refusal("{}"), testing::HasSubstr("no event_name"));
  EXPECT_THAT(Refusal("{" + end + "} x}"), testing::HasSubstr("more text"));
  EXPECT_THAT(Refusal("{" + end + R"(,"position":null})"), testing::HasSubstr("twice"));
  EXPECT_THAT(Refusal("{\"m\":{}," + end + "}"), testing::HasSubstr("what this value was"));
  EXPECT_THAT(Refusal("{" + end + R"(,"_typed":{"x":{"B":""}}})"),
              testing::HasSubstr("not in the line"));
  EXPECT_THAT(Refusal("{" + end + R"(,"_typed":[]})"), testing::HasSubstr("no object"));
  EXPECT_THAT(Refusal("{" + end + R"(,"_keys":1})"), testing::HasSubstr("no object"));
  EXPECT_THAT(
      Refusal(R"({"event_name":"INSERT","event_id":null,"change_time":null,"position":null})"),
      testing::HasSubstr("change_time"));
  EXPECT_THAT(Refusal(R"({"event_name":"INSERT","event_id":null,"change_time":-1,"position":"1"})"),
              testing::HasSubstr("change_time"));
}

}  // namespace
}  // namespace tapelake::transform
