#include "io/aws/credential_chain.h"

#include <gmock/gmock.h>

#include <deque>
#include <map>

#include "testing/fake_clock.h"
#include "testing/fake_file_system.h"

namespace tapelake::io::aws {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr int64_t kNow = 1'795'370'400'000'000;  // 2026-11-22T18:00:00Z

/// Answers by URL and remembers what it was asked.
class FakeServices : public HttpClient {
 public:
  Result<HttpResponse> Send(const HttpRequest& request) override {
    asked.push_back(request.method + " " + request.url);
    last_headers = request.headers;
    last_body = request.body;
    const auto found = answers.find(request.method + " " + request.url);
    if (found == answers.end()) return MakeError(ErrorKind::kUnavailable, "nobody listens");
    return found->second;
  }

  std::map<std::string, HttpResponse> answers;
  std::vector<std::string> asked;
  std::vector<HttpHeader> last_headers;
  std::string last_body;
};

class CredentialChainTest : public ::testing::Test {
 protected:
  CredentialChainTest() {
    EXPECT_TRUE(files_.CreateDirectories("/user/.aws").ok());
    variables_ = {{"HOME", "/user"}, {"AWS_EC2_METADATA_DISABLED", "true"}};
  }

  AwsEnvironment Environment() {
    return {.variable = [this](const std::string& name) -> std::optional<std::string> {
              const auto found = variables_.find(name);
              if (found == variables_.end()) return std::nullopt;
              return found->second;
            },
            .files = files_,
            .http = http_,
            .clock = clock_};
  }
  Result<Credentials> Get(const std::string& profile = "") {
    return CredentialChain(Environment(), profile).Get();
  }
  void WriteProfile(const std::string& name, const std::string& text) {
    EXPECT_TRUE(files_.ReplaceFile("/user/.aws/" + name, text).ok());
  }
  void AnswerSts(const std::string& url, const std::string& action) {
    http_.answers["POST " + url + "/"] = {
        .status = 200,
        .body = "<" + action + "Response xmlns='x'><" + action +
                "Result><Credentials><AccessKeyId>ASIA1</AccessKeyId><SecretAccessKey>s1"
                "</SecretAccessKey><SessionToken>t1</SessionToken><Expiration>"
                "2026-11-22T19:00:00Z</Expiration></Credentials></" +
                action + "Result></" + action + "Response>"};
  }
  static HttpResponse Keys(const std::string& id, const std::string& expiration) {
    return {.status = 200,
            .body = R"({"Code":"Success","AccessKeyId":")" + id +
                    R"(","SecretAccessKey":"s","Token":"t","Expiration":")" + expiration + "\"}"};
  }
  void ExpectRefused(const Result<Credentials>& found, ErrorKind kind, const std::string& said) {
    ASSERT_FALSE(found.ok());
    EXPECT_EQ(KindOf(found.status()), kind);
    EXPECT_THAT(found.status().message(), HasSubstr(said));
  }

  testing::FakeFileSystem files_;
  testing::FakeClock clock_{kNow};
  FakeServices http_;
  std::map<std::string, std::string> variables_;
};

TEST_F(CredentialChainTest, TheEnvironmentComesFirst) {
  variables_["AWS_ACCESS_KEY_ID"] = "A";
  variables_["AWS_SECRET_ACCESS_KEY"] = "S";
  variables_["AWS_SESSION_TOKEN"] = "T";
  WriteProfile("credentials", "[default]\naws_access_key_id=B\naws_secret_access_key=C\n");
  const auto found = Get();
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(found->access_key_id + found->secret_access_key + found->session_token, "AST");
  EXPECT_EQ(Get("default")->access_key_id, "B") << "a profile that is asked for wins";
  variables_.erase("AWS_SECRET_ACCESS_KEY");
  ExpectRefused(Get(), ErrorKind::kInvalid, "AWS_SECRET_ACCESS_KEY");
}

TEST_F(CredentialChainTest, AProfileIsFoundInEitherFile) {
  WriteProfile("credentials", "[work]\naws_access_key_id=A\n");
  WriteProfile("config",
               "[profile work]\naws_access_key_id=lost\naws_secret_access_key=S\n"
               "[profile tool]\ncredential_process=/bin/x\n");
  variables_["AWS_PROFILE"] = "work";
  const auto found = Get();
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(found->access_key_id + found->secret_access_key, "AS");
  ExpectRefused(Get("none"), ErrorKind::kInvalid, "no AWS profile 'none'");
  ExpectRefused(Get("tool"), ErrorKind::kInvalid, "credential_process");
}

TEST_F(CredentialChainTest, ARoleIsTakenOnWithTheKeysOfItsSource) {
  WriteProfile("credentials", "[base]\naws_access_key_id=A\naws_secret_access_key=S\n");
  WriteProfile("config",
               "[profile lake]\nrole_arn=arn:aws:iam::1:role/lake\nsource_profile=base\n"
               "region=eu-west-1\nexternal_id=e&1\n"
               "[profile loop]\nrole_arn=r\nsource_profile=loop2\n"
               "[profile loop2]\nrole_arn=r\nsource_profile=loop\n");
  AnswerSts("https://sts.eu-west-1.amazonaws.com", "AssumeRole");
  const auto found = Get("lake");
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(found->access_key_id + found->session_token, "ASIA1t1");
  EXPECT_THAT(http_.last_body, HasSubstr("RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Flake"));
  EXPECT_THAT(http_.last_body, HasSubstr("ExternalId=e%261"));
  EXPECT_THAT(http_.last_headers.back().value, HasSubstr("Credential=A/20261122/eu-west-1/sts"));
  ExpectRefused(Get("loop"), ErrorKind::kInvalid, "too many roles");
}

