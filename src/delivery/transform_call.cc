#include "delivery/transform_call.h"

#include <algorithm>
#include <cstdio>
#include <unordered_map>
#include <utility>

#include <xxhash.h>

#include "base/base64.h"
#include "base/json.h"
#include "base/seal.h"
#include "delivery/object_layout.h"

namespace tapelake::delivery {
namespace {

using base::JsonValue;

constexpr int64_t kMicrosPerMilli = 1000;
constexpr size_t kArrivalDigitsMax = 20;
constexpr size_t kQuotedText = 200;  // of a payload in a message

std::string Base64(std::string_view bytes) {
  std::string text;
  base::AppendBase64(bytes, &text);
  return text;
}

/// What stands around a record's data, a comma counted in. Ids are digits: nothing is escaped.
size_t RecordOverhead(const TransformRecord& record) {
  constexpr std::string_view kMembers =
      R"({"recordId":"","approximateArrivalTimestamp":,"data":""},)";
  return kMembers.size() + record.id.size() + kArrivalDigitsMax;
}

size_t HeadBytes(const TransformCaller& caller) {
  return FormatTransformRequest(caller, {}).size();
}

void WriteRecord(const TransformRecord& record, base::JsonWriter* writer) {
  writer->BeginObject().Key("recordId").String(record.id);
  writer->Key("approximateArrivalTimestamp").Int(record.arrival_micros / kMicrosPerMilli);
  writer->Key("data").String(Base64(record.data)).EndObject();
}

/// How a text from outside begins. What is no ASCII is masked: a message becomes JSON, and a text
/// that may be anything, and is cut anywhere, need not be UTF-8.
std::string Quoted(std::string_view text) {
  std::string quoted(text.substr(0, kQuotedText));
  for (char& c : quoted) {
    if (static_cast<unsigned char>(c) >= 0x80) c = '?';
  }
  return quoted;
}

/// Why the service did not invoke the function, in Firehose's words.
std::string_view CodeOf(const io::aws::Invocation& invocation) {
  if (invocation.error == "AccessDeniedException" || invocation.status == 403) {
    return "Lambda.InvokeAccessDenied";
  }
  switch (invocation.status) {
    case 0:
      return "Lambda.FunctionRequestTimedOut";
    case 404:
      return "Lambda.ResourceNotFound";
    case 429:
      return "Lambda.InvokeLimitExceeded";
    default:
      return "Lambda.InvocationFailed";
  }
}

/// The rest are refusals, which a repeat would not change.
bool MayPass(const io::aws::Invocation& invocation) {
  return invocation.status == 0 || invocation.status == 429 || invocation.status >= 500;
}

TransformOutcome Failed(std::string code, std::string message) {
  return {.failure = {.code = std::move(code), .message = std::move(message)}};
}

std::string TextOf(const JsonValue& object, std::string_view key) {
  const JsonValue* member = object.Find(key);
  return member != nullptr && member->is_string() ? member->text() : std::string();
}

/// The partition keys that a function gave; false: one is no text.
bool ReadPartitionKeys(const JsonValue& answer, std::map<std::string, std::string>* keys) {
  const JsonValue* metadata = answer.Find("metadata");
  if (metadata == nullptr || metadata->is_null()) return true;
  const JsonValue* given = metadata->Find("partitionKeys");
  if (given == nullptr || given->is_null()) return true;
  for (const auto& [name, value] : given->members()) {
    if (!value.is_string()) return false;
    (*keys)[name] = value.text();
  }
  return true;
}

TransformOutcome ReadOutcome(const JsonValue& answer) {
  const std::string result = TextOf(answer, "result");
  if (result == "Dropped") return {.kind = TransformOutcome::Kind::kDropped};
  if (result == "ProcessingFailed") {
    return Failed("Lambda.ProcessingFailedStatus",
                  "ProcessingFailed status set for record by the function");
  }
  if (result != "Ok") {
    return Failed("Lambda.JsonProcessingException",
                  "'" + result + "' is no result: Ok, Dropped, ProcessingFailed");
  }
  TransformOutcome outcome{.kind = TransformOutcome::Kind::kOk};
  const JsonValue* data = answer.Find("data");
  if (data == nullptr || !data->is_string()) {
    return Failed("Lambda.JsonProcessingException", "a record that is Ok has no data");
  }
  std::string bytes(data->text().size() + base::kBase64SlackBytes, '\0');
  size_t size = 0;
  if (!base::DecodeBase64(data->text(), bytes.data(), &size)) {
    return Failed("Lambda.JsonProcessingException", "the data of a record is no base64");
  }
  bytes.resize(size);
  outcome.data = std::move(bytes);
  if (!ReadPartitionKeys(answer, &outcome.partition_keys)) {
    return Failed("Lambda.JsonProcessingException", "a partition key is no text");
  }
  return outcome;
}

}  // namespace

size_t RequestBytes(const TransformCaller& caller, const std::vector<TransformRecord>& records) {
  size_t bytes = HeadBytes(caller);
  for (const TransformRecord& record : records)
    bytes += RecordOverhead(record) + base::Base64EncodedSize(record.data.size());
  return bytes;
}

size_t CountOfBatch(const TransformCaller& caller, const std::vector<TransformRecord>& records,
                    size_t buffer_bytes) {
  size_t request = HeadBytes(caller);
  size_t data = 0;
  size_t count = 0;
  for (const TransformRecord& record : records) {
    request += RecordOverhead(record) + base::Base64EncodedSize(record.data.size());
    data += record.data.size();
    if (count > 0 && (request > kInvocationBytesMax || data > buffer_bytes)) break;
    ++count;
  }
  return count;
}

std::string FormatTransformRequest(const TransformCaller& caller,
                                   const std::vector<TransformRecord>& records) {
  std::string request;
  base::JsonWriter writer(&request);
  writer.BeginObject().Key("invocationId").String(caller.invocation_id);
  writer.Key("deliveryStreamArn").String(caller.stream_arn);
  writer.Key("region").String(caller.region).Key("records").BeginArray();
  for (const TransformRecord& record : records)
    WriteRecord(record, &writer);
  writer.EndArray().EndObject();
  return request;
}

TransformFailure JsonProcessingFailure(std::string message) {
  return {
      .code = "Lambda.JsonProcessingException", .message = std::move(message), .may_pass = true};
}

std::optional<TransformFailure> JudgeInvocation(const io::aws::Invocation& invocation) {
  const std::string beginning = Quoted(invocation.payload);
  if (!invocation.error.empty()) {
    return TransformFailure{
        .code = std::string(CodeOf(invocation)),
        .message = "The function was not invoked: " + invocation.error + ": " + beginning,
        .may_pass = MayPass(invocation)};
  }
  if (!invocation.function_error.empty()) {
    return TransformFailure{.code = "Lambda.FunctionError",
                            .message = "The function ended with an error (" +
                                       Quoted(invocation.function_error) + "): " + beginning,
                            .may_pass = true};
  }
  if (invocation.payload.size() > kInvocationBytesMax) {
    return TransformFailure{.code = "Lambda.FunctionError",
                            .message = "The answer has more than 6 MB",
                            .may_pass = true};
  }
  return std::nullopt;
}

Result<std::vector<TransformOutcome>> ReadTransformAnswer(
    std::string_view payload, const std::vector<TransformRecord>& records) {
  TAPELAKE_ASSIGN_OR_RAISE(const JsonValue answer, base::ParseJson(payload));
  const JsonValue* answered = answer.Find("records");
  if (answered == nullptr || !answered->is_array()) {
    return MakeError(ErrorKind::kInvalid, "the answer has no list 'records'");
  }
  std::unordered_map<std::string_view, size_t> places;
  for (size_t i = 0; i < records.size(); ++i)
    places[records[i].id] = i;
  std::vector<TransformOutcome> outcomes(
      records.size(), Failed("Lambda.MissingRecordId", "The answer has no such recordId"));
  std::vector<int> times(records.size(), 0);
  for (const JsonValue& item : answered->items()) {
    const std::string id = TextOf(item, "recordId");
    const auto place = places.find(id);
    if (place == places.end()) continue;
    outcomes[place->second] =
        ++times[place->second] == 1
            ? ReadOutcome(item)
            : Failed("Lambda.DuplicatedRecordId", "The answer has this recordId more than once");
  }
  return outcomes;
}

void AppendTransformErrorLine(const TransformErrorLine& line, std::string* out) {
  const size_t begin = out->size();
  const std::string_view data = line.record.data;
  base::JsonWriter writer(out);
  writer.BeginObject().Key("attemptsMade").Int(line.attempts);
  writer.Key("arrivalTimestamp").Int(line.record.arrival_micros / kMicrosPerMilli);
  writer.Key("errorCode").String(line.failure.code);
  writer.Key("errorMessage").String(line.failure.message);
  writer.Key("attemptEndingTimestamp").Int(line.ended_micros / kMicrosPerMilli);
  writer.Key("rawData").String(Base64(data));
  writer.Key("lambdaArn").String(line.lambda_arn);
  writer.Key("error_type").String(kProcessingFailed).Key("source").String(line.source);
  writer.Key("offset").Raw(std::to_string(line.offset));
  char checksum[48];
  std::snprintf(checksum, sizeof(checksum), ",\"raw_xxh64\":\"%016llx\",",
                static_cast<unsigned long long>(XXH64(data.data(), data.size(), 0)));
  out->append(checksum);
  base::AppendJsonSeal(begin, "}", out);
  out->push_back('\n');
}

}  // namespace tapelake::delivery
