#include "io/aws/json_client.h"

#include <gmock/gmock.h>

#include <deque>
#include <map>

#include "testing/fake_clock.h"
#include "testing/fake_file_system.h"

namespace tapelake::io::aws {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr int64_t kNow = 1'795'370'400'000'000;  // 2026-11-22T18:00:00Z

JsonService Kinesis() {
  return {.name = "Kinesis",
          .signing_name = "kinesis",
          .endpoint_prefix = "kinesis",
          .target_prefix = "Kinesis_20131202",
          .json_version = "1.1",
          .endpoint_variable = "AWS_ENDPOINT_URL_KINESIS"};
}

/// Answers in turn; the last one for ever.
class ScriptedServer : public HttpClient {
 public:
  Result<HttpResponse> Send(const HttpRequest& request) override {
    urls.push_back(request.url);
    headers.emplace_back();
    for (const HttpHeader& header : request.headers)
      headers.back()[header.name] = header.value;
    bodies.emplace_back(request.body);
    Result<HttpResponse> answer = answers.front();
    if (answers.size() > 1) answers.pop_front();
    return answer;
  }
  void Refuse(int status, const std::string& body, std::vector<HttpHeader> with = {}) {
    answers.push_back(HttpResponse{.status = status, .headers = std::move(with), .body = body});
  }
  void Accept(const std::string& body) { Refuse(200, body); }

  std::deque<Result<HttpResponse>> answers;
  std::vector<std::string> urls;
  std::vector<std::map<std::string, std::string>> headers;
  std::vector<std::string> bodies;
};

class CountedKeys : public CredentialSource {
 public:
  Result<Credentials> Get() override {
    return Credentials{.access_key_id = "AKIA" + std::to_string(refused),
                       .secret_access_key = "secret"};
  }
  void Refuse(const Credentials&) override { ++refused; }
  int refused = 0;
};

class JsonClientTest : public ::testing::Test {
 protected:
  Result<JsonAnswer> Call(JsonCall call = {.operation = "ListShards", .body = "{}"},
                          JsonSettings settings = {.endpoint = "http://127.0.0.1:4567",
                                                   .region = "eu-west-1"}) {
    client_.emplace(
        JsonEnvironment{.http = server_, .credentials = keys_, .clock = clock_, .random = random_},
        Kinesis(), std::move(settings));
    return client_->Call(call);
  }
  /// The error of a call that got an answer.
  Status ErrorOfCall() {
    const JsonCall call{.operation = "GetRecords", .body = "{}", .tries_max = 1};
    const auto answer = Call(call);
    EXPECT_TRUE(answer.ok()) << answer.status();
    EXPECT_FALSE(answer->ok());
    return client_->ErrorOf(call, *answer);
  }

  ScriptedServer server_;
  CountedKeys keys_;
  testing::FakeClock clock_{kNow};
  SeededRandom random_{7};
  std::optional<JsonClient> client_;
};

TEST_F(JsonClientTest, NamesTheOperationAndSignsAllItSends) {
  server_.Accept(R"({"Shards":[]})");
  const auto answer = Call();
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_TRUE(answer->ok());
  EXPECT_EQ(answer->body, R"({"Shards":[]})");
  EXPECT_EQ(server_.urls.at(0), "http://127.0.0.1:4567/");
  const auto& headers = server_.headers.at(0);
  EXPECT_EQ(headers.at("x-amz-target"), "Kinesis_20131202.ListShards");
  EXPECT_EQ(headers.at("content-type"), "application/x-amz-json-1.1");
  EXPECT_EQ(headers.at("x-amz-date"), "20261122T180000Z");
  EXPECT_THAT(headers.at("authorization"),
              AllOf(HasSubstr("Credential=AKIA0/20261122/eu-west-1/kinesis/aws4_request"),
                    HasSubstr("SignedHeaders=content-type;host;x-amz-date;x-amz-target")));
}

TEST_F(JsonClientTest, GoesToTheRegionsOwnEndpoint) {
  server_.Accept("{}");
  ASSERT_TRUE(Call({.operation = "X", .body = "{}"}, {.region = "eu-west-1"}).ok());
  ASSERT_TRUE(Call({.operation = "X", .body = "{}"}, {.region = "cn-north-1"}).ok());
  EXPECT_EQ(server_.urls.at(0), "https://kinesis.eu-west-1.amazonaws.com/");
  EXPECT_EQ(server_.urls.at(1), "https://kinesis.cn-north-1.amazonaws.com.cn/");
}

TEST_F(JsonClientTest, AnErrorOfTheCallerIsReturnedAtOnceWithItsBareName) {
  server_.Refuse(400, R"({"__type":"com.amazonaws.kinesis#ExpiredIteratorException:u",)"
                      R"("Message":"too old"})");
  const auto answer = Call();
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->error, "ExpiredIteratorException");
  EXPECT_EQ(answer->message, "too old");
  EXPECT_EQ(server_.urls.size(), 1u);
}

