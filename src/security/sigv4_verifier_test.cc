#include "security/sigv4_verifier.h"

#include <gmock/gmock.h>

#include "testing/signed_request.h"

namespace tapelake::security {
namespace {

using testing::CallerIdentity;
using ::testing::HasSubstr;
using testing::JavaPutRecord;
using testing::Judge;
using testing::kMinuteMicros;
using testing::kNowMicros;
using testing::PutRecord;
using testing::Request;
using testing::Rules;
using testing::Signer;

Request Signed(Request request, const Signer& signer = {}) {
  signer.Sign(&request);
  return request;
}

Request Presigned(const std::string& expires_seconds = "60",
                  const Signer& signer = {.service = "sts"}) {
  Request request = CallerIdentity();
  signer.Presign(&request, expires_seconds);
  return request;
}

void ExpectRefused(const Request& request, AuthFailure failure, const std::string& words,
                   const VerifyRules& rules = Rules()) {
  const Verdict verdict = Judge(request, rules);
  EXPECT_FALSE(verdict.ok());
  EXPECT_EQ(verdict.failure, failure) << verdict.message;
  EXPECT_THAT(verdict.message, HasSubstr(words));
}

TEST(SigV4Verifier, AcceptsWhatClientsSign) {
  EXPECT_TRUE(Judge(Signed(PutRecord())).ok());
  EXPECT_TRUE(Judge(Signed(JavaPutRecord())).ok());
  EXPECT_TRUE(Judge(Presigned(), Rules("sts")).ok());
}

/// botocore 1.44.5 signed this form.
TEST(SigV4Verifier, AcceptsWhatBotocoreSigned) {
  Request request{
      .fields = {{"host", "sts.amazonaws.com"},
                 {"content-type", "application/x-www-form-urlencoded"},
                 {"x-amz-date", "20261122T190204Z"},
                 {"authorization",
                  "AWS4-HMAC-SHA256 Credential=AKIAEEEEEEEEEEEEEEEE/20261122/us-east-1/sts/"
                  "aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature="
                  "98b54aa7261a0a1edef753984c66e8768176e58c896accbc9bc6713547fb3bd0"}},
      .body = "Action=AssumeRole&Version=2011-06-15"};
  KeySet keys;
  ASSERT_TRUE(keys.Add({.access_key_id = "AKIAEEEEEEEEEEEEEEEE",
                        .secret_access_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
                        .name = "example"})
                  .ok());
  const std::string hash = io::aws::Sha256Hex(request.body);
  const ReceivedRequest received{.method = request.method,
                                 .path = request.path,
                                 .query = request.query,
                                 .fields = request.fields,
                                 .payload_hash = hash};
  VerifyRules rules{.regions = {"us-east-1"}, .service = "sts", .now_micros = kNowMicros};
  EXPECT_TRUE(VerifyRequest(received, keys, rules).ok());
  rules.regions = {"eu-west-1", "us-east-1"};
  EXPECT_TRUE(VerifyRequest(received, keys, rules).ok());
}

TEST(SigV4Verifier, RefusesWhatIsNotSigned) {
  ExpectRefused(PutRecord(), AuthFailure::kMissing, "Missing Authentication Token");
}

TEST(SigV4Verifier, NamesWhatIsIncomplete) {
  Request request = Signed(PutRecord());
  request.Remove("x-amz-date");
  ExpectRefused(request, AuthFailure::kIncomplete, "existence of a 'X-Amz-Date' header");

  request = Signed(PutRecord());
  request.Field("authorization") = "AWS4-HMAC-SHA256 Credential=a/b/c/d/e";
  ExpectRefused(request, AuthFailure::kIncomplete, "'Signature' parameter");
  ExpectRefused(request, AuthFailure::kIncomplete, "'SignedHeaders' parameter");

  request.Field("authorization") = "Bearer abc";
  ExpectRefused(request, AuthFailure::kIncomplete, "Unsupported AWS 'algorithm': 'Bearer'");

  request.Field("authorization") =
      "AWS4-HMAC-SHA256 Credential=AKIA/2026/eu, SignedHeaders=host, Signature=00";
  ExpectRefused(request, AuthFailure::kIncomplete, "exactly 5 slash-delimited elements");

  request.Field("authorization") =
      "AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders=host, Signature=00";
  ExpectRefused(request, AuthFailure::kIncomplete, "64 hexadecimal digits, not 2");

  for (const char* headers : {"content-type;host;content-type", "Host", "host;", "x;host"}) {
    request.Field("authorization") =
        std::string(
            "AWS4-HMAC-SHA256 Credential=AKIAAAAAAAAAAAAAAAAA/20261122/eu-west-1/kinesis/") +
        "aws4_request, SignedHeaders=" + headers + ", Signature=" + std::string(64, '0');
    EXPECT_FALSE(Judge(request).ok()) << headers;
  }

  request = Presigned();
  std::erase_if(request.query, [](const auto& it) { return it.first == "X-Amz-Expires"; });
  ExpectRefused(request, AuthFailure::kIncomplete, "'X-Amz-Expires'", Rules("sts"));

  request = Presigned();
  request.fields.emplace_back("authorization", "AWS4-HMAC-SHA256 Credential=a/b/c/d/e");
  ExpectRefused(request, AuthFailure::kIncomplete, "Only one auth mechanism", Rules("sts"));
}

TEST(SigV4Verifier, RefusesAnotherScope) {
  ExpectRefused(Signed(PutRecord(), {.region = "us-east-1"}), AuthFailure::kInvalid,
                "scoped to a valid region, not 'us-east-1'; this door is in 'eu-west-1'");
  ExpectRefused(Signed(PutRecord(), {.service = "firehose"}), AuthFailure::kInvalid,
                "correct service: 'kinesis', not 'firehose'");
  Request request = Signed(PutRecord());
  std::string& authorization = request.Field("authorization");
  authorization.replace(authorization.find("aws4_request"), 12, "aws5_request");
  ExpectRefused(request, AuthFailure::kInvalid, "terminator: 'aws4_request', not 'aws5_request'");
  request = Signed(PutRecord());
  std::string& day = request.Field("authorization");
  day.replace(day.find("20261122"), 8, "20261121");
  ExpectRefused(request, AuthFailure::kInvalid, "'20261121' != '20261122'");
}

TEST(SigV4Verifier, AllowsFiveMinutesOfSkew) {
  const Request request = Signed(PutRecord());
  for (const int64_t minutes : {-5, 5}) {
    EXPECT_TRUE(Judge(request, Rules("kinesis", kNowMicros + minutes * kMinuteMicros)).ok());
  }
  ExpectRefused(request, AuthFailure::kInvalid,
                "Signature expired: 20261122T190204Z is now earlier than 20261122T190205Z "
                "(20261122T190705Z - 5 min.)",
                Rules("kinesis", kNowMicros + 5 * kMinuteMicros + 1'000'000));
  ExpectRefused(request, AuthFailure::kInvalid,
                "Signature not yet current: 20261122T190204Z is still later than "
                "20261122T190203Z (20261122T185703Z + 5 min.)",
                Rules("kinesis", kNowMicros - 5 * kMinuteMicros - 1'000'000));
}

TEST(SigV4Verifier, RefusesUnknownKeysAndSessionTokens) {
  ExpectRefused(Signed(PutRecord(), {.key = testing::Key('C')}), AuthFailure::kUnknownKey,
                "security token included in the request is invalid");
  Request request = PutRecord();
  request.fields.emplace_back("x-amz-security-token", "session");
  ExpectRefused(Signed(request), AuthFailure::kUnknownKey, "AWS_SESSION_TOKEN");
}

TEST(SigV4Verifier, RefusesUnsignedFields) {
  for (const char* name : {"x-amz-target", "content-type", "host"}) {
    Request request = PutRecord();
    const std::string value = request.Field(name);
    request.Remove(name);
    Signer().Sign(&request);
    request.fields.emplace_back(name, value);
    ExpectRefused(request, AuthFailure::kInvalid, "must be a 'SignedHeader'");
  }
}

TEST(SigV4Verifier, RefusesASignedFieldThatIsMissing) {
  Request request = Signed(PutRecord());
  std::string& authorization = request.Field("authorization");
  authorization.replace(authorization.find("x-amz-target"), 12, "x-amz-target;x-b");
  ExpectRefused(request, AuthFailure::kInvalid, "signed header 'x-b' is missing");
}

TEST(SigV4Verifier, RefusesAWrongSecretAndAnotherBody) {
  AccessKey wrong = testing::Key('A');
  wrong.secret_access_key.back() = 'z';
  ExpectRefused(Signed(PutRecord(), {.key = wrong}), AuthFailure::kInvalid, "does not match");
  Request request = Signed(PutRecord());
  request.body.back() = ' ';
  ExpectRefused(request, AuthFailure::kInvalid, "signature we calculated does not match");
  request = Signed(JavaPutRecord());
  request.body.back() = ' ';
  ExpectRefused(request, AuthFailure::kInvalid, "'x-amz-content-sha256' header does not match");
}

TEST(SigV4Verifier, HoldsPresignedUrlsToTheirTime) {
  const auto at = [](int64_t seconds) { return Rules("sts", kNowMicros + seconds * 1'000'000); };
  EXPECT_TRUE(Judge(Presigned("60"), at(60)).ok());
  ExpectRefused(Presigned("60"), AuthFailure::kInvalid, "Signature expired", at(61));
  EXPECT_TRUE(Judge(Presigned("604800"), at(604'800)).ok());
  EXPECT_TRUE(Judge(Presigned("60"), at(-15 * 60)).ok());
  ExpectRefused(Presigned("60"), AuthFailure::kInvalid, "not yet current", at(-15 * 60 - 1));
  for (const char* expires : {"0", "604801", "-1", "60s", "1e3", "99999999999999999999"}) {
    ExpectRefused(Presigned(expires), AuthFailure::kIncomplete, "from 1 to 604800", Rules("sts"));
  }
}

TEST(SigV4Verifier, AcceptsWhatMustNotMatter) {
  Request request = Signed(JavaPutRecord());
  std::ranges::reverse(request.fields);
  request.fields.emplace_back("user-agent", "anything");
  request.fields.emplace_back("connection", "keep-alive");
  request.Field("amz-sdk-request") = "  attempt=1;   max=4 ";
  EXPECT_TRUE(Judge(request).ok());
  std::string& authorization = request.Field("authorization");
  size_t at = 0;
  while ((at = authorization.find(", ", at)) != std::string::npos)
    authorization.replace(at, 2, ",");
  EXPECT_TRUE(Judge(request).ok());
  const size_t signature = authorization.find("Signature=");
  authorization = "AWS4-HMAC-SHA256 " + authorization.substr(signature) + ", " +
                  authorization.substr(17, signature - 18);
  EXPECT_TRUE(Judge(request).ok()) << authorization;
}

}  // namespace
}  // namespace tapelake::security
