#include "transform/filter.h"

#include <algorithm>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/base64.h"
#include "base/json.h"
#include "transform/testing_records.h"

namespace tapelake::transform {
namespace {

using ::testing::HasSubstr;

/// Hands out a text in pieces of a fixed size.
class PieceInput : public io::ByteInput {
 public:
  PieceInput(std::string_view text, size_t piece_bytes) : rest_(text), piece_bytes_(piece_bytes) {}
  Result<size_t> Read(char* to, size_t size) override {
    const size_t count = std::min({size, piece_bytes_, rest_.size()});
    rest_.copy(to, count);
    rest_.remove_prefix(count);
    return count;
  }
  bool Ready(int64_t) override { return true; }

 private:
  std::string_view rest_;
  size_t piece_bytes_;
};

class TextOutput : public io::ByteOutput {
 public:
  Status Write(std::string_view bytes) override {
    text.append(bytes);
    return Status::OK();
  }
  std::string text;
};

class BrokenOutput : public io::ByteOutput {
 public:
  Status Write(std::string_view) override {
    return MakeError(ErrorKind::kUnavailable, "the reader has gone");
  }
};

struct Filtered {
  std::string rows;
  std::string errors;
  FilterCounts counts;
};

Filtered RunText(std::string_view input, const FilterOptions& options = {},
                 size_t piece_bytes = 1 << 16) {
  PieceInput in(input, piece_bytes);
  TextOutput rows;
  TextOutput errors;
  auto counts = RunFilter(in, rows, errors, options);
  EXPECT_TRUE(counts.ok()) << counts.status().ToString();
  return {rows.text, errors.text, counts.ValueOr(FilterCounts{})};
}

std::string Base64(std::string_view bytes) {
  std::string text;
  base::AppendBase64(bytes, &text);
  return text;
}

std::string Unbase64(std::string_view text) {
  std::string bytes(base::Base64DecodedSizeMax(text.size()) + base::kBase64SlackBytes, 0);
  size_t size = 0;
  EXPECT_TRUE(base::DecodeBase64(text, bytes.data(), &size)) << text;
  bytes.resize(size);
  return bytes;
}

const char kTail[] =
    R"("event_name":"INSERT","event_id":"e-1","change_time":1760000000000001,"position":null)";

std::string Row(const std::string& members) {
  return "{" + members + kTail + "}\n";
}

TEST(Filter, WritesOneFlatLineForARecord) {
  const Filtered out =
      RunText(KinesisRecord(R"({"z":{"N":"1.50"},"a":{"S":"\u00e9\n"},"m":{"M":{"b":{"N":"1"},)"
                            R"("a":{"NULL":true}}}, "n" : {"NULL":true}})") +
              "\n" + StreamsRecord("{}") + "\n");
  EXPECT_EQ(out.rows, Row(R"("z":1.50,"a":"\u00e9\n","m":{"a":null,"b":1},"n":null,)") +
                          R"({"event_name":"INSERT","event_id":"e-1",)"
                          R"("change_time":1760000000500000,"position":"0021"})"
                          "\n");
  EXPECT_EQ(out.errors, "");
  EXPECT_EQ(out.counts.records, 2);
  EXPECT_EQ(out.counts.rows, 2);
  EXPECT_EQ(out.counts.bytes_out, static_cast<int64_t>(out.rows.size()));
}

TEST(Filter, RescuesAttributesWhoseNamesAreTaken) {
  const Filtered out = RunText(KinesisRecord(
      R"({"position":{"N":"3"},"a":{"S":"x"},"event_id":{"S":"\"q\""},"_rescued":{"L":[]}})"));
  std::string expected = Row(R"("a":"x",)");
  expected.resize(expected.size() - 2);
  EXPECT_EQ(
      out.rows,
      expected +
          R"(,"_rescued":{"position":{"N":"3"},"event_id":{"S":"\"q\""},"_rescued":{"L":[]}}})"
          "\n");
}

