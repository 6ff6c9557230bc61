/// SplitShard, MergeShards and UpdateShardCount: done, durably, when they are answered. So a stream
/// is never UPDATING.

#include <algorithm>

#include "serve/aws/kinesis/kinesis_service.h"
#include "serve/aws/kinesis/sequence_number.h"

namespace tapelake::serve {
namespace {

constexpr size_t kHashKeyDigitsMax = 39;
constexpr int64_t kShardCountMax = 1'000'000;  // that the model allows

constexpr MemberReader::TextRule kRequiredShard = {.need = MemberReader::Need::kRequired,
                                                   .characters_max = kShardIdRule.characters_max,
                                                   .alphabet = kShardIdRule.alphabet,
                                                   .pattern = kShardIdRule.pattern};
constexpr MemberReader::TextRule kNewStartRule = {.need = MemberReader::Need::kRequired,
                                                  .characters_max = kHashKeyDigitsMax,
                                                  .alphabet = "0123456789",
                                                  .pattern = R"(0|([1-9]\d{0,38}))"};

AwsError LimitExceeded(std::string message) {
  return {.type = "LimitExceededException", .message = std::move(message)};
}

AwsError NotAdjacent(const std::string& left, const std::string& right,
                     const ServedStream& stream) {
  return InvalidArgument("Shards " + left + " and " + right + " in stream " + stream.name() +
                         " are not an adjacent pair of shards eligible for merging.");
}

AwsError ClosedBefore(const std::string& shard_id, const ServedStream& stream) {
  return InvalidArgument("Shard " + shard_id + " in stream " + stream.name() +
                         " has already been merged or split, and thus is not eligible for merging "
                         "or splitting.");
}

}  // namespace

KinesisService::Outcome KinesisService::FindShard(const ServedStream& stream,
                                                  const std::string& shard_id,
                                                  uint32_t* shard) const {
  const auto parsed = ParseShardId(shard_id);
  const auto shards = stream.shards();
  if (!parsed || *parsed >= shards->shards().size()) {
    return ResourceNotFound("Could not find shard " + shard_id + " in stream " + stream.name() +
                            " under account " + options_.account + ".");
  }
  if (!shards->shards()[*parsed].is_open()) return ClosedBefore(shard_id, stream);
  *shard = *parsed;
  return std::nullopt;
}

KinesisService::Outcome KinesisService::Reshard(ServedStream& stream,
                                                const stream::ShardChange& change) {
  const Status changed = stream.writer().Reshard(change);
  if (changed.ok()) return std::nullopt;
  switch (KindOf(changed)) {
    case ErrorKind::kThrottled:
      return LimitExceeded(changed.message());
    case ErrorKind::kConflict:  // somebody else was faster
      return AwsError{.type = "ResourceInUseException", .message = changed.message()};
    default:
      return ErrorOf(changed);
  }
}

KinesisService::Outcome KinesisService::SplitShard(WireValue request, AnswerWriter*) {
  Violations violations;
  MemberReader members(request, &violations);
  const std::string shard_id = members.Text("ShardToSplit", kRequiredShard).value_or("");
  const std::string start_text = members.Text("NewStartingHashKey", kNewStartRule).value_or("");
  StreamPtr stream;
  if (auto wrong = FindStream(&members, violations, &stream)) return wrong;
  uint32_t shard = 0;
  if (auto wrong = FindShard(*stream, shard_id, &shard)) return wrong;
  const auto start = stream::ParseHashKey(start_text);
  const stream::ShardRange range = stream->shards()->shards()[shard];
  const auto begin = stream::ParseHashKey(range.starting_hash_key);
  const auto end = stream::ParseHashKey(range.ending_hash_key);
  // Both children hold two hash keys at least, as Kinesis wants it.
  if (!start || *start <= *begin + 1 || *start >= *end) {
    return InvalidArgument("NewStartingHashKey " + start_text + " used in SplitShard() on shard " +
                           shard_id + " in stream " + stream->name() + " under account " +
                           options_.account +
                           " is not both greater than one plus the shard's StartingHashKey " +
                           range.starting_hash_key + " and less than the shard's EndingHashKey " +
                           range.ending_hash_key + ".");
  }
  return Reshard(*stream, [&](const stream::ShardMap& now, uint64_t next_sequence) {
    return now.Split(shard, *start, next_sequence);
  });
}

KinesisService::Outcome KinesisService::MergeShards(WireValue request, AnswerWriter*) {
  Violations violations;
  MemberReader members(request, &violations);
  const std::string left_id = members.Text("ShardToMerge", kRequiredShard).value_or("");
  const std::string right_id = members.Text("AdjacentShardToMerge", kRequiredShard).value_or("");
  StreamPtr stream;
  if (auto wrong = FindStream(&members, violations, &stream)) return wrong;
  uint32_t left = 0;
  uint32_t right = 0;
  if (auto wrong = FindShard(*stream, left_id, &left)) return wrong;
  if (auto wrong = FindShard(*stream, right_id, &right)) return wrong;
  if (!stream->shards()->Merge(left, right, 1).ok()) {
    return NotAdjacent(left_id, right_id, *stream);
  }
  return Reshard(*stream, [&](const stream::ShardMap& now, uint64_t next_sequence) {
    return now.Merge(left, right, next_sequence);
  });
}

KinesisService::Outcome KinesisService::UpdateShardCount(WireValue request, AnswerWriter* answer) {
  using Need = MemberReader::Need;
  Violations violations;
  MemberReader members(request, &violations);
  const int64_t target =
      members
          .Integer("TargetShardCount", {.need = Need::kRequired, .min = 1, .max = kShardCountMax})
          .value_or(1);
  members.Choice("ScalingType", Need::kRequired, {"UNIFORM_SCALING"});
  StreamPtr stream;
  if (auto wrong = FindStream(&members, violations, &stream)) return wrong;
  const auto current = static_cast<int64_t>(stream->shards()->open_count());
  if (target > 2 * current || 2 * target < current ||
      target > static_cast<int64_t>(stream::ShardMap::kOpenMax)) {
    return LimitExceeded("UpdateShardCount cannot scale stream " + stream->name() +
                         " to more than "
                         "double or less than half its open shards, nor to more than " +
                         std::to_string(stream::ShardMap::kOpenMax) +
                         ". Current open shard count: " + std::to_string(current) +
                         " Target shard count: " + std::to_string(target));
  }
  if (auto wrong = Reshard(*stream, [target](const stream::ShardMap& now, uint64_t next_sequence) {
        return now.Uniform(static_cast<int>(target), next_sequence);
      })) {
    return wrong;
  }
  answer->BeginMap();
  answer->Text("StreamName", stream->name());
  answer->Integer("CurrentShardCount", current);
  answer->Integer("TargetShardCount", target);
  answer->Text("StreamARN", ArnOf(stream->name()));
  answer->EndMap();
  return std::nullopt;
}

}  // namespace tapelake::serve
