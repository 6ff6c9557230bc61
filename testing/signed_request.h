#pragma once

/// Requests for tests of signatures: made, signed and judged.

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "io/aws/sigv4.h"
#include "security/sigv4_verifier.h"

namespace tapelake::testing {

using Pairs = std::vector<std::pair<std::string, std::string>>;

inline constexpr int64_t kNowMicros = 1'795'374'124'000'000;  // 2026-11-22T19:02:04Z
inline constexpr int64_t kMinuteMicros = 60'000'000;

/// A request that owns what a ReceivedRequest looks at.
struct Request {
  std::string method = "POST";
  std::string path = "/";
  Pairs query;
  Pairs fields;
  std::string body;

  /// The value of a field that is there.
  std::string& Field(const std::string& name) {
    for (auto& [key, value] : fields) {
      if (key == name) return value;
    }
    ADD_FAILURE() << "no field " << name;
    return fields.emplace_back(name, "").second;
  }
  void Remove(const std::string& name) {
    std::erase_if(fields, [&name](const auto& field) { return field.first == name; });
  }
};

inline security::AccessKey Key(char letter) {
  return {.access_key_id = "AKIA" + std::string(16, letter),
          .secret_access_key = std::string(39, 's') + letter,
          .name = std::string("key-") + letter,
          .created_micros = kNowMicros};
}

/// The keys A and B.
inline security::KeySet Keys() {
  security::KeySet keys;
  EXPECT_TRUE(keys.Add(Key('A')).ok());
  EXPECT_TRUE(keys.Add(Key('B')).ok());
  return keys;
}

struct Signer {
  security::AccessKey key = Key('A');
  std::string region = "eu-west-1";
  std::string service = "kinesis";
  int64_t time_micros = kNowMicros;

  io::aws::SigningScope scope() const {
    return {.region = region, .service = service, .time_micros = time_micros};
  }

  /// Sign all fields that are there, and the date.
  void Sign(Request* request) const {
    io::aws::SigningInput input{.method = request->method,
                                .canonical_path = io::aws::UriEncode(request->path, true),
                                .query = request->query,
                                .payload_hash = io::aws::Sha256Hex(request->body)};
    for (const auto& [name, value] : request->fields)
      input.headers.push_back({name, value});
    const io::aws::Credentials credentials = {.access_key_id = key.access_key_id,
                                              .secret_access_key = key.secret_access_key};
    for (const io::HttpHeader& header : io::aws::SignatureHeaders(input, scope(), credentials))
      request->fields.emplace_back(header.name, header.value);
  }

  /// Make the request a presigned one.
  void Presign(Request* request, const std::string& expires_seconds) const {
    io::aws::SigningInput input{.method = request->method,
                                .canonical_path = io::aws::UriEncode(request->path, true),
                                .payload_hash = io::aws::Sha256Hex(request->body)};
    for (const auto& [name, value] : request->fields)
      input.headers.push_back({name, value});
    request->query.emplace_back("X-Amz-Algorithm", "AWS4-HMAC-SHA256");
    request->query.emplace_back("X-Amz-Credential",
                                key.access_key_id + "/" + io::aws::ScopeText(scope()));
    request->query.emplace_back("X-Amz-Date", io::aws::AmzDate(time_micros));
    request->query.emplace_back("X-Amz-Expires", expires_seconds);
    request->query.emplace_back("X-Amz-SignedHeaders", io::aws::SignedHeaders(input));
    input.query = request->query;
    request->query.emplace_back("X-Amz-Signature",
                                io::aws::Signature(input, scope(), key.secret_access_key));
  }
};

/// What boto3 sends.
inline Request PutRecord() {
  return {.fields = {{"host", "127.0.0.1:4566"},
                     {"content-type", "application/x-amz-json-1.1"},
                     {"x-amz-target", "Kinesis_20131202.PutRecord"}},
          .body = R"({"StreamName": "s", "Data": "eA==", "PartitionKey": "a"})"};
}

/// What the AWS SDK for Java sends: it signs more, and names the hash of the body.
inline Request JavaPutRecord() {
  Request request = PutRecord();
  request.fields.emplace_back("amz-sdk-invocation-id", "7948e894-1a22-a1d8-3983-96cb1a9590bb");
  request.fields.emplace_back("amz-sdk-request", "attempt=1; max=4");
  request.fields.emplace_back("content-length", std::to_string(request.body.size()));
  request.fields.emplace_back("x-amz-content-sha256", io::aws::Sha256Hex(request.body));
  return request;
}

/// A presigned GetCallerIdentity, before it is signed.
inline Request CallerIdentity() {
  return {.method = "GET",
          .query = {{"Action", "GetCallerIdentity"}, {"Version", "2011-06-15"}},
          .fields = {{"host", "127.0.0.1:4566"}}};
}

inline security::VerifyRules Rules(const std::string& service = "kinesis",
                                   int64_t now_micros = kNowMicros) {
  return {.regions = {"eu-west-1"}, .service = service, .now_micros = now_micros};
}

/// The judgement with the keys A and B; what is accepted must be A's.
inline security::Verdict Judge(const Request& request,
                               const security::VerifyRules& rules = Rules()) {
  static const security::KeySet keys = Keys();
  const std::string hash = io::aws::Sha256Hex(request.body);
  security::Verdict verdict = security::VerifyRequest({.method = request.method,
                                                       .path = request.path,
                                                       .query = request.query,
                                                       .fields = request.fields,
                                                       .payload_hash = hash},
                                                      keys, rules);
  if (verdict.ok()) {
    EXPECT_EQ(verdict.key->access_key_id, Key('A').access_key_id);
  }
  return verdict;
}

}  // namespace tapelake::testing