TEST_F(JsonClientTest, TheHeaderNamesTheErrorFirst) {
  server_.Refuse(400, R"({"__type":"Other"})", {{"x-amzn-errortype", "a#Thing:http://x"}});
  EXPECT_EQ(Call().ValueOrDie().error, "Thing");
}

TEST_F(JsonClientTest, WhatPassesIsTriedAgainWithPauses) {
  server_.answers.push_back(MakeError(ErrorKind::kUnavailable, "refused"));
  server_.answers.push_back(MakeError(ErrorKind::kUnknownOutcome, "cut"));
  server_.Refuse(503, "<html>busy</html>");
  server_.Refuse(400, R"({"__type":"ProvisionedThroughputExceededException"})");
  server_.Accept("{}");
  EXPECT_TRUE(Call().ValueOrDie().ok());
  EXPECT_EQ(server_.urls.size(), 5u);
  EXPECT_GT(clock_.SteadyMicros(), 0);
  EXPECT_LT(clock_.SteadyMicros(), 10'000'000);
}

TEST_F(JsonClientTest, TheLastAnswerOfAllTriesIsTheAnswer) {
  server_.Refuse(400, R"({"__type":"LimitExceededException","message":"slow down"})");
  const auto answer = Call();
  EXPECT_EQ(answer.ValueOrDie().error, "LimitExceededException");
  EXPECT_EQ(server_.urls.size(), 5u);
}

TEST_F(JsonClientTest, WithoutAnyAnswerTheServerIsNamed) {
  server_.answers.push_back(MakeError(ErrorKind::kUnavailable, "connection refused"));
  const auto answer = Call();
  EXPECT_EQ(KindOf(answer.status()), ErrorKind::kUnavailable);
  EXPECT_THAT(answer.status().message(),
              AllOf(HasSubstr("Kinesis ListShards at http://127.0.0.1:4567"),
                    HasSubstr("connection refused"), HasSubstr("5 tries")));
}

TEST_F(JsonClientTest, NoTryBeginsAfterTheDeadline) {
  server_.Refuse(500, "", {{"retry-after", "10"}});
  const auto answer =
      Call({.operation = "X", .body = "{}", .tries_max = 100, .deadline_micros = 25'000'000});
  EXPECT_EQ(answer.ValueOrDie().error, "HTTP500");
  EXPECT_EQ(server_.urls.size(), 3u);
  EXPECT_LT(clock_.SteadyMicros(), 25'000'000);
}

TEST_F(JsonClientTest, ExpiredKeysAreRenewedOnce) {
  server_.Refuse(400, R"({"__type":"ExpiredTokenException"})");
  server_.Accept("{}");
  EXPECT_TRUE(Call({.operation = "X", .body = "{}", .tries_max = 1}).ValueOrDie().ok());
  EXPECT_THAT(server_.headers.at(1).at("authorization"), HasSubstr("Credential=AKIA1/"));

  server_.answers.clear();
  server_.Refuse(400, R"({"__type":"ExpiredTokenException"})");
  EXPECT_EQ(Call().ValueOrDie().error, "ExpiredTokenException");
  EXPECT_EQ(keys_.refused, 2) << "not again and again";
}

