/// Streams and shards, described.

#include <algorithm>
#include <iterator>

#include "serve/aws/kinesis/kinesis_service.h"
#include "serve/aws/kinesis/sequence_number.h"

namespace tapelake::serve {
namespace {

constexpr int64_t kPageMax = 10'000;
constexpr int64_t kStreamsPageDefault = 100;
constexpr int64_t kShardsPageDefault = 100;  // DescribeStream
constexpr int64_t kListShardsPageDefault = 1'000;
constexpr size_t kTokenCharactersMax = 1'048'576;
constexpr int64_t kTagsPageMax = 50;
constexpr size_t kTagCharactersMax = 128;
constexpr int64_t kMicrosPerSecond = 1'000'000;

void WriteShard(const stream::ShardRange& range, AnswerWriter* answer) {
  answer->BeginMap();
  answer->Text("ShardId", ShardIdText(range.shard));
  if (!range.parents.empty()) answer->Text("ParentShardId", ShardIdText(range.parents[0]));
  if (range.parents.size() > 1) {
    answer->Text("AdjacentParentShardId", ShardIdText(range.parents[1]));
  }
  answer->Key("HashKeyRange");
  answer->BeginMap();
  answer->Text("StartingHashKey", range.starting_hash_key);
  answer->Text("EndingHashKey", range.ending_hash_key);
  answer->EndMap();
  answer->Key("SequenceNumberRange");
  answer->BeginMap();
  // Numbers grow over the whole stream: between these two lie all that the shard can have.
  answer->Text("StartingSequenceNumber",
               SequenceNumber{.shard = range.shard, .sequence = range.opened_at - 1}.ToText());
  if (!range.is_open()) {
    answer->Text("EndingSequenceNumber",
                 SequenceNumber{.shard = range.shard, .sequence = range.closed_at - 1}.ToText());
  }
  answer->EndMap();
  answer->EndMap();
}

void WriteMode(AnswerWriter* answer) {
  answer->Key("StreamModeDetails");
  answer->BeginMap();
  answer->Text("StreamMode", "PROVISIONED");
  answer->EndMap();
}

/// Which shards are listed.
struct ShardChoice {
  std::string after = {};         ///< Those behind the one of that id.
  uint64_t living_at = 0;         ///< Those that were not closed at this record.
  uint64_t opened_until = ~0ULL;  ///< And that were open at this one.

