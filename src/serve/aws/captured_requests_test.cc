/// Requests as real clients sent them, byte for byte but for the signatures, which are made anew.

#include <cctype>
#include <fstream>
#include <map>

#include <gmock/gmock.h>

#include "testing/aws_door_fixture.h"

namespace tapelake::serve {
namespace {

using tapelake::testing::Request;
using testing::Answer;

std::string Lower(std::string text) {
  for (char& c : text)
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

struct Captured {
  std::string name;
  Request request;  ///< Names of fields as they were sent.
};

std::vector<Captured> ReadCaptured() {
  std::vector<Captured> all;
  std::ifstream file("tests/captures/aws/requests.ndjson");
  for (std::string line; std::getline(file, line);) {
    const auto parsed = base::JsonDocument::Parse(line);
    EXPECT_TRUE(parsed.ok()) << line;
    const base::JsonView* document = &parsed->root();
    Captured captured;
    captured.name = document->Find("name")->text();
    captured.request.method = document->Find("method")->text();
    captured.request.path = document->Find("path")->text();
    captured.request.body = *WireValue(document->Find("body_base64")).Blob();
    for (const base::JsonView& field : document->Find("headers")->items())
      captured.request.fields.emplace_back(field.items()[0].text(), field.items()[1].text());
    all.push_back(std::move(captured));
  }
  return all;
}

class CapturedRequestsTest : public tapelake::testing::DoorTest {
 protected:
  void Open() {
    for (const char* name :
         {"crypto-cdc", "jstream1795352947232", "jstream1795353011901", "direct", "crypto-to-s3"}) {
      world_.AddStream(name, 1);
    }
    OpenDoor();
  }

  /// Sign the fields that the client signed, with a key of ours and for now. What belonged to its
  /// own credentials goes.
  Request Renewed(Request request) {
    std::string authorization;
    for (const auto& [name, value] : request.fields) {
      if (Lower(name) == "authorization") authorization = value;
    }
    const size_t begin = authorization.find("SignedHeaders=") + 14;
    const std::string list =
        ";" + authorization.substr(begin, authorization.find(',', begin) - begin) + ";";
    std::erase_if(request.fields, [](const auto& field) {
      const std::string name = Lower(field.first);
      return name == "authorization" || name == "x-amz-date" || name == "x-amz-security-token";
    });
    io::aws::SigningInput input{.method = request.method,
                                .canonical_path = request.path,
                                .payload_hash = io::aws::Sha256Hex(request.body)};
    for (const auto& [name, value] : request.fields) {
      if (list.find(";" + Lower(name) + ";") != std::string::npos) {
        input.headers.push_back({name, value});
      }
    }
    const security::AccessKey key = tapelake::testing::Key('A');
    std::string service = "kinesis";
    for (const char* other : {"sts", "iam", "firehose"}) {
      if (authorization.find("/" + std::string(other) + "/") != std::string::npos) service = other;
    }
    for (const io::HttpHeader& header : io::aws::SignatureHeaders(
             input,
             {.region = tapelake::testing::kRegion,
              .service = service,
              .time_micros = world_.clock_.WallMicros()},
             {.access_key_id = key.access_key_id, .secret_access_key = key.secret_access_key})) {
      request.fields.emplace_back(header.name, header.value);
    }
    return request;
  }

  /// The type of the error; empty: there is none.
  static std::string ErrorOf(const Answer& answer) {
    const auto type = answer.fields.find("x-amzn-errortype");
    if (type != answer.fields.end()) return type->second;
    const size_t code = answer.body.find("<Code>");
    if (code == std::string::npos) return "";
    return answer.body.substr(code + 6, answer.body.find("</Code>") - code - 6);
  }
};

/// What each of them is answered here, by the beginning of its name; others: a result.
const std::map<std::string, std::string> kErrors = {
    {"001-", "ResourceInUseException"},
    {"008-", "InvalidArgumentException"},  // the iterator is another server's
    {"009-", "ResourceNotFoundException"},
    {"010-", "UnknownOperationException"},
    {"013-", "ResourceInUseException"},
    {"014-", "ResourceInUseException"},
    {"019-", "ResourceNotFoundException"},
    {"058-", "InvalidAction"},
    {"javasdk2-cbor-0000-", "ResourceInUseException"},
    {"javasdk2-cbor-0004-", "InvalidArgumentException"},
    {"javasdk2-cbor-0005-", "InvalidArgumentException"},
    {"javasdk2-json-0008-", "ResourceInUseException"},
    {"javasdk2-json-0012-", "InvalidArgumentException"},
    {"javasdk2-json-0014-", "ResourceNotFoundException"},
};

TEST_F(CapturedRequestsTest, AreAnswered) {
  Open();
  const std::vector<Captured> all = ReadCaptured();
  ASSERT_EQ(all.size(), 36u);
  size_t errors = 0;
  for (const Captured& captured : all) {
    std::string expected;
    for (const auto& [begin, type] : kErrors) {
      if (captured.name.starts_with(begin)) expected = type;
    }
    const Answer answer = Send(Renewed(captured.request));
    EXPECT_EQ(ErrorOf(answer), expected) << captured.name << ": " << answer.body;
    EXPECT_EQ(answer.status, expected.empty() ? 200 : 400) << captured.name;
    if (!expected.empty()) ++errors;
  }
  EXPECT_EQ(errors, kErrors.size());
  EXPECT_EQ(world_.log(0).facts().next_sequence, 6u);  // 005, three of 006, 096
  EXPECT_EQ(world_.log(1).facts().next_sequence, 3u);
  EXPECT_EQ(world_.log(2).facts().next_sequence, 3u);
  EXPECT_EQ(world_.log(3).facts().next_sequence, 5u);  // 017, two of 018, 101
}

TEST_F(CapturedRequestsTest, AreRefusedWithTheirOwnSignatures) {
  Open();
  for (const Captured& captured : ReadCaptured())
    EXPECT_NE(Send(captured.request).status, 200) << captured.name;
}

TEST_F(CapturedRequestsTest, JavaReadsItsRecordsBackInCbor) {
  Open();
  std::map<std::string, Request> requests;
  for (Captured& captured : ReadCaptured())
    requests[captured.name.substr(0, 18)] = std::move(captured.request);
  ASSERT_EQ(Send(Renewed(requests.at("javasdk2-cbor-0001"))).status, 200);
  const Answer iterator = Send(Renewed(requests.at("javasdk2-cbor-0003")));
  ASSERT_EQ(iterator.status, 200);
  const std::string token = ParseCbor(iterator.body)->Find("ShardIterator")->text;
  Request get = requests.at("javasdk2-cbor-0004");
  get.body = "\xbf\x6dShardIterator\x78" + std::string(1, static_cast<char>(token.size())) + token +
             "\xff";
  std::erase_if(get.fields, [](const auto& field) {
    const std::string name = Lower(field.first);
    return name == "content-length" || name == "x-amz-content-sha256";
  });
  const Answer records = Send(Renewed(get));
  ASSERT_EQ(records.status, 200) << records.body;
  const auto answer = ParseCbor(records.body);
  ASSERT_TRUE(answer.ok());
  const CborValue& record = answer->Find("Records")->items.at(0);
  EXPECT_EQ(record.Find("Data")->type, CborValue::Type::kBytes);
  EXPECT_EQ(record.Find("Data")->text, R"({"x":1})");
  EXPECT_EQ(record.Find("PartitionKey")->text, "pk");
  EXPECT_EQ(record.Find("ApproximateArrivalTimestamp")->integer, 1'795'374'124'000);
  EXPECT_EQ(answer->Find("MillisBehindLatest")->integer, 0);
}

}  // namespace
}  // namespace tapelake::serve