TEST(Filter, RenamesAttributesToTheColumnsOfATable) {
  record::TableDefinition table;
  table.columns = {{.name = "transaction_id", .attribute = "id"},
                   {.name = "pair", .attribute = "symbol"},
                   {.name = "side", .attribute = "side"},
                   {.name = "risk", .attribute = "meta.risk"},
                   {.name = "position", .attribute = "pos"}};
  const Filtered out =
      RunText(KinesisRecord(R"({"id":{"S":"k"},"symbol":{"S":"BTC"},)"
                            R"("side":{"S":"BUY"},"pair":{"S":"taken"},"pos":{"N":"1"}})"),
              {.table = &table});
  std::string expected = Row(R"("transaction_id":"k","pair":"BTC","side":"BUY",)");
  expected.resize(expected.size() - 2);
  EXPECT_EQ(out.rows, expected + R"(,"_rescued":{"pair":{"S":"taken"},"pos":{"N":"1"}}})"
                                 "\n");
}

TEST(Filter, EscapesOddNamesAndIds) {
  const Filtered out =
      RunText(R"({"eventID":"a\"\u0001","eventName":"INSERT",)"
              R"("dynamodb":{"NewImage":{"q\"\\":{"S":"x"},"" :{"S":""}},"SequenceNumber":"5"}})");
  EXPECT_EQ(out.rows, R"({"q\"\\":"x","":"","event_name":"INSERT",)"
                      R"("event_id":"a\"\u0001","change_time":null,"position":"5"})"
                      "\n");
  EXPECT_TRUE(base::ParseJson(out.rows).ok());
}

TEST(Filter, KeepsTheExactBytesOfRefusedRecords) {
  const std::string bad = "{\"eventName\":\"\xff\xfe\"}";
  const Filtered out = RunText("\n" + bad + "\r\n  \n" + OneValue(R"({"S":"x"})"));
  EXPECT_EQ(out.counts.rows, 1);
  EXPECT_EQ(out.counts.errors, 1);
  EXPECT_EQ(out.counts.errors_by_type.at("invalid-json"), 1);
  const auto line = base::ParseJson(out.errors).ValueOrDie();
  EXPECT_EQ(line.Find("error_type")->text(), "invalid-json");
  EXPECT_EQ(line.Find("source")->text(), "-");
  EXPECT_EQ(line.Find("offset")->AsInt(-1), 1);
  EXPECT_EQ(Unbase64(line.Find("raw_data")->text()), bad);
  EXPECT_THAT(line.Find("reason")->text(), HasSubstr("UTF-8"));
}

TEST(Filter, GivesTheSameBytesForAnyCutOfTheInput) {
  std::string input;
  for (int i = 0; i < 40; ++i) {
    input += KinesisRecord(R"({"i":{"N":")" + std::to_string(i) + R"("},"s":{"S":")" +
                           std::string(static_cast<size_t>(i) * 7, 'x') + "\"}}");
    input += i % 3 == 0 ? "\r\n" : "\n";
    if (i % 5 == 0) input += "\n{broken\n";
  }
  const Filtered whole = RunText(input);
  EXPECT_EQ(whole.counts.rows, 40);
  EXPECT_EQ(whole.counts.errors, 8);
  for (size_t piece = 1; piece < 600; piece += piece < 20 ? 1 : 37) {
    const Filtered cut = RunText(input, {}, piece);
    EXPECT_EQ(cut.rows, whole.rows) << piece;
    EXPECT_EQ(cut.errors, whole.errors) << piece;
  }
}

