#include "lambda/function.h"

#include <deque>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/json.h"
#include "lambda/testing_events.h"
#include "testing/fake_clock.h"

namespace tapelake::lambda {
namespace {

constexpr int64_t kNow = 1'760'000'000'000'000;

/// A runtime API with prepared answers.
class FakeApi : public io::HttpClient {
 public:
  struct Call {
    std::string method;
    std::string url;
    std::vector<io::HttpHeader> headers;
    std::string body;

    std::string Header(const std::string& name) const {
      for (const io::HttpHeader& header : headers) {
        if (header.name == name) return header.value;
      }
      return "";
    }
  };

  void AddEvent(const std::string& event, const std::string& id, int64_t deadline_ms = 0) {
    io::HttpResponse response{.status = 200, .body = event};
    response.headers = {{"lambda-runtime-aws-request-id", id},
                        {"lambda-runtime-trace-id", "Root=1-5bef4de7"}};
    if (deadline_ms > 0) {
      response.headers.push_back({"lambda-runtime-deadline-ms", std::to_string(deadline_ms)});
    }
    answers.push_back(std::move(response));
  }
  void AddStatus(int status) { answers.push_back({.status = status, .body = "{}"}); }

  Result<io::HttpResponse> Send(const io::HttpRequest& request) override {
    calls.push_back({request.method, request.url, request.headers, std::string(request.body)});
    if (request.spare != nullptr) request.spare->clear();
    if (answers.empty()) return MakeError(ErrorKind::kUnavailable, "nobody is there");
    io::HttpResponse response = std::move(answers.front());
    answers.pop_front();
    return response;
  }

  std::deque<io::HttpResponse> answers;
  std::vector<Call> calls;
};

class TextOutput : public io::ByteOutput {
 public:
  Status Write(std::string_view bytes) override {
    text.append(bytes);
    return Status::OK();
  }
  std::string text;
};

class FunctionTest : public ::testing::Test {
 protected:
  static constexpr char kPrefix[] = "http://127.0.0.1:9001/2018-06-01/runtime/";

