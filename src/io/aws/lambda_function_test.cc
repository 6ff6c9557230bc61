#include "io/aws/lambda_function.h"

#include <gmock/gmock.h>

#include <map>

#include "testing/fake_clock.h"

namespace tapelake::io::aws {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr int64_t kNow = 1'795'370'400'000'000;  // 2026-11-22T18:00:00Z

/// Answers everything alike.
class OneAnswer : public HttpClient {
 public:
  Result<HttpResponse> Send(const HttpRequest& request) override {
    ++calls;
    url = request.url;
    body = std::string(request.body);
    bytes_max = request.answer_bytes_max;
    silence_micros = request.silence_timeout_micros;
    for (const HttpHeader& header : request.headers)
      headers[header.name] = header.value;
    return answer;
  }
  Result<HttpResponse> answer = HttpResponse{.status = 200, .body = "{}"};
  int calls = 0;
  std::string url;
  std::string body;
  int64_t bytes_max = 0;
  int64_t silence_micros = 0;
  std::map<std::string, std::string> headers;
};

class FixedKeys : public CredentialSource {
 public:
  Result<Credentials> Get() override {
    return Credentials{.access_key_id = "AKIA", .secret_access_key = "secret"};
  }
  void Refuse(const Credentials&) override {}
};

class LambdaFunctionTest : public ::testing::Test {
 protected:
  LambdaFunction Make(const std::string& name = "my-function", std::string endpoint = "") {
    return LambdaFunction(
        std::make_unique<JsonClient>(
            JsonEnvironment{
                .http = server_, .credentials = keys_, .clock = clock_, .random = random_},
            LambdaService(), JsonSettings{.endpoint = std::move(endpoint), .region = "eu-west-1"}),
        name);
  }

  OneAnswer server_;
  FixedKeys keys_;
  testing::FakeClock clock_{kNow};
  SeededRandom random_{7};
};

TEST_F(LambdaFunctionTest, InvokesSynchronouslyAndSignsAllItSends) {
  server_.answer = HttpResponse{.status = 200, .body = R"({"records":[]})"};
  const Invocation done = Make().Invoke("the event");
  EXPECT_EQ(done.status, 200);
  EXPECT_EQ(done.payload, R"({"records":[]})");
  EXPECT_EQ(done.error + done.function_error, "");
  EXPECT_EQ(server_.url,
            "https://lambda.eu-west-1.amazonaws.com/2015-03-31/functions/my-function/invocations");
  EXPECT_EQ(server_.body, "the event");
  EXPECT_EQ(server_.headers.at("x-amz-invocation-type"), "RequestResponse");
  EXPECT_FALSE(server_.headers.contains("x-amz-target"));
  EXPECT_THAT(server_.headers.at("authorization"),
              AllOf(HasSubstr("/20261122/eu-west-1/lambda/aws4_request"),
                    HasSubstr("SignedHeaders=content-type;host;x-amz-date;x-amz-invocation-type")));
  EXPECT_GE(server_.silence_micros, 300'000'000) << "a function may think for five minutes";
}

TEST_F(LambdaFunctionTest, EncodesAnArnAndSignsItAsItIsSent) {
  const std::string arn = "arn:aws:lambda:eu-west-1:123456789012:function:f:live";
  (void)Make(arn, "http://127.0.0.1:9").Invoke("{}");
  EXPECT_EQ(server_.url,
            "http://127.0.0.1:9/2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-west-1%3A"
            "123456789012%3Afunction%3Af%3Alive/invocations");
  // By botocore: see tests/e2e/test_lambda_transform.py, where each signature is computed again.
}

TEST_F(LambdaFunctionTest, TellsAFunctionThatFailedFromAServiceThatRefuses) {
  server_.answer = HttpResponse{.status = 200,
                                .headers = {{"x-amz-function-error", "Unhandled"}},
                                .body = R"({"errorMessage":"boom"})"};
  Invocation done = Make().Invoke("{}");
  EXPECT_EQ(done.function_error, "Unhandled");
  EXPECT_EQ(done.error, "");
  EXPECT_EQ(done.payload, R"({"errorMessage":"boom"})");
  server_.answer = HttpResponse{.status = 404,
                                .headers = {{"x-amzn-errortype", "ResourceNotFoundException:u"}},
                                .body = R"({"Type":"User","Message":"Function not found"})"};
  done = Make().Invoke("{}");
  EXPECT_EQ(done.status, 404);
  EXPECT_EQ(done.error, "ResourceNotFoundException");
  EXPECT_EQ(done.payload, "Function not found");
}

TEST_F(LambdaFunctionTest, RepeatsNothingItself) {
  server_.answer = HttpResponse{.status = 503, .body = "later"};
  EXPECT_EQ(Make().Invoke("{}").error, "HTTP503");
  EXPECT_EQ(server_.calls, 1);
  server_.answer = MakeError(ErrorKind::kUnknownOutcome, "cut off");
  const Invocation lost = Make().Invoke("{}");
  EXPECT_EQ(lost.status, 0);
  EXPECT_EQ(lost.error, "NoAnswer");
  EXPECT_THAT(lost.payload, HasSubstr("cut off"));
  EXPECT_EQ(server_.calls, 2);
  EXPECT_EQ(clock_.SteadyMicros(), 0);
}

TEST_F(LambdaFunctionTest, WaitsAsLongAsItIsAskedTo) {
  server_.answer = HttpResponse{.status = 429, .headers = {{"retry-after", "3"}}, .body = "{}"};
  LambdaFunction function = Make();
  (void)function.Invoke("{}");
  function.Pause(1);
  EXPECT_GE(clock_.SteadyMicros(), 3'000'000);
  EXPECT_LT(clock_.SteadyMicros(), 5'000'000);
}

TEST(LambdaFunctionName, IsANameOrAnArn) {
  for (const char* good : {"f", "f:1", "f:$LATEST", "123456789012:function:f",
                           "arn:aws:lambda:eu-west-1:123456789012:function:f"})
    EXPECT_TRUE(CheckFunctionName(good).ok()) << good;
  for (const char* bad : {"", "a b", "a/b", "arn:aws:s3:::bucket", "http://x"})
    EXPECT_EQ(KindOf(CheckFunctionName(bad)), ErrorKind::kInvalid) << bad;
  EXPECT_FALSE(CheckFunctionName(std::string(171, 'f')).ok());
  EXPECT_EQ(RegionOfFunction("arn:aws:lambda:eu-west-1:123456789012:function:f"), "eu-west-1");
  EXPECT_EQ(RegionOfFunction("f"), "");
}

}  // namespace
}  // namespace tapelake::io::aws
