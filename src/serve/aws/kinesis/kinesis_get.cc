/// GetShardIterator and GetRecords.

#include <algorithm>

#include "io/aws/sigv4.h"
#include "serve/aws/kinesis/kinesis_service.h"
#include "serve/aws/kinesis/sequence_number.h"

namespace tapelake::serve {
namespace {

constexpr int64_t kRecordsMax = 10'000;
constexpr size_t kDataBytesMax = size_t{10} << 20;
/// Records of all shards lie in one log: of how much of it one call looks for those of its shard.
constexpr size_t kScannedBytesMax = size_t{16} << 20;
constexpr size_t kIteratorCharactersMax = 512;
constexpr size_t kSequenceCharactersMax = 129;

int64_t FloorMillis(int64_t micros) {
  return micros / 1'000;
}

void WriteRecords(const ShardRecords& read, uint32_t shard, AnswerWriter* answer) {
  answer->Key("Records");
  answer->BeginList();
  for (const ShardRecords::Record& record : read.records) {
    answer->BeginMap();
    answer->Text("SequenceNumber",
                 SequenceNumber{.shard = shard, .sequence = record.sequence}.ToText());
    answer->Key("ApproximateArrivalTimestamp");
    answer->TimeMicros(record.arrival_micros);
    answer->Key("Data");
    answer->Blob(record.data);
    answer->Text("PartitionKey", record.partition_key);
    if (record.encrypted) answer->Text("EncryptionType", kEncrypted);
    answer->EndMap();
  }
  answer->EndList();
}

/// Where a reader of a shard that has ended goes on.
void WriteChildren(const stream::ShardMap& shards, uint32_t parent, AnswerWriter* answer) {
  answer->Key("ChildShards");
  answer->BeginList();
  for (const stream::ShardRange& range : shards.shards()) {
    if (std::ranges::find(range.parents, parent) == range.parents.end()) continue;
    answer->BeginMap();
    answer->Text("ShardId", ShardIdText(range.shard));
    answer->Key("ParentShards");
    answer->BeginList();
    for (const uint32_t shard : range.parents)
      answer->Text(ShardIdText(shard));
    answer->EndList();
    answer->Key("HashKeyRange");
    answer->BeginMap();
    answer->Text("StartingHashKey", range.starting_hash_key);
    answer->Text("EndingHashKey", range.ending_hash_key);
    answer->EndMap();
    answer->EndMap();
  }
  answer->EndList();
}

/// How far the answer's end is from the end of the stream, in time.
int64_t MillisBehind(const ShardRecords& read, int64_t now_micros) {
  if (read.at_end) return 0;
  return std::max<int64_t>(1, FloorMillis(now_micros - read.passed_arrival_micros));
}

}  // namespace

/// Where a client wants to begin.
struct KinesisService::IteratorWish {
  std::string shard_id;
  uint32_t shard = 0;
  std::string type;
  std::optional<std::string> sequence_number;
  std::optional<int64_t> time_micros;
};

KinesisService::Outcome KinesisService::FindPosition(ServedStream& stream, const IteratorWish& wish,
                                                     ReadPosition* position) {
  const stream::StreamFacts facts = stream.log().facts();
  if (wish.type == "TRIM_HORIZON") {
    position->sequence = facts.first_sequence;
  } else if (wish.type == "LATEST") {
    position->sequence = facts.next_sequence;
  } else if (wish.type == "AT_TIMESTAMP") {
    if (!wish.time_micros) {
      return InvalidArgument(
          "Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP. Current "
          "request has no timestamp parameter.");
    }
    const int64_t now = clock_.WallMicros();
    if (*wish.time_micros > now) {
      return InvalidArgument(
          "The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. "
          "timestampInMillis: " +
          std::to_string(FloorMillis(*wish.time_micros)) +
          ", currentTimestampInMillis: " + std::to_string(FloorMillis(now)));
    }
    const auto sequence = stream.log().SequenceAtTime(*wish.time_micros);
    if (!sequence.ok()) return ErrorOf(sequence.status());
    position->sequence = *sequence;
  } else {
    return FindNumber(stream, wish, facts, position);
  }
  return std::nullopt;
}

KinesisService::Outcome KinesisService::FindNumber(const ServedStream& stream,
                                                   const IteratorWish& wish,
                                                   const stream::StreamFacts& facts,
                                                   ReadPosition* position) {
  if (!wish.sequence_number) {
    return InvalidArgument("Must specify startingSequenceNumber parameter for iterator of type " +
                           wish.type +
                           ". Current request has no startingSequenceNumber parameter.");
  }
  const auto number = SequenceNumber::Parse(*wish.sequence_number);
  const bool after = wish.type == "AFTER_SEQUENCE_NUMBER";
  if (!number || number->shard != wish.shard || number->sequence >= facts.next_sequence) {
    return InvalidArgument("StartingSequenceNumber " + *wish.sequence_number +
                           " used in GetShardIterator on shard " + wish.shard_id + " in stream " +
                           stream.name() + " under account " + options_.account +
                           " is invalid because it did not come from this shard.");
  }
  position->sequence = std::max<uint64_t>(1, number->sequence + (after ? 1 : 0));
  return std::nullopt;
}

KinesisService::Outcome KinesisService::GetShardIterator(WireValue request, AnswerWriter* answer) {
  using Need = MemberReader::Need;
  Violations violations;
  MemberReader members(request, &violations);
  MemberReader::TextRule shard_rule = kShardIdRule;
  shard_rule.need = Need::kRequired;
  IteratorWish wish;
  wish.shard_id = members.Text("ShardId", shard_rule).value_or("");
  wish.type = members
                  .Choice("ShardIteratorType", Need::kRequired,
                          {"AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER", "TRIM_HORIZON", "LATEST",
                           "AT_TIMESTAMP"})
                  .value_or("");
  wish.sequence_number =
      members.Text("StartingSequenceNumber", {.characters_max = kSequenceCharactersMax});
  wish.time_micros = members.TimeMicros("Timestamp");
  const bool dry_run = members.Flag("DryRun");
  StreamPtr stream;
  if (auto wrong = FindStream(&members, violations, &stream)) return wrong;
  const auto shard = ParseShardId(wish.shard_id);
  if (!shard || *shard >= stream->shards()->shards().size())
    return ShardNotFound(wish.shard_id, *stream);
  wish.shard = *shard;
  ShardIterator iterator{.stream_salt = stream->salt(), .shard = *shard};
  if (auto wrong = FindPosition(*stream, wish, &iterator.position)) return wrong;
  if (dry_run) return DryRunDone();
  iterator.issued_micros = clock_.WallMicros();
  answer->BeginMap();
  answer->Text("ShardIterator", iterator.ToToken(signer_));
  answer->EndMap();
  return std::nullopt;
}

KinesisService::Outcome KinesisService::OpenIterator(const std::string& token,
                                                     ShardIterator* iterator,
                                                     StreamPtr* stream) const {
  const auto opened = ShardIterator::Parse(token, signer_);
  *stream = opened ? StreamOfSalt(opened->stream_salt) : nullptr;
  if (*stream == nullptr || opened->shard >= (*stream)->shards()->shards().size()) {
    return InvalidArgument("Invalid ShardIterator.");
  }
  *iterator = *opened;
  const int64_t now = clock_.WallMicros();
  if (!IsTokenExpired(opened->issued_micros, now)) return std::nullopt;
  return AwsError{.type = "ExpiredIteratorException",
                  .message = "Iterator expired. The iterator was created at time " +
                             io::aws::AmzDate(opened->issued_micros) + " while right now it is " +
                             io::aws::AmzDate(now) +
                             " which is further in the future than the tolerated delay of 300000 "
                             "milliseconds."};
}

KinesisService::Outcome KinesisService::GetRecords(WireValue request, AnswerWriter* answer) {
  Violations violations;
  MemberReader members(request, &violations);
  const auto token = members.Text("ShardIterator", {.need = MemberReader::Need::kRequired,
                                                    .characters_max = kIteratorCharactersMax});
  const int64_t limit =
      members.Integer("Limit", {.min = 1, .max = kRecordsMax}).value_or(kRecordsMax);
  const auto arn = members.Text("StreamARN", kStreamArnRule);
  const bool dry_run = members.Flag("DryRun");
  if (auto wrong = violations.error()) return wrong;
  ShardIterator iterator;
  StreamPtr stream;
  if (auto wrong = OpenIterator(*token, &iterator, &stream)) return wrong;
  if (arn && *arn != ArnOf(stream->name())) {
    return InvalidArgument("The ShardIterator is of " + ArnOf(stream->name()) + ", not of " + *arn +
                           ".");
  }
  if (dry_run) return DryRunDone();
  const auto shards = stream->shards();
  const uint64_t closed_at = shards->shards()[iterator.shard].closed_at;
  const auto read = stream->reader().Read(iterator.shard, iterator.position,
                                          {.records_max = static_cast<size_t>(limit),
                                           .data_bytes_max = kDataBytesMax,
                                           .scanned_bytes_max = kScannedBytesMax,
                                           .end_sequence = closed_at});
  if (!read.ok()) return ErrorOf(read.status());
  const int64_t now = clock_.WallMicros();
  iterator.position = read->next;
  iterator.issued_micros = now;
  answer->BeginMap();
  WriteRecords(*read, iterator.shard, answer);
  if (closed_at != 0 && read->next.sequence >= closed_at) {
    WriteChildren(*shards, iterator.shard, answer);
  } else {
    answer->Text("NextShardIterator", iterator.ToToken(signer_));
  }
  answer->Integer("MillisBehindLatest", MillisBehind(*read, now));
  answer->EndMap();
  return std::nullopt;
}

}  // namespace tapelake::serve
