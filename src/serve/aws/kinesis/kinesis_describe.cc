/// Streams and shards, described.

#include <algorithm>

#include "serve/aws/kinesis/kinesis_service.h"
#include "serve/aws/kinesis/sequence_number.h"

namespace tapelake::serve {
namespace {

constexpr int64_t kPageMax = 10'000;
constexpr int64_t kStreamsPageDefault = 100;
constexpr int64_t kShardsPageDefault = 100;  // DescribeStream
constexpr int64_t kListShardsPageDefault = 1'000;
constexpr size_t kTokenCharactersMax = 1'048'576;
constexpr int64_t kShardsOfStreamMax = 256;
constexpr int64_t kTagsPageMax = 50;
constexpr size_t kTagCharactersMax = 128;
constexpr int64_t kMicrosPerSecond = 1'000'000;

void WriteShard(const stream::ShardRange& range, AnswerWriter* answer) {
  answer->BeginMap();
  answer->Text("ShardId", ShardIdText(range.shard));
  answer->Key("HashKeyRange");
  answer->BeginMap();
  answer->Text("StartingHashKey", range.starting_hash_key);
  answer->Text("EndingHashKey", range.ending_hash_key);
  answer->EndMap();
  answer->Key("SequenceNumberRange");
  answer->BeginMap();
  // No shard is ever closed: there is no ending number.
  answer->Text("StartingSequenceNumber", SequenceNumber{.shard = range.shard}.ToText());
  answer->EndMap();
  answer->EndMap();
}

void WriteMode(AnswerWriter* answer) {
  answer->Key("StreamModeDetails");
  answer->BeginMap();
  answer->Text("StreamMode", "PROVISIONED");
  answer->EndMap();
}

/// How many shards stand before those that are listed after one of that id (empty: none).
size_t ShardsUpTo(const ServedStream& stream, const std::string& after) {
  size_t count = 0;
  while (count < stream.shards().size() &&
         (!after.empty() && ShardIdText(stream.shards()[count].shard) <= after)) {
    ++count;
  }
  return count;
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
  const auto begin = std::ranges::upper_bound(streams_, after, {},
                                              [](const auto& stream) { return stream->name(); });
  const auto left = static_cast<int64_t>(streams_.end() - begin);
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
  answer->Text("EncryptionType", "NONE");
}

KinesisService::Outcome KinesisService::DescribeStream(WireValue request, AnswerWriter* answer) {
  Violations violations;
  MemberReader members(request, &violations);
  const int64_t limit =
      members.Integer("Limit", {.min = 1, .max = kPageMax}).value_or(kShardsPageDefault);
  const std::string after = members.Text("ExclusiveStartShardId", kShardIdRule).value_or("");
  ServedStream* stream = nullptr;
  if (auto wrong = FindStream(&members, violations, &stream)) return wrong;
  const size_t begin = ShardsUpTo(*stream, after);
  const size_t end = std::min(stream->shards().size(), begin + static_cast<size_t>(limit));
  answer->BeginMap();
  answer->Key("StreamDescription");
  answer->BeginMap();
  WriteCommonDescription(*stream, answer);
  answer->Key("Shards");
  answer->BeginList();
  for (size_t i = begin; i < end; ++i)
    WriteShard(stream->shards()[i], answer);
  answer->EndList();
  answer->Bool("HasMoreShards", end < stream->shards().size());
  answer->EndMap();
  answer->EndMap();
  return std::nullopt;
}

KinesisService::Outcome KinesisService::DescribeStreamSummary(WireValue request,
                                                              AnswerWriter* answer) {
  Violations violations;
  MemberReader members(request, &violations);
  ServedStream* stream = nullptr;
  if (auto wrong = FindStream(&members, violations, &stream)) return wrong;
  answer->BeginMap();
  answer->Key("StreamDescriptionSummary");
  answer->BeginMap();
  WriteCommonDescription(*stream, answer);
  answer->Integer("OpenShardCount", static_cast<int64_t>(stream->shards().size()));
  answer->Integer("ConsumerCount", 0);
  answer->EndMap();
  answer->EndMap();
  return std::nullopt;
}

/// What a page of ListShards shows.
struct KinesisService::ShardPage {
  ServedStream* stream = nullptr;
  std::string after;
};

KinesisService::Outcome KinesisService::ReadFirstPage(MemberReader* members, Violations* violations,
                                                      ShardPage* page) {
  page->after = members->Text("ExclusiveStartShardId", kShardIdRule).value_or("");
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
    page->after = *after;
  }
  if ((type == "AT_TIMESTAMP" || type == "FROM_TIMESTAMP") && !time) {
    return InvalidArgument("ShardFilter " + *type + " needs a Timestamp.");
  }
  // All shards are open, as long as the stream is: every other filter leaves all of them.
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
  page->after = opened->after;
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
  const std::vector<stream::ShardRange>& shards = page.stream->shards();
  const size_t begin = ShardsUpTo(*page.stream, page.after);
  const size_t end = std::min(shards.size(), begin + static_cast<size_t>(limit));
  answer->BeginMap();
  answer->Key("Shards");
  answer->BeginList();
  for (size_t i = begin; i < end; ++i)
    WriteShard(shards[i], answer);
  answer->EndList();
  if (end < shards.size()) {
    const ListToken next{.stream_salt = page.stream->salt(),
                         .after = ShardIdText(shards[end - 1].shard),
                         .issued_micros = clock_.WallMicros()};
    answer->Text("NextToken", next.ToToken(signer_));
  }
  answer->EndMap();
  return std::nullopt;
}

KinesisService::Outcome KinesisService::DescribeLimits(WireValue, AnswerWriter* answer) {
  int64_t shards = 0;
  for (const auto& stream : streams_)
    shards += static_cast<int64_t>(stream->shards().size());
  answer->BeginMap();
  answer->Integer("ShardLimit", kShardsOfStreamMax * static_cast<int64_t>(streams_.size()));
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
  ServedStream* stream = nullptr;
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
  ServedStream* stream = nullptr;
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
  ServedStream* stream = nullptr;
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