TEST(Filter, ReadsLongLinesAcrossManyBlocks) {
  std::string input;
  for (const size_t size : {300'000u, 600'000u, 5u, 2'000'000u, 262'144u}) {
    input += OneValue(R"({"S":")" + std::string(size, 'y') + "\"}") + "\n";
  }
  for (const size_t piece : {1000u, 65536u, 262'144u, 10'000'000u}) {
    const Filtered out = RunText(input, {}, piece);
    EXPECT_EQ(out.counts.rows, 5);
    EXPECT_EQ(out.counts.errors, 0);
    EXPECT_GT(out.rows.size(), 3'162'149u);
  }
}

TEST(Filter, PassesLinesOverTheLimitThroughInPieces) {
  const std::string huge = "{\"x\":\"" + std::string(40 << 20, 'z') + "\"}";
  const std::string good = OneValue(R"({"S":"x"})");
  const Filtered out = RunText(good + "\n" + huge + "\n" + good + "\n", {}, 100'001);
  EXPECT_EQ(out.counts.rows, 2);
  EXPECT_EQ(out.counts.errors_by_type.at("too-large"), 1);
  const size_t start = out.errors.find("\"raw_data\":\"") + 12;
  ASSERT_TRUE(out.errors.ends_with("\"}\n"));
  EXPECT_EQ(Unbase64(std::string_view(out.errors).substr(start, out.errors.size() - start - 3)),
            huge);
  EXPECT_THAT(out.errors.substr(0, start),
              HasSubstr("\"offset\":" + std::to_string(good.size() + 1)));
}

std::string Payload(const std::vector<std::string>& data) {
  std::string text = R"({"invocationId":"i","records":[)";
  for (size_t i = 0; i < data.size(); ++i) {
    text += (i == 0 ? "" : ",") + std::string(R"({"recordId":"r)") + std::to_string(i) +
            R"(","approximateArrivalTimestamp":5,"data":")" + data[i] + "\"}";
  }
  return text + R"(],"region":"us-east-1"})";
}

TEST(Filter, AnswersPayloadsAsTheLambdaFunctionDoes) {
  const std::string good = OneValue(R"({"N":"1"})");
  const Filtered out =
      RunText(Payload({Base64(good), Base64("{bad"), "%%%"}) + "\n" + Payload({}) + "\n",
              {.payload = true});
  EXPECT_EQ(out.rows,
            R"({"records":[{"recordId":"r0","result":"Ok","data":")" + Base64(Row(R"("a":1,)")) +
                R"("},{"recordId":"r1","result":"ProcessingFailed","data":")" + Base64("{bad") +
                R"("},{"recordId":"r2","result":"ProcessingFailed","data":"%%%"}]})"
                "\n{\"records\":[]}\n");
  EXPECT_EQ(out.counts.records, 3);
  EXPECT_EQ(out.counts.errors_by_type.at("invalid-json"), 1);
  EXPECT_EQ(out.counts.errors_by_type.at("invalid-base64"), 1);
  const auto line = base::ParseJson(out.errors.substr(0, out.errors.find('\n'))).ValueOrDie();
  EXPECT_EQ(Unbase64(line.Find("raw_data")->text()), "{bad");
}

TEST(Filter, RefusesBrokenPayloadsWhole) {
  const std::string good = Payload({Base64(OneValue(R"({"N":"1"})")), Base64("{bad")});
  for (const std::string& bad :
       {good.substr(0, good.size() - 1), good + "x", std::string("[]"), std::string("{}"),
        std::string(R"({"records":{}})"), std::string(R"({"records":[1]})"),
        std::string(R"({"records":[{"recordId":"a"}]})"),
        std::string(R"({"records":[{"data":"e30="}]})"),
        std::string(R"({"records":[{"recordId":1,"data":"e30="}]})"),
        std::string(R"({"records":[{"recordId":"a","recordId":"b","data":"e30="}]})"),
        std::string(R"({"records":[],"records":[]})"), std::string(R"({"records":[],"x":tru})")}) {
    const Filtered out = RunText(bad + "\n" + good + "\n", {.payload = true});
    EXPECT_EQ(out.counts.rows, 1) << bad;
    EXPECT_EQ(out.counts.errors, 2) << bad;
    EXPECT_EQ(std::count(out.rows.begin(), out.rows.end(), '\n'), 1) << bad;
    EXPECT_EQ(std::count(out.errors.begin(), out.errors.end(), '\n'), 2) << bad;
  }
}

TEST(Filter, TellsWhenTheReaderHasGone) {
  const std::string input = OneValue(R"({"S":"x"})") + "\n";
  PieceInput in(input, 100);
  BrokenOutput out;
  TextOutput errors;
  const auto counts = RunFilter(in, out, errors, {});
  ASSERT_FALSE(counts.ok());
  EXPECT_EQ(KindOf(counts.status()), ErrorKind::kUnavailable);
}

}  // namespace
}  // namespace tapelake::transform
