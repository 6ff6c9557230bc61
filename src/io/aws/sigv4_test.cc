#include "io/aws/sigv4.h"

#include <gmock/gmock.h>

namespace tapelake::io::aws {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;

constexpr int64_t kMicros = 1'795'374'124'000'000;  // 2026-11-22T19:02:04Z
constexpr char kSecret[] = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

// The expected signatures were computed by botocore 1.44.8.

TEST(SigV4, SignsAConditionalPutAsBotocoreDoes) {
  SigningInput input{.method = "PUT",
                     .canonical_path = "/" + UriEncode("a key/with=signs/x+y", true),
                     .payload_hash = Sha256Hex("content")};
  input.headers = {{"Host", "bucket.s3.eu-west-1.amazonaws.com"},
                   {"If-None-Match", "*"},
                   {"x-amz-server-side-encryption", "AES256"},
                   {"x-amz-content-sha256", input.payload_hash}};
  const auto headers =
      SignatureHeaders(input, {.region = "eu-west-1", .service = "s3", .time_micros = kMicros},
                       {.access_key_id = "AKIDEXAMPLE", .secret_access_key = kSecret});
  EXPECT_THAT(
      headers,
      ElementsAre(
          HttpHeader{"x-amz-date", "20261122T190204Z"},
          HttpHeader{"authorization",
                     "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261122/eu-west-1/s3/aws4_request, "
                     "SignedHeaders=host;if-none-match;x-amz-content-sha256;x-amz-date;"
                     "x-amz-server-side-encryption, Signature="
                     "1c5624f96410cb7e76cb7aa6a24f0b5b574dccfd7f3f3074df496bd5024a01fc"}));
}

TEST(SigV4, SignsAQueryAndASessionTokenAsBotocoreDoes) {
  SigningInput input{.method = "GET",
                     .canonical_path = "/bucket/",
                     .query = {{"list-type", "2"},
                               {"prefix", "a/b c"},
                               {"delimiter", "/"},
                               {"continuation-token", "x+y=="}},
                     .payload_hash = Sha256Hex("")};
  input.headers = {{"host", "127.0.0.1:5000"}, {"x-amz-content-sha256", input.payload_hash}};
  const auto headers =
      SignatureHeaders(input, {.region = "us-east-1", .service = "s3", .time_micros = kMicros},
                       {.access_key_id = "ASIAEXAMPLE",
                        .secret_access_key = kSecret,
                        .session_token = "token/with+signs=="});
  ASSERT_EQ(headers.size(), 3u);
  EXPECT_EQ(headers[1], (HttpHeader{"x-amz-security-token", "token/with+signs=="}));
  EXPECT_THAT(
      headers[2].value,
      EndsWith("Signature=96855e3f03258a9fd227f9483d2f57dc611aa495f9f55752f28d208e12479ac8"));
  EXPECT_EQ(CanonicalQuery(input.query),
            "continuation-token=x%2By%3D%3D&delimiter=%2F&list-type=2&prefix=a%2Fb%20c");
}

TEST(SigV4, SignsAFormOfStsAsBotocoreDoes) {
  const SigningInput input{.method = "POST",
                           .canonical_path = "/",
                           .headers = {{"host", "sts.amazonaws.com"},
                                       {"content-type", "application/x-www-form-urlencoded"},
                                       {"x-amz-date", AmzDate(kMicros)}},
                           .payload_hash = Sha256Hex("Action=AssumeRole&Version=2011-06-15")};
  EXPECT_EQ(SignedHeaders(input), "content-type;host;x-amz-date");
  EXPECT_EQ(
      Signature(input, {.region = "us-east-1", .service = "sts", .time_micros = kMicros}, kSecret),
      "98b54aa7261a0a1edef753984c66e8768176e58c896accbc9bc6713547fb3bd0");
}

TEST(SigV4, MakesHeadersCanonical) {
  const SigningInput input{
      .method = "GET",
      .canonical_path = "/",
      .headers = {{"X-B", "  two   words "}, {"Host", "h"}, {"x-b", "again"}, {"X-A", ""}},
      .payload_hash = "UNSIGNED-PAYLOAD"};
  EXPECT_EQ(CanonicalRequest(input),
            "GET\n/\n\nhost:h\nx-a:\nx-b:two words,again\n\nhost;x-a;x-b\nUNSIGNED-PAYLOAD");
}

TEST(SigV4, EncodesEveryByteThatIsNotPlain) {
  EXPECT_EQ(UriEncode("azAZ09-._~", false), "azAZ09-._~");
  EXPECT_EQ(UriEncode("a/b c+%\xC3\xA4", true), "a/b%20c%2B%25%C3%A4");
  EXPECT_EQ(UriEncode("a/b", false), "a%2Fb");
}

}  // namespace
}  // namespace tapelake::io::aws
