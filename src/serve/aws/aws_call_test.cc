#include "serve/aws/aws_call.h"

#include <gmock/gmock.h>

namespace tapelake::serve {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

HttpRequest JsonRequest(const std::string& target,
                        const std::string& type = "application/x-amz-json-1.1") {
  HttpRequest request;
  request.method = "POST";
  request.path = "/";
  request.fields = {{"content-type", type}, {"x-amz-target", target}};
  return request;
}

TEST(AwsCall, IsFoundByItsTarget) {
  const ReadCall read = ReadAwsCall(JsonRequest("Kinesis_20131202.PutRecord"));
  EXPECT_FALSE(read.error.has_value());
  EXPECT_EQ(read.call.service, "kinesis");
  EXPECT_EQ(read.call.operation, "PutRecord");
  EXPECT_EQ(read.call.format, WireFormat::kJson);
  EXPECT_EQ(read.call.content_type, "application/x-amz-json-1.1");
}

TEST(AwsCall, MayBeForFirehose) {
  const ReadCall read = ReadAwsCall(JsonRequest("Firehose_20150804.PutRecordBatch"));
  EXPECT_FALSE(read.error.has_value());
  EXPECT_EQ(read.call.service, "firehose");
  EXPECT_EQ(read.call.operation, "PutRecordBatch");
}

TEST(AwsCall, SpeaksTheEncodingOfTheClient) {
  const ReadCall cbor =
      ReadAwsCall(JsonRequest("Kinesis_20131202.PutRecord", "application/x-amz-cbor-1.1"));
  EXPECT_EQ(cbor.call.format, WireFormat::kCbor);
  EXPECT_EQ(cbor.call.content_type, "application/x-amz-cbor-1.1");
  const ReadCall charset = ReadAwsCall(
      JsonRequest("Kinesis_20131202.PutRecord", "application/x-amz-json-1.0; charset=utf-8"));
  EXPECT_EQ(charset.call.content_type, "application/x-amz-json-1.0");
  const ReadCall xml = ReadAwsCall(JsonRequest("Kinesis_20131202.PutRecord", "text/xml"));
  ASSERT_TRUE(xml.error.has_value());
  EXPECT_EQ(xml.error->type, "SerializationException");
  EXPECT_EQ(xml.call.service, "kinesis");
}

TEST(AwsCall, IsUnknownIfNobodyServesIt) {
  for (const char* target : {"AWSGlue.GetTables", "PutRecord", "", "."}) {
    const ReadCall read = ReadAwsCall(JsonRequest(target));
    ASSERT_TRUE(read.error.has_value()) << target;
    EXPECT_EQ(read.error->type, "UnknownOperationException");
    EXPECT_EQ(read.call.service, "");
  }
  HttpRequest twice = JsonRequest("Kinesis_20131202.PutRecord");
  twice.fields.emplace_back("x-amz-target", "Kinesis_20131202.DeleteStream");
  EXPECT_EQ(ReadAwsCall(twice).error->type, "UnknownOperationException");
  HttpRequest get = JsonRequest("Kinesis_20131202.PutRecord");
  get.method = "GET";
  EXPECT_EQ(ReadAwsCall(get).error->http_status, 404);
  HttpRequest path = JsonRequest("Kinesis_20131202.PutRecord");
  path.path = "/x";
  EXPECT_EQ(ReadAwsCall(path).error->http_status, 404);
}

TEST(AwsCall, ReadsFormsAndUrls) {
  HttpRequest form;
  form.method = "POST";
  form.path = "/";
  form.fields = {{"content-type", "application/x-www-form-urlencoded; charset=utf-8"}};
  form.body = "Action=GetCallerIdentity&Version=2011-06-15";
  ReadCall read = ReadAwsCall(form);
  EXPECT_FALSE(read.error.has_value());
  EXPECT_EQ(read.call.protocol, AwsProtocol::kQuery);
  EXPECT_EQ(read.call.service, "sts");
  EXPECT_EQ(read.call.operation, "GetCallerIdentity");
  EXPECT_TRUE(read.call.xml);
  form.body = "Action=ListRoles&Version=2010-05-08";
  read = ReadAwsCall(form);
  EXPECT_EQ(read.error->type, "InvalidAction");
  EXPECT_EQ(read.call.service, "");
  form.body = "Action=%zz";
  EXPECT_EQ(ReadAwsCall(form).error->type, "MalformedQueryString");
  HttpRequest url;
  url.method = "GET";
  url.path = "/";
  url.query = {{"Action", "GetCallerIdentity"}, {"Version", "2011-06-15"}};
  url.fields = {{"accept", "application/json"}};
  read = ReadAwsCall(url);
  EXPECT_EQ(read.call.service, "sts");
  EXPECT_FALSE(read.call.xml);
}

TEST(AwsCall, TakesFormsApart) {
  EXPECT_THAT(*ParseForm("a=1&b=x+y%2B&c=&d&&a=2"),
              ElementsAre(Pair("a", "1"), Pair("b", "x y+"), Pair("c", ""), Pair("d", ""),
                          Pair("", ""), Pair("a", "2")));
  std::string many;
  for (int i = 0; i < 65; ++i)
    many += "a=1&";
  EXPECT_FALSE(ParseForm(many).ok());
}

TEST(AwsCall, WritesErrorsInEveryProtocol) {
  const AwsError error{.type = "InvalidSignatureException", .message = "a < b & \"c\""};
  AwsCall call = ReadAwsCall(JsonRequest("Kinesis_20131202.PutRecord")).call;
  HttpResponse response = EncodeAwsError(call, error, "id");
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.body, R"({"__type":"InvalidSignatureException","message":"a < b & \"c\""})");
  EXPECT_THAT(response.fields, ElementsAre(Pair("x-amzn-ErrorType", "InvalidSignatureException")));
  call.format = WireFormat::kCbor;
  response = EncodeAwsError(call, error, "id");
  EXPECT_EQ(ParseCbor(response.body)->Find("__type")->text, "InvalidSignatureException");
  call.protocol = AwsProtocol::kQuery;
  response = EncodeAwsError(call, error, "id");
  EXPECT_EQ(response.status, 403);
  EXPECT_THAT(response.body, HasSubstr("<Code>SignatureDoesNotMatch</Code>"));
  EXPECT_THAT(response.body, HasSubstr("<Message>a &lt; b &amp; &quot;c&quot;</Message>"));
  EXPECT_THAT(response.body, HasSubstr("<RequestId>id</RequestId>"));
  call.xml = false;
  response = EncodeAwsError(call, error, "id");
  EXPECT_THAT(response.body, HasSubstr(R"("Code":"SignatureDoesNotMatch")"));
}

TEST(AwsCall, WritesNoBytesThatAreNoText) {
  const AwsCall call = ReadAwsCall(JsonRequest("Kinesis_20131202.PutRecord")).call;
  const AwsError error{.type = "X",
                       .message =
                           "a\x01\xff"
                           "b"};
  EXPECT_EQ(EncodeAwsError(call, error, "id").body, R"({"__type":"X","message":"a??b"})");
}

}  // namespace
}  // namespace tapelake::serve
