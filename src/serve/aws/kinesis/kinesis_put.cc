/// PutRecord and PutRecords: acknowledged when the records survive power loss.

#include <span>
#include <utility>

#include "serve/aws/kinesis/kinesis_service.h"
#include "serve/aws/kinesis/sequence_number.h"

namespace tapelake::serve {
namespace {

constexpr size_t kRecordBytesMax = size_t{1} << 20;    // data and partition key
constexpr size_t kRequestBytesMax = size_t{10} << 20;  // all of them
constexpr size_t kEntriesMax = 500;
constexpr size_t kHashKeyDigitsMax = 39;
constexpr size_t kSequenceDigitsMax = 129;
constexpr std::string_view kDigits = "0123456789";
constexpr std::string_view kEncryptionNone = "NONE";

constexpr MemberReader::TextRule kHashKeyRule = {
    .characters_max = kHashKeyDigitsMax, .alphabet = kDigits, .pattern = R"(0|([1-9]\d{0,38}))"};
constexpr MemberReader::TextRule kOrderingRule = {
    .characters_max = kSequenceDigitsMax, .alphabet = kDigits, .pattern = R"(0|([1-9]\d{0,128}))"};

void WritePlace(const stream::RecordPlace& place, AnswerWriter* answer) {
  answer->Text("SequenceNumber",
               SequenceNumber{.shard = place.shard, .sequence = place.sequence}.ToText());
  answer->Text("ShardId", ShardIdText(place.shard));
}

}  // namespace

/// A record to be put, and what became of it.
struct KinesisService::Put {
  std::string partition_key;
  std::string data;
  std::optional<base::UInt128> hash_key;
  stream::RecordPlace place;
  std::optional<AwsError> error;
};

/// Take one record. Its key and data are checked against the stream by CheckEntry().
void KinesisService::ReadEntry(MemberReader* members, Violations* violations, Put* put) {
  using Need = MemberReader::Need;
  put->partition_key = members
                           ->Text("PartitionKey", {.need = Need::kRequired,
                                                   .characters_max = stream::kPartitionKeyCharsMax})
                           .value_or("");
  put->data = members->Blob("Data", Need::kRequired, kRecordBytesMax).value_or("");
  const auto hash_key = members->Text("ExplicitHashKey", kHashKeyRule);
  if (!hash_key) return;
  put->hash_key = ParseHashKey(*hash_key);
  if (!put->hash_key) {
    violations->Refuse("explicitHashKey", "'" + *hash_key + "'",
                       "Member must be in the range: [0, 2^128-1], without leading zeros");
  }
}

KinesisService::Outcome KinesisService::CheckEntry(const ServedStream& stream, const Put& put) {
  if (put.partition_key.size() + put.data.size() > kRecordBytesMax) {
    return InvalidArgument("A record of " + std::to_string(put.data.size()) +
                           " bytes and a key of " + std::to_string(put.partition_key.size()) +
                           " bytes are more than 1 MiB (1048576 bytes) together.");
  }
  if (!put.hash_key) return std::nullopt;
  const uint32_t wanted = stream.ShardOfHash(*put.hash_key);
  const uint32_t own = stream.ShardOfKey(put.partition_key);
  if (wanted == own) return std::nullopt;
  return InvalidArgument("ExplicitHashKey asks for " + ShardIdText(wanted) + ", but stream " +
                         stream.name() +
                         " puts a record where the MD5 hash of its PartitionKey falls, here " +
                         ShardIdText(own) + "; leave ExplicitHashKey out.");
}

/// Put those that may be put; every one of `*puts` has a place or an error then.
void KinesisService::PutDurably(ServedStream& stream, std::vector<Put>* puts) {
  std::vector<stream::PutEntry> entries;
  std::vector<Put*> taken;
  const int64_t now = clock_.SteadyMicros();
  for (Put& put : *puts) {
    const uint32_t shard = stream.ShardOfKey(put.partition_key);
    const size_t bytes = put.partition_key.size() + put.data.size();
    if (options_.shard_limits && !stream.limits().Take(shard, bytes, now)) {
      put.error =
          AwsError{.type = "ProvisionedThroughputExceededException",
                   .message = "Rate exceeded for shard " + ShardIdText(shard) + " in stream " +
                              stream.name() + " under account " + options_.account + "."};
      continue;
    }
    entries.push_back({.partition_key = put.partition_key, .data = put.data});
    taken.push_back(&put);
  }
  if (entries.empty()) return;
  const auto places = stream.writer().Put(entries);
  for (size_t i = 0; i < taken.size(); ++i) {
    if (places.ok()) {
      taken[i]->place = (*places)[i];
    } else {
      taken[i]->error = ErrorOf(places.status());
    }
  }
}

KinesisService::Outcome KinesisService::PutRecord(WireValue request, AnswerWriter* answer) {
  Violations violations;
  MemberReader members(request, &violations);
  std::vector<Put> puts(1);
  ReadEntry(&members, &violations, &puts.front());
  members.Text("SequenceNumberForOrdering", kOrderingRule);  // later puts come later anyway
  const bool dry_run = members.Flag("DryRun");
  ServedStream* stream = nullptr;
  if (auto wrong = FindStream(&members, violations, &stream)) return wrong;
  if (auto wrong = CheckEntry(*stream, puts.front())) return wrong;
  if (dry_run) return DryRunDone();
  PutDurably(*stream, &puts);
  if (puts.front().error) return puts.front().error;
  answer->BeginMap();
  WritePlace(puts.front().place, answer);
  answer->Text("EncryptionType", kEncryptionNone);
  answer->EndMap();
  return std::nullopt;
}

KinesisService::Outcome KinesisService::ReadEntries(MemberReader* members, Violations* violations,
                                                    std::vector<Put>* puts) {
  const WireValue records = members->List("Records", 1, kEntriesMax);
  size_t bytes = 0;
  puts->resize(records.size());
  for (size_t i = 0; i < records.size(); ++i) {
    Put& put = (*puts)[i];
    MemberReader entry(records.At(i), violations, "records." + std::to_string(i + 1) + ".member.");
    ReadEntry(&entry, violations, &put);
    bytes += put.partition_key.size() + put.data.size();
  }
  if (bytes <= kRequestBytesMax) return std::nullopt;
  return InvalidArgument("Records size exceeds 10 MiB limit: " + std::to_string(bytes) +
                         " bytes of keys and data.");
}

KinesisService::Outcome KinesisService::PutRecords(WireValue request, AnswerWriter* answer) {
  Violations violations;
  MemberReader members(request, &violations);
  std::vector<Put> puts;
  if (auto wrong = ReadEntries(&members, &violations, &puts)) return wrong;
  const bool dry_run = members.Flag("DryRun");
  ServedStream* stream = nullptr;
  if (auto wrong = FindStream(&members, violations, &stream)) return wrong;
  for (const Put& put : puts) {
    if (auto wrong = CheckEntry(*stream, put)) return wrong;
  }
  if (dry_run) return DryRunDone();
  PutDurably(*stream, &puts);
  int64_t failed = 0;
  for (const Put& put : puts) {
    // The end of the program is nothing that one record has and another one has not.
    if (put.error && put.error->http_status == 503) return put.error;
    if (put.error) ++failed;
  }
  answer->BeginMap();
  answer->Integer("FailedRecordCount", failed);
  answer->Key("Records");
  answer->BeginList();
  for (const Put& put : puts) {
    answer->BeginMap();
    if (put.error) {
      answer->Text("ErrorCode", put.error->type);
      answer->Text("ErrorMessage", put.error->message);
    } else {
      WritePlace(put.place, answer);
    }
    answer->EndMap();
  }
  answer->EndList();
  answer->Text("EncryptionType", kEncryptionNone);
  answer->EndMap();
  return std::nullopt;
}

}  // namespace tapelake::serve