TEST_F(JsonClientTest, AWrongClockIsSetByTheServers) {
  server_.Refuse(400, R"({"__type":"InvalidSignatureException"})",
                 {{"date", "Sun, 22 Nov 2026 20:00:00 GMT"}});
  server_.Accept("{}");
  EXPECT_TRUE(Call().ValueOrDie().ok());
  EXPECT_EQ(server_.headers.at(1).at("x-amz-date"), "20261122T200000Z");
}

TEST_F(JsonClientTest, AWrongKeyIsNoWrongClock) {
  server_.Refuse(400, R"({"__type":"InvalidSignatureException"})",
                 {{"date", "Sun, 22 Nov 2026 18:00:30 GMT"}});
  EXPECT_EQ(Call().ValueOrDie().error, "InvalidSignatureException");
  EXPECT_EQ(server_.urls.size(), 1u);
}

TEST_F(JsonClientTest, ErrorsSayWhatCanBeDone) {
  const std::pair<const char*, ErrorKind> kinds[] = {
      {"ProvisionedThroughputExceededException", ErrorKind::kThrottled},
      {"AccessDeniedException", ErrorKind::kUnauthorized},
      {"UnrecognizedClientException", ErrorKind::kUnauthorized},
      {"ResourceNotFoundException", ErrorKind::kNotFound},
      {"InternalFailure", ErrorKind::kUnavailable},
      {"InvalidArgumentException", ErrorKind::kInvalid}};
  for (const auto& [name, kind] : kinds) {
    server_.answers.clear();
    server_.Refuse(400, R"({"__type":")" + std::string(name) + R"(","message":"why"})",
                   {{"x-amzn-requestid", "R-1"}});
    const Status error = ErrorOfCall();
    EXPECT_EQ(KindOf(error), kind) << name;
    EXPECT_EQ(error.message(), "Kinesis GetRecords: " + std::string(name) + ": why (request R-1)");
  }
}

TEST_F(JsonClientTest, AnAnswerThatIsNoProtocolIsAStatus) {
  server_.Refuse(404, "\x01\xff not JSON");
  EXPECT_EQ(Call().ValueOrDie().error, "HTTP404");
}

class JsonSettingsTest : public ::testing::Test {
 protected:
  Result<JsonSettings> Complete(JsonSettings stated) {
    return CompleteJsonSettings(
        std::move(stated), Kinesis(),
        {.variable = [this](const std::string& name) -> std::optional<std::string> {
           const auto found = variables_.find(name);
           if (found == variables_.end()) return std::nullopt;
           return found->second;
         },
         .files = files_,
         .http = http_,
         .clock = clock_});
  }
  std::map<std::string, std::string> variables_ = {{"HOME", "/user"}};
  testing::FakeFileSystem files_;
  ScriptedServer http_;
  testing::FakeClock clock_{kNow};
};

TEST_F(JsonSettingsTest, TheServicesOwnVariableComesFirst) {
  variables_["AWS_ENDPOINT_URL"] = "http://all:1";
  variables_["AWS_REGION"] = "eu-west-1";
  EXPECT_EQ(Complete({}).ValueOrDie().endpoint, "http://all:1");
  variables_["AWS_ENDPOINT_URL_KINESIS"] = "http://own:2/";
  EXPECT_EQ(Complete({}).ValueOrDie().endpoint, "http://own:2");
  EXPECT_EQ(Complete({.endpoint = "https://said"}).ValueOrDie().endpoint, "https://said");
}

TEST_F(JsonSettingsTest, WrongAndMissingSettingsAreNamed) {
  EXPECT_THAT(Complete({}).status().message(), HasSubstr("no region"));
  EXPECT_THAT(Complete({.region = "EU west"}).status().message(), HasSubstr("'EU west'"));
  EXPECT_THAT(Complete({.endpoint = "ftp://x", .region = "eu-west-1"}).status().message(),
              HasSubstr("'ftp://x'"));
}

}  // namespace
}  // namespace tapelake::io::aws
