#include "serve/aws/aws_door.h"

#include <cctype>

#include <gmock/gmock.h>

#include "io/clock.h"
#include "security/certificate.h"
#include "testing/aws_door_fixture.h"

namespace tapelake::serve {
namespace {

using tapelake::testing::Request;
using testing::Answer;
using testing::Client;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kPut[] = R"({"StreamName":"s","PartitionKey":"k","Data":"eA=="})";

class AwsDoorTest : public tapelake::testing::DoorTest {
 protected:
  void Open(AwsDoorOptions options = {}) {
    world_.AddStream("s", 1);
    OpenDoor(std::move(options));
  }
  void ExpectError(const Answer& answer, int status, const std::string& type,
                   const std::string& words) {
    EXPECT_EQ(answer.status, status) << answer.body;
    EXPECT_EQ(Member(answer, "__type"), type) << answer.body;
    EXPECT_THAT(Member(answer, "message"), HasSubstr(words));
    EXPECT_EQ(answer.fields.at("x-amzn-errortype"), type);
  }
};

TEST_F(AwsDoorTest, AnswersASignedCallAsAwsDoes) {
  Open();
  const Answer answer = Call("PutRecord", kPut);
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(Member(answer, "ShardId"), "shardId-000000000000");
  EXPECT_EQ(answer.fields.at("content-type"), "application/x-amz-json-1.1");
  EXPECT_EQ(answer.fields.at("date"), "Sun, 22 Nov 2026 19:02:04 GMT");
  EXPECT_EQ(answer.fields.at("x-amzn-requestid").size(), 36u);
  EXPECT_GT(answer.fields.at("x-amz-id-2").size(), 60u);
  EXPECT_FALSE(answer.fields.contains("content-security-policy"));
  EXPECT_EQ(world_.log(0).facts().next_sequence, 2u);
  EXPECT_THAT(answered(), ElementsAre("kinesis PutRecord OK"));
}

TEST_F(AwsDoorTest, AnswersWithoutABodyWhereThereIsNone) {
  Open();
  const Answer answer =
      Call("IncreaseStreamRetentionPeriod", R"({"StreamName":"s","RetentionPeriodHours":24})");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "");
  EXPECT_EQ(answer.fields.at("content-length"), "0");
}

TEST_F(AwsDoorTest, RefusesWhatIsNotProved) {
  Open();
  ExpectError(Send(JsonCall("PutRecord", kPut)), 400, "MissingAuthenticationTokenException",
              "Missing Authentication Token");
  ExpectError(Send(Signed(JsonCall("PutRecord", kPut), {.key = tapelake::testing::Key('B')})), 400,
              "UnrecognizedClientException", "security token");
  ExpectError(Send(Signed(JsonCall("PutRecord", kPut), {.region = "us-east-1"})), 400,
              "InvalidSignatureException", "'eu-west-1'");
  ExpectError(Send(Signed(JsonCall("PutRecord", kPut), {.service = "firehose"})), 400,
              "InvalidSignatureException", "correct service: 'kinesis'");
  Request request = Signed(JsonCall("PutRecord", kPut));
  request.body[2] = 'X';
  ExpectError(Send(request), 400, "InvalidSignatureException", "does not match");
  request = Signed(JsonCall("PutRecord", kPut));
  world_.clock_.Advance(301 * int64_t{1'000'000});
  ExpectError(Send(request), 400, "InvalidSignatureException", "Signature expired");
  request.Field("authorization") = "AWS4-HMAC-SHA256 x\xff";
  ExpectError(Send(request), 400, "IncompleteSignatureException", "'x?'");
  EXPECT_EQ(world_.log(0).facts().next_sequence, 1u);
  EXPECT_THAT(answered()[0], "kinesis PutRecord MissingAuthenticationTokenException");
}

TEST_F(AwsDoorTest, KnowsNewKeysAtOnceAndRevokedOnesNoMore) {
  Open();
  EXPECT_EQ(Call("DescribeLimits", "{}").status, 200);
  WriteKeys("AB");
  EXPECT_EQ(
      Send(Signed(JsonCall("DescribeLimits", "{}"), {.key = tapelake::testing::Key('B')})).status,
      200);
  WriteKeys("B");
  world_.clock_.Advance(security::KeyRing::kLookMicros);
  ExpectError(Call("DescribeLimits", "{}"), 400, "UnrecognizedClientException", "");
}

TEST_F(AwsDoorTest, LetsNobodyInWithADamagedKeyFile) {
  Open();
  ASSERT_TRUE(world_.files_.ReplaceFile(kKeyPath, "{").ok());
  ExpectError(Call("DescribeLimits", "{}"), 500, "InternalFailure", "keys.json");
}

TEST_F(AwsDoorTest, MindsNeitherCaseNorFoldingNorOrder) {
  Open();
  const Request request = Signed(JsonCall("DescribeLimits", "{}"));
  std::string bytes = "POST / HTTP/1.1\r\n";
  for (auto field = request.fields.rbegin(); field != request.fields.rend(); ++field) {
    std::string name = field->first;
    for (size_t i = 0; i < name.size(); i += 2)
      name[i] = static_cast<char>(std::toupper(static_cast<unsigned char>(name[i])));
    std::string value = field->second;
    // What RFC 9112 calls obsolete folding is a space.
    if (const size_t at = value.find(", Signature"); at != std::string::npos) {
      value.replace(at, 2, ",\r\n ");
    }
    bytes += name + ":  " + value + " \r\n";
  }
  bytes += "User-Agent: test\r\nContent-Length: 2\r\n\r\n{}";
  EXPECT_EQ(SendBytes(bytes).status, 200);
}

TEST_F(AwsDoorTest, RefusesASecondFieldOfTheSameName) {
  Open();
  for (const char* field : {"x-amz-target: Kinesis_20131202.DeleteStream",
                            "x-amz-date: 20261122T190204Z", "X-Amz-Target: x"}) {
    std::string bytes = BytesOf(Signed(JsonCall("DescribeLimits", "{}")));
    for (const size_t at : {bytes.find("\r\n") + 2, bytes.find("\r\n\r\n") + 2}) {
      std::string doubled = bytes;
      doubled.insert(at, std::string(field) + "\r\n");
      EXPECT_EQ(SendBytes(doubled).status, 400) << doubled;
    }
  }
}

TEST_F(AwsDoorTest, AnswersUnknownOperationsAfterVerifying) {
  Open();
  ExpectError(Call("SubscribeToShard", "{}"), 400, "UnknownOperationException",
              "'SubscribeToShard'");
  Request glue = JsonCall("x", "{}");
  glue.Field("x-amz-target") = "AWSGlue.GetTables";
  ExpectError(Send(glue), 400, "MissingAuthenticationTokenException", "");
  ExpectError(Send(Signed(glue, {.service = "glue"})), 400, "UnknownOperationException",
              "'AWSGlue.GetTables'");
  Request get{.method = "GET", .path = "/nothing", .fields = {{"host", "localhost"}}};
  ExpectError(Send(get), 400, "MissingAuthenticationTokenException", "");
  ExpectError(Send(Signed(get)), 404, "UnknownOperationException", "GET /nothing");
  EXPECT_THAT(answered()[0], "kinesis other UnknownOperationException");
}

TEST_F(AwsDoorTest, RefusesBodiesThatAreNone) {
  Open();
  ExpectError(Call("PutRecord", "{"), 400, "SerializationException", "JSON");
  ExpectError(Call("PutRecord", "[]"), 400, "SerializationException", "no map");
  Request compressed = JsonCall("PutRecord", kPut);
  compressed.fields.emplace_back("content-encoding", "gzip");
  ExpectError(Send(Signed(compressed)), 400, "MalformedHttpRequestException", "Content-Encoding");
  Request xml = JsonCall("PutRecord", kPut);
  xml.Field("content-type") = "text/xml";
  ExpectError(Send(Signed(xml)), 400, "SerializationException", "Content-Type");
  EXPECT_EQ(Call("DescribeLimits", "").status, 200);
}

TEST_F(AwsDoorTest, SpeaksCbor) {
  Open();
  std::string body;
  CborAnswerWriter writer(&body);
  writer.BeginMap();
  writer.Text("StreamName", "s");
  writer.Text("PartitionKey", "k");
  writer.Key("Data");
  writer.Blob(std::string("\0\xff", 2));
  writer.EndMap();
  Request request = JsonCall("PutRecord", body);
  request.Field("content-type") = "application/x-amz-cbor-1.1";
  const Answer put = Send(Signed(request));
  ASSERT_EQ(put.status, 200) << put.body;
  EXPECT_EQ(put.fields.at("content-type"), "application/x-amz-cbor-1.1");
  EXPECT_EQ(ParseCbor(put.body)->Find("ShardId")->text, "shardId-000000000000");
  request.body = "\xa1\x6dShardIterator\x78\xff";
  const Answer refused = Send(Signed(request));
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(ParseCbor(refused.body)->Find("__type")->text, "SerializationException");
}

TEST_F(AwsDoorTest, TakesRecordsForFirehose) {
  Open();
  Request put = JsonCall("x", R"({"DeliveryStreamName":"s","Record":{"Data":"eA=="}})");
  put.Field("x-amz-target") = "Firehose_20150804.PutRecord";
  ExpectError(Send(Signed(put)), 400, "InvalidSignatureException", "correct service: 'firehose'");
  const Answer answer = Send(Signed(put, {.service = "firehose"}));
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(Member(answer, "RecordId").size(), 56u);
  EXPECT_GT(answer.fields.at("x-amz-id-2").size(), 60u);
  EXPECT_EQ(world_.log(0).facts().next_sequence, 2u);
  EXPECT_THAT(answered(),
              ElementsAre("firehose PutRecord InvalidSignatureException", "firehose PutRecord OK"));
}

TEST_F(AwsDoorTest, AnswersPipelinedCallsInOrder) {
  Open();
  Client client({.port = port_});
  std::string bytes;
  for (int i = 0; i < 20; ++i) {
    bytes += BytesOf(
        Signed(JsonCall("PutRecord", R"({"StreamName":"s","Data":"eA==","PartitionKey":"k)" +
                                         std::to_string(i) + "\"}")));
  }
  client.Send(bytes);
  std::string before;
  for (int i = 0; i < 20; ++i) {
    const Answer answer = client.ReadAnswer();
    ASSERT_EQ(answer.status, 200) << answer.body;
    EXPECT_GT(Member(answer, "SequenceNumber"), before);
    before = Member(answer, "SequenceNumber");
  }
}

