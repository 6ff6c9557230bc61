/// Mutation fuzzing of what the AWS-compatible door takes apart before or after it knows who calls:
/// CBOR, forms, tokens, signatures, heads and requests of the services; see README.md.

#include <cstdio>
#include <random>
#include <span>
#include <string>
#include <string_view>

#include "base/base64.h"
#include "io/clock.h"
#include "io/local_file_system.h"
#include "security/sigv4_verifier.h"
#include "security/token_signer.h"
#include "serve/aws/aws_call.h"
#include "serve/aws/firehose/firehose_service.h"
#include "serve/aws/kinesis/kinesis_service.h"
#include "serve/aws/kinesis/shard_token.h"
#include "tests/fuzz/fuzz_arguments.h"

namespace tapelake {
namespace {

/// Requests of Kinesis and Firehose clients, and values of every type.
const std::string kSeeds[] = {
    std::string("\xbf\x6aStreamName\x61s\x67Records\x9f\xbf\x64"
                "Data\x41\x31\x6cPartitionKey"
                "\x61"
                "a\xff\xff\xff"),
    std::string("\xbf\x6dShardIterator\x7f\x63"
                "abc\x61"
                "d\xff\x65Limit\x19\x27\x10\xff"),
    std::string("\xa3\x61"
                "a\x82\x20\xfb\x3f\xf1\x99\x99\x99\x99\x99\x9a\x61"
                "b\xc1\x1a\x51\x4b\x67"
                "\xb0\x61"
                "c\x84\xf4\xf5\xf6\xf9\x3c\x01"),
    std::string("\xa2\x72"
                "DeliveryStreamName\x61s\x67Records\x82\xa1\x64"
                "Data\x41\x31\xa1\x64"
                "Data\x40"),
    R"({"StreamName":"s","Records":[{"PartitionKey":"a","Data":"eA==","ExplicitHashKey":"0"}]})",
    R"({"StreamARN":"arn:aws:kinesis:r:123456789012:stream/s","ShardId":"shardId-000000000000",)"
    R"("ShardIteratorType":"AT_TIMESTAMP","Timestamp":1.5e9,"Limit":1})",
    R"({"DeliveryStreamName":"s","Records":[{"Data":"eA=="}],"Limit":10})",
    "Action=GetCallerIdentity&Version=2011-06-15&a=%C3%A4+b",
};

class Mutator {
 public:
  explicit Mutator(uint64_t seed) : random_(seed) {}

  std::string Next() {
    std::string text = kSeeds[Below(std::size(kSeeds))];
    for (size_t changes = Below(5); changes > 0; --changes) {
      const size_t at = Below(text.size() + 1);
      switch (Below(4)) {
        case 0:
          text.insert(at, 1, static_cast<char>(Below(256)));
          break;
        case 1:
          if (at < text.size()) text[at] = static_cast<char>(Below(256));
          break;
        case 2:
          text.erase(std::min(at, text.size()), Below(4));
          break;
        default:
          text.insert(at, text.substr(Below(text.size() + 1), Below(12)));
      }
    }
    return text;
  }

