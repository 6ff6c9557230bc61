#include "delivery/transform_call.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "base/seal.h"

namespace tapelake::delivery {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using Kind = TransformOutcome::Kind;

const TransformCaller kCaller{
    .invocation_id = "11111111-2222-3333-4444-555555555555",
    .stream_arn = "arn:aws:firehose:us-east-1:123456789012:deliverystream/crypto.transactions",
    .region = "us-east-1"};

std::vector<TransformRecord> Records(size_t count, std::string_view data = "abc") {
  static const std::vector<std::string> ids = [] {
    std::vector<std::string> made;
    for (int i = 0; i < 100; ++i)
      made.push_back("record" + std::to_string(i));
    return made;
  }();
  std::vector<TransformRecord> records;
  for (size_t i = 0; i < count; ++i)
    records.push_back({.id = ids[i], .arrival_micros = 1'495'072'949'453'999, .data = data});
  return records;
}

std::vector<TransformOutcome> Read(const std::string& answers, size_t records) {
  return ReadTransformAnswer("{\"records\":[" + answers + "]}", Records(records)).ValueOrDie();
}

TEST(TransformCall, AsksAsFirehoseDoes) {
  EXPECT_EQ(
      FormatTransformRequest(kCaller, Records(2)),
      R"({"invocationId":"11111111-2222-3333-4444-555555555555","deliveryStreamArn":)"
      R"("arn:aws:firehose:us-east-1:123456789012:deliverystream/crypto.transactions",)"
      R"("region":"us-east-1","records":[)"
      R"({"recordId":"record0","approximateArrivalTimestamp":1495072949453,"data":"YWJj"},)"
      R"({"recordId":"record1","approximateArrivalTimestamp":1495072949453,"data":"YWJj"}]})");
}

TEST(TransformCall, NeverAsksForMoreThanAnInvocationTakes) {
  const std::string mebibyte(1 << 20, 'x');
  EXPECT_EQ(CountOfBatch(kCaller, {}, 1), 0u);
  EXPECT_EQ(CountOfBatch(kCaller, Records(10), 1), 1u) << "one always goes";
  EXPECT_EQ(CountOfBatch(kCaller, Records(10), 9), 3u);
  const auto large = Records(10, mebibyte);
  const size_t count = CountOfBatch(kCaller, large, size_t{100} << 20);
  EXPECT_EQ(count, 4u);  // 1 MiB is 1.33 MiB in base64
  const std::vector<TransformRecord> batch(large.begin(), large.begin() + 4);
  EXPECT_LE(FormatTransformRequest(kCaller, batch).size(), RequestBytes(kCaller, batch));
  EXPECT_LE(RequestBytes(kCaller, batch), kInvocationBytesMax);
}

TEST(TransformCall, TakesAnswersInAnyOrder) {
  const auto outcomes = Read(R"({"recordId":"record2","result":"ProcessingFailed","data":"YWJj"},)"
                             R"({"recordId":"record1","result":"Dropped"},)"
                             R"({"recordId":"record0","result":"Ok","data":"eHl6Cg==",)"
                             R"("metadata":{"partitionKeys":{"pair":"BTC","day":"1"}}})",
                             3);
  EXPECT_EQ(outcomes[0].kind, Kind::kOk);
  EXPECT_EQ(outcomes[0].data, "xyz\n");
  EXPECT_EQ(outcomes[0].partition_keys,
            (std::map<std::string, std::string>{{"day", "1"}, {"pair", "BTC"}}));
  EXPECT_EQ(outcomes[1].kind, Kind::kDropped);
  EXPECT_EQ(outcomes[2].kind, Kind::kFailed);
  EXPECT_EQ(outcomes[2].failure.code, "Lambda.ProcessingFailedStatus");
}

TEST(TransformCall, WantsEveryRecordAnsweredOnce) {
  const auto outcomes = Read(R"({"recordId":"record0","result":"Ok","data":""},)"
                             R"({"recordId":"record1","result":"Ok","data":""},)"
                             R"({"recordId":"record1","result":"Ok","data":""},)"
                             R"({"recordId":"other","result":"Ok","data":""},)"
                             R"({"result":"Ok","data":""},7)",
                             3);
  EXPECT_EQ(outcomes[0].kind, Kind::kOk);
  EXPECT_EQ(outcomes[0].data, "");
  EXPECT_EQ(outcomes[1].kind, Kind::kFailed);
  EXPECT_EQ(outcomes[1].failure.code, "Lambda.DuplicatedRecordId");
  EXPECT_EQ(outcomes[2].kind, Kind::kFailed);
  EXPECT_EQ(outcomes[2].failure.code, "Lambda.MissingRecordId");
}

TEST(TransformCall, FailsRecordsWhoseAnswersAreNone) {
  const auto outcomes = Read(R"({"recordId":"record0","result":"OK","data":""},)"
                             R"({"recordId":"record1","result":"Ok"},)"
                             R"({"recordId":"record2","result":"Ok","data":"?"},)"
                             R"({"recordId":"record3","result":"Ok","data":"",)"
                             R"("metadata":{"partitionKeys":{"pair":1}}})",
                             4);
  for (const TransformOutcome& outcome : outcomes) {
    EXPECT_EQ(outcome.kind, Kind::kFailed);
    EXPECT_EQ(outcome.failure.code, "Lambda.JsonProcessingException");
    EXPECT_NE(outcome.failure.message, "");
  }
}

TEST(TransformCall, RefusesPayloadsThatAreNoAnswer) {
  for (const char* payload : {"", "null", "[]", "{}", R"({"records":{}})", R"({"records":[}")"})
    EXPECT_FALSE(ReadTransformAnswer(payload, Records(1)).ok()) << payload;
}

TEST(TransformCall, JudgesInvocations) {
  EXPECT_FALSE(JudgeInvocation({.status = 200, .payload = "{}"}).has_value());
  const auto failed = JudgeInvocation(
      {.status = 200, .function_error = "Unhandled", .payload = R"({"errorMessage":"x"})"});
  ASSERT_TRUE(failed.has_value());
  EXPECT_EQ(failed->code, "Lambda.FunctionError");
  EXPECT_THAT(failed->message, HasSubstr("Unhandled"));
  EXPECT_TRUE(failed->may_pass);
  const auto odd = JudgeInvocation(
      {.status = 200, .function_error = "\xff", .payload = std::string(199, 'x') + "\xc3\xbc"});
  EXPECT_THAT(odd->message, HasSubstr("(?): x"));
  EXPECT_THAT(odd->message, ::testing::EndsWith("x?")) << "it must fit JSON wherever it is cut";
  const auto large =
      JudgeInvocation({.status = 200, .payload = std::string(kInvocationBytesMax + 1, ' ')});
  ASSERT_TRUE(large.has_value());
  EXPECT_EQ(large->code, "Lambda.FunctionError");
}

TEST(TransformCall, TellsRefusalsFromWhatMayPass) {
  struct Case {
    int status;
    std::string error;
    std::string code;
    bool may_pass;
  };
  for (const Case& one : {Case{0, "NoAnswer", "Lambda.FunctionRequestTimedOut", true},
                          Case{0, "AccessDeniedException", "Lambda.InvokeAccessDenied", true},
                          Case{403, "AccessDeniedException", "Lambda.InvokeAccessDenied", false},
                          Case{404, "ResourceNotFoundException", "Lambda.ResourceNotFound", false},
                          Case{413, "RequestTooLargeException", "Lambda.InvocationFailed", false},
                          Case{429, "TooManyRequestsException", "Lambda.InvokeLimitExceeded", true},
                          Case{502, "HTTP502", "Lambda.InvocationFailed", true}}) {
    const auto failure =
        JudgeInvocation({.status = one.status, .error = one.error, .payload = "why"});
    ASSERT_TRUE(failure.has_value());
    EXPECT_EQ(failure->code, one.code);
    EXPECT_EQ(failure->may_pass, one.may_pass) << one.status;
    EXPECT_THAT(failure->message, HasSubstr(one.error + ": why"));
  }
}

TEST(TransformCall, WritesErrorLinesAsFirehoseDoesAndSealsThem) {
  const auto records = Records(1);
  const TransformFailure failure{.code = "Lambda.FunctionError", .message = "it \"failed\""};
  std::string line;
  AppendTransformErrorLine({.record = records[0],
                            .failure = failure,
                            .attempts = kTransformRetries + 1,
                            .ended_micros = 1'495'072'950'000'000,
                            .lambda_arn = "arn:aws:lambda:us-east-1:1:function:f:$LATEST",
                            .source = "a place",
                            .offset = 7},
                           &line);
  EXPECT_THAT(line,
              StartsWith(R"({"attemptsMade":4,"arrivalTimestamp":1495072949453,)"
                         R"("errorCode":"Lambda.FunctionError","errorMessage":"it \"failed\"",)"
                         R"("attemptEndingTimestamp":1495072950000,"rawData":"YWJj",)"
                         R"("lambdaArn":"arn:aws:lambda:us-east-1:1:function:f:$LATEST",)"
                         R"("error_type":"processing-failed","source":"a place","offset":7,)"
                         R"("raw_xxh64":"44bc2cf5ad770999",)"));
  ASSERT_TRUE(line.ends_with('\n'));
  line.pop_back();
  EXPECT_EQ(base::JudgeJsonSeal(line, "}"), base::SealState::kWhole) << line;
}

}  // namespace
}  // namespace tapelake::delivery