TEST_F(AwsDoorTest, TellsWhoIsCalling) {
  Open();
  const std::string form = "Action=GetCallerIdentity&Version=2011-06-15";
  Answer answer = Send(Signed(Form(form), {.service = "sts"}));
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.fields.at("content-type"), "text/xml");
  EXPECT_THAT(answer.body, HasSubstr("<Account>123456789012</Account>"));
  EXPECT_THAT(answer.body, HasSubstr("<Arn>arn:aws:iam::123456789012:user/key-A</Arn>"));
  EXPECT_THAT(answer.body, HasSubstr("<UserId>AIDA" + std::string(16, 'A') + "</UserId>"));
  // The region of the service when it was global.
  EXPECT_EQ(Send(Signed(Form(form), {.region = "us-east-1", .service = "sts"})).status, 200);
  Request json = Form(form);
  json.fields.emplace_back("accept", "application/json");
  answer = Send(Signed(json, {.service = "sts"}));
  EXPECT_THAT(answer.body, HasSubstr(R"("Arn":"arn:aws:iam::123456789012:user/key-A")"));
  Request url = tapelake::testing::CallerIdentity();
  tapelake::testing::Signer{.service = "sts"}.Presign(&url, "60");
  EXPECT_EQ(Send(url).status, 200);
}

