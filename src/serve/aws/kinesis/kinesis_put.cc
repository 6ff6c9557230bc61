/// PutRecord and PutRecords: acknowledged when the records survive power loss.

#include <algorithm>
#include <utility>

#include "serve/aws/kinesis/kinesis_service.h"
#include "serve/aws/kinesis/sequence_number.h"
#include "serve/http/target.h"
#include "source/kinesis/aggregated_record.h"

namespace tapelake::serve {
namespace {

constexpr size_t kRecordBytesMax = size_t{1} << 20;    // data and partition key
constexpr size_t kRequestBytesMax = size_t{10} << 20;  // all of them
constexpr size_t kEntriesMax = 500;
constexpr size_t kPartsMax = 100'000;  // of aggregated records
constexpr size_t kHashKeyDigitsMax = 39;
constexpr size_t kSequenceDigitsMax = 129;
constexpr std::string_view kDigits = "0123456789";

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
  std::vector<source::AggregatedRecord> parts;  ///< Into `data`; empty: it is one record itself.
  stream::RecordPlace place;                    ///< Of the first part, if there are parts.
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
  put->hash_key = stream::ParseHashKey(*hash_key);
  if (!put->hash_key) {
    violations->Refuse("explicitHashKey", "'" + *hash_key + "'",
                       "Member must be in the range: [0, 2^128-1], without leading zeros");
  }
}

/// What the producer library made of several records is put as what it was: each has a key of its
/// own, which decides its shard. Whatever is not such a record stays what it is.
KinesisService::Outcome KinesisService::TakeApart(std::vector<Put>* puts) {
  size_t parts = 0;
  for (Put& put : *puts) {
    if (!source::SplitAggregate(put.data, &put.parts)) continue;
    const auto is_key = [](const source::AggregatedRecord& part) {
      const size_t characters = CharacterCount(part.partition_key);
      return characters > 0 && characters <= stream::kPartitionKeyCharsMax &&
             IsUtf8(part.partition_key);
    };
    if (!std::ranges::all_of(put.parts, is_key)) put.parts.clear();
    parts += put.parts.size();
    if (parts > kPartsMax) {
      return InvalidArgument("The aggregated records of one request hold more than " +
                             std::to_string(kPartsMax) + " records.");
    }
  }
  return std::nullopt;
}

KinesisService::Outcome KinesisService::CheckEntry(const Put& put) {
  if (put.partition_key.size() + put.data.size() > kRecordBytesMax) {
    return InvalidArgument("A record of " + std::to_string(put.data.size()) +
                           " bytes and a key of " + std::to_string(put.partition_key.size()) +
                           " bytes are more than 1 MiB (1048576 bytes) together.");
  }
  for (const source::AggregatedRecord& part : put.parts) {
    const std::string_view hash_key = part.explicit_hash_key;
    if (hash_key.empty() || stream::ParseHashKey(hash_key)) continue;
    return InvalidArgument("An aggregated record has an ExplicitHashKey that is none.");
  }
  return std::nullopt;
}

/// What is put of a record: itself, or its parts. The keys of an aggregate are only the library's
/// way of addressing a shard.
void KinesisService::AddEntries(const Put& put, std::vector<stream::PutEntry>* entries) {
  if (put.parts.empty()) {
    entries->push_back(
        {.partition_key = put.partition_key, .data = put.data, .hash_key = put.hash_key});
  }
  for (const source::AggregatedRecord& part : put.parts) {
    entries->push_back({.partition_key = part.partition_key,
                        .data = part.data,
                        .hash_key = stream::ParseHashKey(part.explicit_hash_key)});
  }
}

/// Put those that may be put; every one of `*puts` has a place or an error then. Return how they
/// are encrypted; that is not while it is being changed.
std::string_view KinesisService::PutDurably(ServedStream& stream, std::vector<Put>* puts) {
  const std::string_view encryption = stream.encryption_type();
  std::vector<stream::PutEntry> entries;
  std::vector<std::pair<Put*, size_t>> taken;  // and the first of its entries
  for (Put& put : *puts) {
    if (options_.shard_limits && (put.error = Limit(stream, put))) continue;
    taken.emplace_back(&put, entries.size());
    AddEntries(put, &entries);
  }
  if (entries.empty()) return encryption;
  const auto places = stream.writer().Put(entries);
  for (const auto& [put, first] : taken) {
    if (places.ok()) {
      put->place = (*places)[first];
    } else {
      put->error = ErrorOf(places.status());
    }
  }
  return encryption == stream.encryption_type() ? encryption : kNotEncrypted;
}

/// What a shard of Kinesis would say to it.
KinesisService::Outcome KinesisService::Limit(ServedStream& stream, const Put& put) {
  std::vector<stream::PutEntry> entries;
  AddEntries(put, &entries);
  const auto shards = stream.shards();
  const stream::PutEntry& first = entries.front();
  const uint32_t shard =
      first.hash_key ? shards->ShardOfHash(*first.hash_key) : shards->ShardOf(first.partition_key);
  const size_t bytes = put.partition_key.size() + put.data.size();
  if (stream.limits().Take(shard, bytes, clock_.SteadyMicros())) return std::nullopt;
  return AwsError{.type = "ProvisionedThroughputExceededException",
                  .message = "Rate exceeded for shard " + ShardIdText(shard) + " in stream " +
                             stream.name() + " under account " + options_.account + "."};
}

KinesisService::Outcome KinesisService::PutRecord(WireValue request, AnswerWriter* answer) {
  Violations violations;
  MemberReader members(request, &violations);
  std::vector<Put> puts(1);
  ReadEntry(&members, &violations, &puts.front());
  members.Text("SequenceNumberForOrdering", kOrderingRule);  // later puts come later anyway
  const bool dry_run = members.Flag("DryRun");
  StreamPtr stream;
  if (auto wrong = FindStream(&members, violations, &stream)) return wrong;
  if (auto wrong = TakeApart(&puts)) return wrong;
  if (auto wrong = CheckEntry(puts.front())) return wrong;
  if (dry_run) return DryRunDone();
  const std::string_view encryption = PutDurably(*stream, &puts);
  if (puts.front().error) return puts.front().error;
  answer->BeginMap();
  WritePlace(puts.front().place, answer);
  answer->Text("EncryptionType", encryption);
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
  StreamPtr stream;
  if (auto wrong = FindStream(&members, violations, &stream)) return wrong;
  if (auto wrong = TakeApart(&puts)) return wrong;
  for (const Put& put : puts) {
    if (auto wrong = CheckEntry(put)) return wrong;
  }
  if (dry_run) return DryRunDone();
  const std::string_view encryption = PutDurably(*stream, &puts);
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
  answer->Text("EncryptionType", encryption);
  answer->EndMap();
  return std::nullopt;
}

}  // namespace tapelake::serve