TEST_F(CredentialChainTest, AWebIdentityIsExchangedAndItsTokenReadAnew) {
  ASSERT_TRUE(files_.ReplaceFile("/user/token", "first\n").ok());
  variables_["AWS_WEB_IDENTITY_TOKEN_FILE"] = "/user/token";
  ExpectRefused(Get(), ErrorKind::kInvalid, "AWS_ROLE_ARN");
  variables_["AWS_ROLE_ARN"] = "arn:role";
  variables_["AWS_ROLE_SESSION_NAME"] = "me";
  variables_["AWS_ENDPOINT_URL_STS"] = "http://127.0.0.1:7000/";
  AnswerSts("http://127.0.0.1:7000", "AssumeRoleWithWebIdentity");
  CredentialChain chain(Environment(), "");
  const auto found = chain.Get();
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(found->session_token, "t1");
  EXPECT_EQ(found->expires_micros, kNow + 3'600'000'000);
  EXPECT_THAT(http_.last_body, HasSubstr("WebIdentityToken=first"));
  EXPECT_THAT(http_.last_body, HasSubstr("RoleSessionName=me"));
  EXPECT_EQ(http_.last_headers.size(), 1u) << "no signature: the token is the proof";
  ASSERT_TRUE(files_.ReplaceFile("/user/token", "second").ok());
  ASSERT_TRUE(chain.Get().ok());
  EXPECT_EQ(http_.asked.size(), 1u) << "kept while they hold";
  chain.Refuse(*found);
  ASSERT_TRUE(chain.Get().ok());
  EXPECT_THAT(http_.last_body, HasSubstr("WebIdentityToken=second"));
  http_.answers["POST http://127.0.0.1:7000/"] = {
      .status = 403,
      .body =
          "<ErrorResponse><Error><Code>AccessDenied</Code><Message>not you</Message></Error>"
          "</ErrorResponse>"};
  ExpectRefused(Get(), ErrorKind::kUnauthorized, "AccessDenied: not you");
}

TEST_F(CredentialChainTest, AContainersAgentIsAskedWithItsToken) {
  variables_["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://127.0.0.1:7000/keys";
  variables_["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "secret";
  http_.answers["GET http://127.0.0.1:7000/keys"] = Keys("C", "2026-11-22T19:00:00Z");
  const auto found = Get();
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(found->access_key_id, "C");
  EXPECT_THAT(http_.last_headers, ElementsAre(HttpHeader{"authorization", "secret"}));
  variables_["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/v2/x";
  http_.answers["GET http://169.254.170.2/v2/x"] = Keys("R", "2026-11-22T19:00:00Z");
  EXPECT_EQ(Get()->access_key_id, "R");
  http_.answers["GET http://169.254.170.2/v2/x"] = {.status = 404, .body = "{}"};
  ExpectRefused(Get(), ErrorKind::kUnauthorized, "status 404");
  http_.answers["GET http://169.254.170.2/v2/x"] = {.status = 200, .body = "{}"};
  ExpectRefused(Get(), ErrorKind::kCorrupt, "without keys");
}

TEST_F(CredentialChainTest, ATokenGoesToNoStranger) {
  variables_["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "secret";
  for (const char* url : {"http://example.com/keys", "http://127.example.com/", "http://[::2]/",
                          "http://localhost.example.com/", "http://localhost:80@example.com/"}) {
    variables_["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = url;
    ExpectRefused(Get(), ErrorKind::kInvalid, url);
  }
  EXPECT_THAT(http_.asked, IsEmpty());
}

TEST_F(CredentialChainTest, AnInstanceIsAskedBySession) {
  variables_["AWS_EC2_METADATA_DISABLED"] = "false";
  variables_["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = "http://127.0.0.1:7000";
  const std::string roles = "GET http://127.0.0.1:7000/latest/meta-data/iam/security-credentials/";
  http_.answers["PUT http://127.0.0.1:7000/latest/api/token"] = {.status = 200, .body = "tok"};
  http_.answers[roles] = {.status = 200, .body = "lake role\n"};
  http_.answers[roles + "lake%20role"] = Keys("I", "2026-11-22T19:00:00Z");
  const auto found = Get();
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(found->access_key_id, "I");
  EXPECT_THAT(http_.last_headers, ElementsAre(HttpHeader{"x-aws-ec2-metadata-token", "tok"}));
  http_.answers.erase("PUT http://127.0.0.1:7000/latest/api/token");
  ExpectRefused(Get(), ErrorKind::kUnauthorized, "no AWS credentials");
}

TEST_F(CredentialChainTest, RenewsEarlyAndUsesOldOnesAsLongAsTheyHold) {
  variables_["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://127.0.0.1:7000/keys";
  HttpResponse& answer = http_.answers["GET http://127.0.0.1:7000/keys"];
  answer = Keys("first", "2026-11-22T18:10:00Z");
  CredentialChain chain(Environment(), "");
  EXPECT_EQ(chain.Get()->access_key_id, "first");
  answer = Keys("second", "2026-11-22T18:30:00Z");
  clock_.Advance(4 * 60'000'000);
  EXPECT_EQ(chain.Get()->access_key_id, "first");
  clock_.Advance(2 * 60'000'000);
  EXPECT_EQ(chain.Get()->access_key_id, "second");
  answer = {.status = 500, .body = ""};
  clock_.Advance(20 * 60'000'000);
  EXPECT_EQ(chain.Get()->access_key_id, "second") << "four minutes are left";
  clock_.Advance(4 * 60'000'000);
  ExpectRefused(chain.Get(), ErrorKind::kUnavailable, "status 500");
}

}  // namespace
}  // namespace tapelake::io::aws