TEST_F(AwsDoorTest, WritesErrorsOfTheQueryProtocol) {
  Open();
  Answer answer = Send(Form("Action=GetCallerIdentity&Version=2011-06-15"));
  EXPECT_EQ(answer.status, 403);
  EXPECT_THAT(answer.body, HasSubstr("<Code>MissingAuthenticationToken</Code>"));
  answer = Send(Signed(Form("Action=GetSessionToken&Version=2011-06-15"), {.service = "sts"}));
  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(answer.body, HasSubstr("<Code>InvalidAction</Code>"));
  answer = Send(Signed(Form("Action=ListRoles&Version=2010-05-08"), {.service = "iam"}));
  EXPECT_THAT(answer.body, HasSubstr("Could not find operation ListRoles"));
}

TEST_F(AwsDoorTest, IsHealthyForEverybody) {
  Open();
  const Answer answer = testing::Get(port_, "/health");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(Member(answer, "status"), "ok");
  EXPECT_EQ(Member(answer, "version"), "1.2.3");
}

TEST_F(AwsDoorTest, VerifiesNothingIfToldSo) {
  Open({.insecure_local = true});
  EXPECT_EQ(Send(JsonCall("PutRecord", kPut)).status, 200);
  EXPECT_EQ(Send(Signed(JsonCall("PutRecord", kPut), {.region = "other"})).status, 200);
  const Answer answer = Send(Form("Action=GetCallerIdentity&Version=2011-06-15"));
  EXPECT_THAT(answer.body, HasSubstr("<Arn>arn:aws:iam::123456789012:root</Arn>"));
}

