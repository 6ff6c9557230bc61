/// PutRecord and PutRecordBatch: acknowledged when the records survive power loss.

#include <optional>

#include "serve/aws/firehose/firehose_service.h"
#include "serve/aws/kinesis/sequence_number.h"

namespace tapelake::serve {
namespace {

constexpr size_t kRecordBytesMax = 1'024'000;
constexpr size_t kRequestBytesMax = size_t{4} << 20;
constexpr size_t kEntriesMax = 500;

/// What stands for a failed put; for a whole request, or for one record.
AwsError PutErrorOf(const Status& status) {
  switch (KindOf(status)) {
    case ErrorKind::kThrottled:
      return {.type = "ServiceUnavailableException",
              .message = "Slow down. " + status.message(),
              .http_status = 503};
    case ErrorKind::kShuttingDown:
      return {
          .type = "ServiceUnavailableException", .message = status.message(), .http_status = 503};
    default:
      return InternalFailure(status.message());
  }
}

std::string ReadData(MemberReader* record) {
  return record->Blob("Data", MemberReader::Need::kRequired, kRecordBytesMax).value_or("");
}

/// The record's number in the stream: the one by which Kinesis clients find it.
std::string RecordId(const stream::RecordPlace& place) {
  return SequenceNumber{.shard = place.shard, .sequence = place.sequence}.ToText();
}

}  // namespace

/// Records of Firehose have no partition key. Those of one call share one, so that who reads shards
/// finds them in order; calls spread over all shards.
Result<stream::StreamWriter::Places> FirehoseService::PutDurably(
    const DeliveryStream& stream, const std::vector<std::string>& records) {
  const std::string key = std::to_string(puts_.fetch_add(1));
  std::vector<stream::PutEntry> entries;
  entries.reserve(records.size());
  for (const std::string& record : records)
    entries.push_back({.partition_key = key, .data = record});
  return stream.writer->Put(entries);
}

FirehoseService::Outcome FirehoseService::PutRecord(WireValue request, AnswerWriter* answer) {
  Violations violations;
  MemberReader members(request, &violations);
  std::vector<std::string> records;
  if (members.Has("Record")) {
    MemberReader record(members.Map("Record"), &violations, "record.");
    records.push_back(ReadData(&record));
  } else {
    violations.Refuse("record", "null", "Member must not be null");
  }
  StreamPtr stream;
  if (auto wrong = FindTaker(&members, violations, &stream)) return wrong;
  const bool encrypted = IsEncrypted(*stream);
  const auto places = PutDurably(*stream, records);
  if (!places.ok()) return PutErrorOf(places.status());
  answer->BeginMap();
  answer->Text("RecordId", RecordId(places->front()));
  answer->Bool("Encrypted", encrypted && IsEncrypted(*stream));
  answer->EndMap();
  return std::nullopt;
}

FirehoseService::Outcome FirehoseService::PutRecordBatch(WireValue request, AnswerWriter* answer) {
  Violations violations;
  MemberReader members(request, &violations);
  const WireValue list = members.List("Records", 1, kEntriesMax);
  std::vector<std::string> records;
  size_t bytes = 0;
  for (size_t i = 0; i < list.size(); ++i) {
    MemberReader record(list.At(i), &violations, "records." + std::to_string(i + 1) + ".member.");
    records.push_back(ReadData(&record));
    bytes += records.back().size();
  }
  StreamPtr stream;
  if (auto wrong = FindTaker(&members, violations, &stream)) return wrong;
  if (bytes > kRequestBytesMax) {
    return InvalidArgument("Records size exceeds 4 MB limit: " + std::to_string(bytes) + " bytes.");
  }
  const bool encrypted = IsEncrypted(*stream);
  const auto places = PutDurably(*stream, records);
  std::optional<AwsError> failure;
  if (!places.ok()) failure = PutErrorOf(places.status());
  // The end of the program is nothing that one record has and another one has not.
  if (failure && KindOf(places.status()) == ErrorKind::kShuttingDown) return failure;
  answer->BeginMap();
  answer->Integer("FailedPutCount", failure ? static_cast<int64_t>(records.size()) : 0);
  answer->Bool("Encrypted", encrypted && IsEncrypted(*stream));
  answer->Key("RequestResponses");
  answer->BeginList();
  for (size_t i = 0; i < records.size(); ++i) {
    answer->BeginMap();
    if (failure) {
      answer->Text("ErrorCode", failure->type);
      answer->Text("ErrorMessage", failure->message);
    } else {
      answer->Text("RecordId", RecordId((*places)[i]));
    }
    answer->EndMap();
  }
  answer->EndList();
  answer->EndMap();
  return std::nullopt;
}

}  // namespace tapelake::serve