  testing::FakeClock clock_{kNow};
  FakeApi http_;
  RuntimeApi api_{"127.0.0.1:9001", http_};
  TextOutput rows_output_;
  TextOutput log_output_;
  StreamTarget rows_{rows_output_};
  Log log_{log_output_, clock_};
  FirehoseHandler firehose_{{}};
  BatchHandler batches_{rows_, nullptr};
  Function function_{
      {.api = api_, .firehose = firehose_, .batches = batches_, .clock = clock_, .log = log_}};
};

TEST_F(FunctionTest, AnswersUnderTheIdOfTheInvocation) {
  http_.AddEvent(FirehoseEvent({ChangeRecord("a")}), "8476a536");
  http_.AddStatus(202);
  ASSERT_TRUE(function_.Step().ok());
  ASSERT_EQ(http_.calls.size(), 2U);
  EXPECT_EQ(http_.calls[0].method, "GET");
  EXPECT_EQ(http_.calls[0].url, kPrefix + std::string("invocation/next"));
  EXPECT_EQ(http_.calls[1].method, "POST");
  EXPECT_EQ(http_.calls[1].url, kPrefix + std::string("invocation/8476a536/response"));
  EXPECT_EQ(http_.calls[1].Header("Content-Type"), "application/json");
  EXPECT_EQ(http_.calls[1].body, R"({"records":[{"recordId":"r0","result":"Ok","data":")" +
                                     Base64(RowLine("a")) + "\"}]}");
  EXPECT_EQ(log_output_.text, "");
}

TEST_F(FunctionTest, WritesTheRowsOfABatch) {
  http_.AddEvent(KinesisEvent({ChangeRecord("a")}), "1");
  http_.AddStatus(202);
  ASSERT_TRUE(function_.Step().ok());
  EXPECT_EQ(rows_output_.text, RowLine("a"));
  EXPECT_EQ(http_.calls[1].body, R"({"batchItemFailures":[]})");
}

TEST_F(FunctionTest, ReportsAnEventItDoesNotKnow) {
  http_.AddEvent(R"({"hello":"world"})", "2");
  http_.AddStatus(202);
  ASSERT_TRUE(function_.Step().ok());
  EXPECT_EQ(http_.calls[1].url, kPrefix + std::string("invocation/2/error"));
  EXPECT_EQ(http_.calls[1].Header("Lambda-Runtime-Function-Error-Type"), "Function.InvalidEvent");
  const auto body = base::ParseJson(http_.calls[1].body);
  ASSERT_TRUE(body.ok());
  EXPECT_EQ(body->Find("errorType")->text(), "Function.InvalidEvent");
  EXPECT_NE(body->Find("errorMessage")->text().find("the members hello"), std::string::npos);
  EXPECT_TRUE(body->Find("stackTrace")->is_array());
  const auto line = base::ParseJson(log_output_.text);
  ASSERT_TRUE(line.ok()) << log_output_.text;
  EXPECT_EQ(line->Find("level")->text(), "ERROR");
  EXPECT_EQ(line->Find("requestId")->text(), "2");
  EXPECT_EQ(line->Find("timestamp")->text(), "2025-10-09T08:53:20.000000Z");
}

TEST_F(FunctionTest, WarnsOnceOfAllRefusedRecords) {
  http_.AddEvent(FirehoseEvent({"x", ChangeRecord("a"), "{}"}), "3");
  http_.AddStatus(202);
  ASSERT_TRUE(function_.Step().ok());
  const auto line = base::ParseJson(log_output_.text);
  ASSERT_TRUE(line.ok()) << log_output_.text;
  EXPECT_EQ(line->Find("level")->text(), "WARN");
  EXPECT_TRUE(line->Find("message")->text().starts_with(
      "2 of 3 records refused (1 invalid-base64, 1 unknown-shape); first: record 0: "));
}

TEST_F(FunctionTest, KeepsTheDeadlineOfTheInvocation) {
  http_.AddEvent(FirehoseEvent({ChangeRecord("a")}), "4", kNow / 1000 + 50);
  http_.AddStatus(202);
  ASSERT_TRUE(function_.Step().ok());
  EXPECT_EQ(http_.calls[1].Header("Lambda-Runtime-Function-Error-Type"), "Function.DeadlineNear");
}

TEST_F(FunctionTest, GoesOnAfterARefusedAnswerAndEndsWhenTheApiEnds) {
  http_.AddEvent(R"({"Records":[]})", "5");
  http_.AddStatus(413);
  EXPECT_TRUE(function_.Step().ok());
  EXPECT_NE(log_output_.text.find("with status 413"), std::string::npos);
  http_.AddEvent(R"({"Records":[]})", "6");
  http_.AddStatus(500);
  EXPECT_EQ(KindOf(function_.Step()), ErrorKind::kShuttingDown);
  http_.AddStatus(500);
  EXPECT_EQ(KindOf(function_.Step()), ErrorKind::kShuttingDown);
  http_.AddStatus(200);  // no request id
  EXPECT_EQ(KindOf(function_.Step()), ErrorKind::kShuttingDown);
  EXPECT_EQ(KindOf(function_.Step()), ErrorKind::kUnavailable);
}

TEST_F(FunctionTest, SaysThatItCannotStart) {
  http_.AddStatus(202);
  EXPECT_TRUE(api_.FailInit({.type = "Runtime.ConfigInvalid", .message = "no"}).ok());
  EXPECT_EQ(http_.calls[0].url, kPrefix + std::string("init/error"));
  EXPECT_EQ(http_.calls[0].body,
            R"({"errorMessage":"no","errorType":"Runtime.ConfigInvalid","stackTrace":[]})");
}

TEST(HttpTarget, PostsAllLinesAtOnceAndBelievesOnlySuccess) {
  auto fake = std::make_unique<FakeApi>();
  FakeApi& http = *fake;
  http.AddStatus(204);
  http.AddStatus(503);
  HttpTarget target("http://127.0.0.1:1/rows", std::move(fake));
  EXPECT_TRUE(target.Send("a\nb\n", 1'000).ok());
  EXPECT_EQ(http.calls[0].method, "POST");
  EXPECT_EQ(http.calls[0].Header("Content-Type"), "application/x-ndjson");
  EXPECT_EQ(http.calls[0].body, "a\nb\n");
  const Status refused = target.Send("a\n", 1'000);
  EXPECT_EQ(refused.message(), "target http://127.0.0.1:1/rows answered with status 503: {}");
  const Status away = target.Send("a\n", 1'000);
  EXPECT_EQ(KindOf(away), ErrorKind::kUnavailable);
  EXPECT_EQ(away.message(), "target http://127.0.0.1:1/rows: nobody is there");
}

}  // namespace
}  // namespace tapelake::lambda