TEST_F(AwsDoorTest, KeepsPagesOutWhereNothingIsVerified) {
  Open({.insecure_local = true});
  Request request = JsonCall("PutRecord", kPut);
  request.Field("host") = "rebound.example:4566";
  ExpectError(Send(request), 400, "AccessDeniedException", "loopback name");
  request = JsonCall("PutRecord", kPut);
  request.fields.emplace_back("origin", "https://page.example");
  ExpectError(Send(request), 400, "AccessDeniedException", "pages");
  EXPECT_EQ(world_.log(0).facts().next_sequence, 1u);
}

TEST_F(AwsDoorTest, ListensToOtherMachinesOverTlsAndVerifyingOnly) {
  world_.AddStream("s", 1);
  world_.Open();
  for (const char* address : {"0.0.0.0:0", "[::]:0", "192.0.2.1:0"}) {
    const Status plain = AwsDoor(Parts(), {.listen = address}).Start();
    EXPECT_EQ(KindOf(plain), ErrorKind::kInvalid) << address;
    EXPECT_THAT(plain.message(), HasSubstr("doors.aws.listen"));
    EXPECT_THAT(plain.message(), HasSubstr("needs TLS"));
    const Status insecure =
        AwsDoor(Parts(), {.listen = address, .insecure_local = true, .tls = TlsIdentity{}}).Start();
    EXPECT_EQ(KindOf(insecure), ErrorKind::kInvalid) << address;
    EXPECT_THAT(insecure.message(), HasSubstr("doors.aws.insecure_local"));
  }
}