 private:
  size_t Below(size_t limit) {
    return std::uniform_int_distribution<size_t>(0, limit - 1)(random_);
  }
  std::mt19937_64 random_;
};

/// Write a value in JSON: the two encodings say the same, so what was read can be written.
void Copy(const serve::CborValue& value, serve::AnswerWriter* writer) {
  using Type = serve::CborValue::Type;
  switch (value.type) {
    case Type::kText:
      return writer->Text(value.text);
    case Type::kBytes:
      return writer->Blob(value.text);
    case Type::kBool:
      return writer->Bool(value.boolean);
    case Type::kArray:
      writer->BeginList();
      for (const serve::CborValue& item : value.items)
        Copy(item, writer);
      return writer->EndList();
    case Type::kMap:
      writer->BeginMap();
      for (const auto& member : value.members) {
        writer->Key(member.key);
        Copy(member.value, writer);
      }
      return writer->EndMap();
    default:
      return writer->Integer(value.integer);
  }
}

std::string Encoded(const serve::CborValue& value) {
  std::string bytes;
  serve::CborAnswerWriter writer(&bytes);
  Copy(value, &writer);
  return bytes;
}

/// The operations of a service, each with the same request: nothing is written before an error,
/// and an answer is one value.
template <typename Service>
const char* CheckService(Service& service, std::span<const std::string_view> operations,
                         serve::WireFormat format, const std::string& bytes) {
  const auto document = serve::WireDocument::Parse(format, bytes);
  if (!document.ok()) return nullptr;
  for (const std::string_view operation : operations) {
    std::string answer;
    serve::CborAnswerWriter writer(&answer);
    const auto error = service.Serve(operation, document->root(), &writer);
    if (error && (error->type.empty() || error->message.empty())) return "an error without words";
    if (error && !answer.empty()) return "an answer before an error";
    if (!error && !serve::ParseCbor(answer).ok()) return "an answer that is no value";
  }
  return nullptr;
}

/// Services without a stream: what they say of a request before they look for one.
const char* CheckServices(const std::string& bytes) {
  static io::LocalFileSystem files;
  static io::SystemClock clock;
  static const auto kinesis =
      serve::KinesisService::Open(files, clock, security::TokenSigner("key"),
                                  {.region = "r", .account = "123456789012"}, {})
          .ValueOrDie();
  static serve::FirehoseService firehose({.region = "r", .account = "123456789012", .bucket = "b"},
                                         {});
  static constexpr std::string_view kOfKinesis[] = {
      "PutRecords", "PutRecord",      "GetRecords",   "GetShardIterator",
      "ListShards", "DescribeStream", "CreateStream", "IncreaseStreamRetentionPeriod",
      "ListStreams"};
  static constexpr std::string_view kOfFirehose[] = {
      "PutRecordBatch",       "PutRecord",
      "ListDeliveryStreams",  "DescribeDeliveryStream",
      "CreateDeliveryStream", "UpdateDestination",
      "DeleteDeliveryStream", "TagDeliveryStream",
      "UntagDeliveryStream",  "ListTagsForDeliveryStream"};
  for (const serve::WireFormat format : {serve::WireFormat::kCbor, serve::WireFormat::kJson}) {
    if (const char* broken = CheckService(*kinesis, kOfKinesis, format, bytes)) return broken;
    if (const char* broken = CheckService(firehose, kOfFirehose, format, bytes)) return broken;
  }
  return nullptr;
}

/// Heads and forms that hold the bytes: whatever call they are, its error is whole.
const char* CheckCalls(const std::string& bytes) {
  serve::HttpRequest request;
  request.method = "POST";
  request.path = "/" + bytes;
  request.body = bytes;
  for (const char* type : {"application/x-amz-json-1.1", "application/x-amz-cbor-1.1",
                           "application/x-www-form-urlencoded", bytes.c_str()}) {
    request.fields = {{"content-type", type}};
    for (int fields = 0; fields < 2; ++fields) {
      if (fields == 1) request.fields.emplace_back("x-amz-target", "Kinesis_20131202." + bytes);
      const serve::ReadCall read = serve::ReadAwsCall(request);
      const auto answer = serve::EncodeAwsError(
          read.call, read.error.value_or(serve::InvalidArgument(bytes)), "id");
      if (answer.status < 400 || answer.body.empty()) return "an error that is none";
      if (answer.content_type == "application/x-amz-cbor-1.1" &&
          !serve::ParseCbor(answer.body).ok()) {
        return "an error that is no value";
      }
    }
  }
  return nullptr;
}

/// The promise that `bytes` break; nullptr: none.
const char* Check(const std::string& bytes, int64_t* accepted) {
  const auto value = serve::ParseCbor(bytes);
  if (value.ok()) {
    ++*accepted;
    const std::string once = Encoded(*value);
    const auto again = serve::ParseCbor(once);
    if (!again.ok()) return "what was written is not read";
    if (Encoded(*again) != once) return "what was written is read as something else";
    std::string json;
    serve::JsonAnswerWriter writer(&json);
    Copy(*value, &writer);
    if (value->type == serve::CborValue::Type::kMap && !base::ParseJson(json).ok()) {
      return "what was read is no JSON";
    }
  } else if (value.status().message().empty()) {
    return "a refusal without a reason";
  }
  if (const char* broken = CheckServices(bytes)) return broken;
  if (const char* broken = CheckCalls(bytes)) return broken;
  static const security::TokenSigner signer("key");
  if (serve::ShardIterator::Parse(bytes, signer) || serve::ListToken::Parse(bytes, signer)) {
    return "a token that nobody gave";
  }
  const auto form = serve::ParseForm(bytes);
  if (form.ok() && form->size() > 64) return "an unbound form";
  const std::vector<std::pair<std::string, std::string>> fields = {
      {"host", "h"}, {"x-amz-date", bytes}, {"authorization", "AWS4-HMAC-SHA256 " + bytes}};
  const security::Verdict verdict = security::VerifyRequest(
      {.method = "POST", .path = bytes, .query = fields, .fields = fields, .payload_hash = bytes},
      security::KeySet(), {.regions = {"r"}, .service = "s", .now_micros = 0});
  if (verdict.ok()) return "a request that nobody signed";
  return verdict.message.empty() ? "a refusal without words" : nullptr;
}

int Run(const FuzzArguments& arguments) {
  Mutator mutator(arguments.seed);
  int64_t accepted = 0;
  for (int64_t round = 0; round < arguments.rounds; ++round) {
    const std::string bytes = mutator.Next();
    const char* broken = Check(bytes, &accepted);
    if (broken == nullptr) continue;
    std::string encoded;
    base::AppendBase64(bytes, &encoded);
    std::fprintf(stderr, "seed %llu round %lld: %s\n%s\n",
                 static_cast<unsigned long long>(arguments.seed), static_cast<long long>(round),
                 broken, encoded.c_str());
    return 1;
  }
  std::printf("seed %llu: %lld values accepted of %lld\n",
              static_cast<unsigned long long>(arguments.seed), static_cast<long long>(accepted),
              static_cast<long long>(arguments.rounds));
  return accepted > 0 && accepted < arguments.rounds ? 0 : 1;
}

}  // namespace
}  // namespace tapelake

int main(int argc, char** argv) {
  return tapelake::Run(tapelake::ParseFuzzArguments(argc, argv));
}