  bool Includes(const stream::ShardRange& range) const {
    return (range.is_open() || range.closed_at > living_at) && range.opened_at <= opened_until &&
           (after.empty() || ShardIdText(range.shard) > after);
  }
};

std::vector<stream::ShardRange> ChosenShards(const stream::ShardMap& map,
                                             const ShardChoice& choice) {
  std::vector<stream::ShardRange> chosen;
  std::ranges::copy_if(map.shards(), std::back_inserter(chosen),
                       [&choice](const stream::ShardRange& it) { return choice.Includes(it); });
  return chosen;
}

/// A closed shard is listed as long as a record of it may be kept.
uint64_t OldestKept(const ServedStream& stream) {
  return stream.log().facts().first_sequence;
}

AwsError TokenExpired(int64_t issued_micros, int64_t now_micros) {
  return {.type = "ExpiredNextTokenException",
          .message = "The NextToken was given " +
                     std::to_string((now_micros - issued_micros) / kMicrosPerSecond) +
                     " seconds ago and was good for " +
                     std::to_string(kTokenMicrosMax / kMicrosPerSecond) + "."};
}

}  // namespace

KinesisService::Outcome KinesisService::ListStreams(WireValue request, AnswerWriter* answer) {
  Violations violations;
  MemberReader members(request, &violations);
  const int64_t limit =
      members.Integer("Limit", {.min = 1, .max = kPageMax}).value_or(kStreamsPageDefault);
  std::string after = members.Text("ExclusiveStartStreamName", kStreamNameRule).value_or("");
  const auto token = members.Text("NextToken", {.characters_max = kTokenCharactersMax});
  if (auto wrong = violations.error()) return wrong;
  const int64_t now = clock_.WallMicros();
  if (token) {
    const auto opened = ListToken::Parse(*token, signer_);
    if (!opened || opened->stream_salt != 0) return InvalidArgument("Invalid NextToken.");
    if (IsTokenExpired(opened->issued_micros, now)) {
      return TokenExpired(opened->issued_micros, now);
    }
    after = opened->after;
  }
  const std::vector<StreamPtr> streams = Streams();
  const auto begin = std::ranges::upper_bound(streams, after, {},
                                              [](const auto& stream) { return stream->name(); });
  const auto left = static_cast<int64_t>(streams.end() - begin);
  const auto end = begin + std::min(left, limit);
  answer->BeginMap();
  answer->Key("StreamNames");
  answer->BeginList();
  for (auto stream = begin; stream != end; ++stream)
    answer->Text((*stream)->name());
  answer->EndList();
  answer->Bool("HasMoreStreams", left > limit);
  if (left > limit) {
    const ListToken next{.after = (*std::prev(end))->name(), .issued_micros = now};
    answer->Text("NextToken", next.ToToken(signer_));
  }
  answer->Key("StreamSummaries");
  answer->BeginList();
  for (auto stream = begin; stream != end; ++stream) {
    answer->BeginMap();
    answer->Text("StreamName", (*stream)->name());
    answer->Text("StreamARN", ArnOf((*stream)->name()));
    answer->Text("StreamStatus", "ACTIVE");
    WriteMode(answer);
    answer->Key("StreamCreationTimestamp");
    answer->TimeMicros((*stream)->created_micros());
    answer->EndMap();
  }
  answer->EndList();
  answer->EndMap();
  return std::nullopt;
}

void KinesisService::WriteCommonDescription(const ServedStream& stream,
                                            AnswerWriter* answer) const {
  answer->Text("StreamName", stream.name());
  answer->Text("StreamARN", ArnOf(stream.name()));
  answer->Text("StreamStatus", "ACTIVE");
  WriteMode(answer);
  answer->Integer("RetentionPeriodHours", stream.retention_hours());
  answer->Key("StreamCreationTimestamp");
  answer->TimeMicros(stream.created_micros());
  answer->Key("EnhancedMonitoring");
  answer->BeginList();
  answer->BeginMap();
  answer->Key("ShardLevelMetrics");
  answer->BeginList();
  answer->EndList();
  answer->EndMap();
  answer->EndList();
  answer->Text("EncryptionType", stream.encryption_type());
  if (const std::string key = stream.log().encryption_key(); !key.empty()) {
    answer->Text("KeyId", key);
  }
}

KinesisService::Outcome KinesisService::DescribeStream(WireValue request, AnswerWriter* answer) {
  Violations violations;
  MemberReader members(request, &violations);
  const int64_t limit =
      members.Integer("Limit", {.min = 1, .max = kPageMax}).value_or(kShardsPageDefault);
  const std::string after = members.Text("ExclusiveStartShardId", kShardIdRule).value_or("");
  StreamPtr stream;
  if (auto wrong = FindStream(&members, violations, &stream)) return wrong;
  const auto shards =
      ChosenShards(*stream->shards(), {.after = after, .living_at = OldestKept(*stream)});
  const size_t end = std::min(shards.size(), static_cast<size_t>(limit));
  answer->BeginMap();
  answer->Key("StreamDescription");
  answer->BeginMap();
  WriteCommonDescription(*stream, answer);
  answer->Key("Shards");
  answer->BeginList();
  for (size_t i = 0; i < end; ++i)
    WriteShard(shards[i], answer);
  answer->EndList();
  answer->Bool("HasMoreShards", end < shards.size());
  answer->EndMap();
  answer->EndMap();
  return std::nullopt;
}

KinesisService::Outcome KinesisService::DescribeStreamSummary(WireValue request,
                                                              AnswerWriter* answer) {
  Violations violations;
  MemberReader members(request, &violations);
  StreamPtr stream;
  if (auto wrong = FindStream(&members, violations, &stream)) return wrong;
  answer->BeginMap();
  answer->Key("StreamDescriptionSummary");
  answer->BeginMap();
  WriteCommonDescription(*stream, answer);
  answer->Integer("OpenShardCount", static_cast<int64_t>(stream->shards()->open_count()));
  answer->Integer("ConsumerCount", 0);
  answer->EndMap();
  answer->EndMap();
  return std::nullopt;
}

/// What a page of ListShards shows.
struct KinesisService::ShardPage {
  StreamPtr stream;
  ShardChoice choice;
};

KinesisService::Outcome KinesisService::ReadFirstPage(MemberReader* members, Violations* violations,
                                                      ShardPage* page) {
  page->choice.after = members->Text("ExclusiveStartShardId", kShardIdRule).value_or("");
  const auto created = members->TimeMicros("StreamCreationTimestamp");
  MemberReader filter(members->Map("ShardFilter"), violations, "shardFilter.");
  const auto type = filter.Choice(
      "Type",
      members->Has("ShardFilter") ? MemberReader::Need::kRequired : MemberReader::Need::kOptional,
      {"AFTER_SHARD_ID", "AT_TRIM_HORIZON", "FROM_TRIM_HORIZON", "AT_LATEST", "AT_TIMESTAMP",
       "FROM_TIMESTAMP"});
  const auto after = filter.Text("ShardId", kShardIdRule);
  const auto time = filter.TimeMicros("Timestamp");
  if (auto wrong = FindStream(members, *violations, &page->stream)) return wrong;
  if (created && *created / kMicrosPerSecond != page->stream->created_micros() / kMicrosPerSecond) {
    return ResourceNotFound("Stream " + page->stream->name() + " was not created at that time.");
  }
  if (type == "AFTER_SHARD_ID") {
    if (!after) return InvalidArgument("ShardFilter AFTER_SHARD_ID needs a ShardId.");
    page->choice.after = *after;
  }
  if ((type == "AT_TIMESTAMP" || type == "FROM_TIMESTAMP") && !time) {
    return InvalidArgument("ShardFilter " + *type + " needs a Timestamp.");
  }
  return ChooseByTime(type.value_or(""), time.value_or(0), page);
}

/// What the filters that speak of times leave.
KinesisService::Outcome KinesisService::ChooseByTime(const std::string& type, int64_t time_micros,
                                                     ShardPage* page) {
  const stream::StreamFacts facts = page->stream->log().facts();
  page->choice.living_at = facts.first_sequence;
  if (type == "AT_TRIM_HORIZON") page->choice.opened_until = facts.first_sequence;
  if (type == "AT_LATEST") page->choice.living_at = facts.next_sequence;
  if (type != "AT_TIMESTAMP" && type != "FROM_TIMESTAMP") return std::nullopt;
  const auto sequence = page->stream->log().SequenceAtTime(time_micros);
  if (!sequence.ok()) return ErrorOf(sequence.status());
  page->choice.living_at = std::max(*sequence, facts.first_sequence);
  if (type == "AT_TIMESTAMP") page->choice.opened_until = page->choice.living_at;
  return std::nullopt;
}

KinesisService::Outcome KinesisService::ReadNextPage(MemberReader* members,
                                                     const std::string& token, ShardPage* page) {
  for (const char* name : {"StreamName", "StreamARN", "ExclusiveStartShardId", "ShardFilter",
                           "StreamCreationTimestamp"}) {
    if (members->Has(name)) {
      return InvalidArgument("NextToken and " + std::string(name) +
                             " cannot be provided together.");
    }
  }
  const auto opened = ListToken::Parse(token, signer_);
  if (opened) page->stream = StreamOfSalt(opened->stream_salt);
  if (page->stream == nullptr) return InvalidArgument("Invalid NextToken.");
  const int64_t now = clock_.WallMicros();
  if (IsTokenExpired(opened->issued_micros, now)) return TokenExpired(opened->issued_micros, now);
  page->choice = {
      .after = opened->after, .living_at = opened->living_at, .opened_until = opened->opened_until};
  return std::nullopt;
}

KinesisService::Outcome KinesisService::ListShards(WireValue request, AnswerWriter* answer) {
  Violations violations;
  MemberReader members(request, &violations);
  const auto limit =
      members.Integer("MaxResults", {.min = 1, .max = kPageMax}).value_or(kListShardsPageDefault);
  const auto token = members.Text("NextToken", {.characters_max = kTokenCharactersMax});
  if (auto wrong = violations.error()) return wrong;
  ShardPage page;
  if (auto wrong = token ? ReadNextPage(&members, *token, &page)
                         : ReadFirstPage(&members, &violations, &page)) {
    return wrong;
  }
  const auto shards = ChosenShards(*page.stream->shards(), page.choice);
  const size_t end = std::min(shards.size(), static_cast<size_t>(limit));
  answer->BeginMap();
  answer->Key("Shards");
  answer->BeginList();
  for (size_t i = 0; i < end; ++i)
    WriteShard(shards[i], answer);
  answer->EndList();
  if (end < shards.size()) {
    const ListToken next{.stream_salt = page.stream->salt(),
                         .after = ShardIdText(shards[end - 1].shard),
                         .issued_micros = clock_.WallMicros(),
                         .living_at = page.choice.living_at,
                         .opened_until = page.choice.opened_until};
    answer->Text("NextToken", next.ToToken(signer_));
  }
  answer->EndMap();
  return std::nullopt;
}

KinesisService::Outcome KinesisService::DescribeLimits(WireValue, AnswerWriter* answer) {
  int64_t shards = 0;
  const std::vector<StreamPtr> streams = Streams();
  for (const StreamPtr& stream : streams)
    shards += static_cast<int64_t>(stream->shards()->open_count());
  answer->BeginMap();
  answer->Integer("ShardLimit", static_cast<int64_t>(stream::ShardMap::kOpenMax * streams.size()));
  answer->Integer("OpenShardCount", shards);
  answer->Integer("OnDemandStreamCount", 0);
  answer->Integer("OnDemandStreamCountLimit", 0);
  answer->EndMap();
  return std::nullopt;
}

/// What tools ask for before they change something: nothing is there.
KinesisService::Outcome KinesisService::ListStreamConsumers(WireValue request,
                                                            AnswerWriter* answer) {
  Violations violations;
  MemberReader members(request, &violations);
  members.Integer("MaxResults", {.min = 1, .max = kPageMax});
  const auto arn = members.Text("StreamARN", {.need = MemberReader::Need::kRequired,
                                              .characters_max = kStreamArnRule.characters_max});
  if (auto wrong = violations.error()) return wrong;
  StreamPtr stream;
  if (auto wrong = FindNamed(arn, std::nullopt, &stream)) return wrong;
  answer->BeginMap();
  answer->Key("Consumers");
  answer->BeginList();
  answer->EndList();
  answer->EndMap();
  return std::nullopt;
}

KinesisService::Outcome KinesisService::ListTagsForResource(WireValue request,
                                                            AnswerWriter* answer) {
  Violations violations;
  MemberReader members(request, &violations);
  const auto arn = members.Text("ResourceARN", {.need = MemberReader::Need::kRequired,
                                                .characters_max = kStreamArnRule.characters_max});
  if (auto wrong = violations.error()) return wrong;
  StreamPtr stream;
  if (auto wrong = FindNamed(arn, std::nullopt, &stream)) return wrong;
  answer->BeginMap();
  answer->Key("Tags");
  answer->BeginList();
  answer->EndList();
  answer->EndMap();
  return std::nullopt;
}

KinesisService::Outcome KinesisService::ListTagsForStream(WireValue request, AnswerWriter* answer) {
  Violations violations;
  MemberReader members(request, &violations);
  members.Integer("Limit", {.min = 1, .max = kTagsPageMax});
  members.Text("ExclusiveStartTagKey", {.characters_max = kTagCharactersMax});
  StreamPtr stream;
  if (auto wrong = FindStream(&members, violations, &stream)) return wrong;
  answer->BeginMap();
  answer->Key("Tags");
  answer->BeginList();
  answer->EndList();
  answer->Bool("HasMoreTags", false);
  answer->EndMap();
  return std::nullopt;
}

}  // namespace tapelake::serve