TEST_F(AwsDoorTest, SaysInItsProtocolWhatIsNoRequest) {
  Open();
  ExpectError(SendBytes("POST / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"), 400,
              "MalformedHttpRequestException", "'host' stands twice");
  ExpectError(SendBytes("nonsense\r\n\r\n"), 400, "MalformedHttpRequestException",
              "not valid HTTP/1.1");
  ExpectError(SendBytes("GET http://other/ HTTP/1.1\r\nHost: a\r\n\r\n"), 400,
              "MalformedHttpRequestException", "no proxy");
  ExpectError(SendBytes("GET / HTTP/1.1\r\nX-Long: " + std::string(20'000, 'x') + "\r\n\r\n"), 431,
              "MalformedHttpRequestException", "longer than");
  Request large = Signed(JsonCall("PutRecords", "{}"));
  large.fields.emplace_back("content-length", std::to_string(17 << 20));
  ExpectError(Send(large), 413, "RequestEntityTooLargeException", "longer than");
  EXPECT_THAT(answered().back(), "kinesis PutRecords RequestEntityTooLargeException");
  large.Field("content-type") = "application/x-amz-cbor-1.1";
  const Answer cbor = Send(large);
  EXPECT_EQ(cbor.status, 413);
  EXPECT_EQ(ParseCbor(cbor.body)->Find("__type")->text, "RequestEntityTooLargeException");
  Request form = Form("x");
  form.fields.emplace_back("content-length", std::to_string(17 << 20));
  const Answer xml = Send(form);
  EXPECT_EQ(xml.status, 413);
  EXPECT_THAT(xml.body, HasSubstr("<Code>RequestEntityTooLargeException</Code>"));
  EXPECT_EQ(xml.fields.at("x-amzn-requestid").size(), 36u);
  EXPECT_EQ(xml.fields.at("date"), "Sun, 22 Nov 2026 19:02:04 GMT");
}

TEST_F(AwsDoorTest, ReadsNoBodyOfWhoCannotBeItsClient) {
  Open();
  // None of these sends the body that it speaks of, and none is waited for.
  const auto head_of = [](Request request) {
    request.fields.emplace_back("content-length", "1000000");
    request.body.clear();
    return request;
  };
  ExpectError(Send(head_of(JsonCall("PutRecords", ""))), 400, "MissingAuthenticationTokenException",
              "");
  ExpectError(
      Send(head_of(Signed(JsonCall("PutRecords", ""), {.key = tapelake::testing::Key('B')}))), 400,
      "UnrecognizedClientException", "");
  ExpectError(Send(head_of(Signed(JsonCall("PutRecords", ""), {.region = "us-east-1"}))), 400,
              "InvalidSignatureException", "region");
  const Answer form = Send(head_of(Signed(Form(""), {.region = "ap-east-1", .service = "sts"})));
  EXPECT_THAT(form.body, HasSubstr("<Code>SignatureDoesNotMatch</Code>"));
}

TEST_F(AwsDoorTest, SpeaksTls) {
  world_.AddStream("s", 1);
  const auto authority =
      security::MakeAuthority(random_, io::SystemClock().WallMicros()).ValueOrDie();
  const auto made = security::MakeServerCertificate(authority, {"127.0.0.1"}, random_,
                                                    io::SystemClock().WallMicros())
                        .ValueOrDie();
  OpenDoor({.tls = TlsIdentity{.certificate_pem = made.certificate_pem, .key_pem = made.key_pem}});
  EXPECT_THAT(door_->url(), ::testing::StartsWith("https://127.0.0.1:"));
  Client client({.port = port_, .trusted_pem = authority.certificate_pem});
  ASSERT_TRUE(client.greeted());
  client.Send(BytesOf(Signed(JsonCall("PutRecord", kPut))));
  EXPECT_EQ(client.ReadAnswer().status, 200);
  ExpectError(Send(Signed(JsonCall("PutRecord", kPut))), 400, "MalformedHttpRequestException",
              "this port speaks TLS");
}

TEST_F(AwsDoorTest, DrawsAnotherIdForEachRequest) {
  Open();
  const Answer one = testing::Get(port_, "/health");
  const Answer other = testing::Get(port_, "/health");
  EXPECT_THAT(one.fields.at("x-amzn-requestid"),
              ::testing::MatchesRegex("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-"
                                      "[0-9a-f]{12}"));
  EXPECT_NE(one.fields.at("x-amzn-requestid"), other.fields.at("x-amzn-requestid"));
}

}  // namespace
}  // namespace tapelake::serve
