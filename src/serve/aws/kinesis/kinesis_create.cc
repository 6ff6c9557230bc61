/// CreateStream and DeleteStream: done, durably, when they are answered.

#include "serve/aws/kinesis/kinesis_service.h"

namespace tapelake::serve {
namespace {

constexpr int64_t kShardCountMax = 1'000'000;  // that the model allows

}  // namespace

KinesisService::Outcome KinesisService::CreateStream(WireValue request, AnswerWriter*) {
  Violations violations;
  MemberReader members(request, &violations);
  MemberReader::TextRule rule = kStreamNameRule;
  rule.need = MemberReader::Need::kRequired;
  const auto name = members.Text("StreamName", rule);
  const auto count = members.Integer("ShardCount", {.min = 1, .max = kShardCountMax});
  MemberReader details(members.Map("StreamModeDetails"), &violations, "streamModeDetails.");
  const auto mode =
      details.Choice("StreamMode", MemberReader::Need::kOptional, {"PROVISIONED", "ON_DEMAND"});
  if (auto wrong = violations.error()) return wrong;
  const auto in_use = [this, &name] {
    return AwsError{
        .type = "ResourceInUseException",
        .message = "Stream " + *name + " under account " + options_.account + " already exists."};
  };
  for (const StreamPtr& stream : Streams()) {
    if (stream->name() == *name) return in_use();
  }
  if (mode == "ON_DEMAND") {
    return InvalidArgument("Streams are PROVISIONED here; give a ShardCount instead of ON_DEMAND.");
  }
  if (!count) return InvalidArgument("ShardCount must be given for a stream that is PROVISIONED.");
  const AwsError too_many{
      .type = "LimitExceededException",
      .message = "A stream has at most " + std::to_string(stream::ShardMap::kOpenMax) + " shards."};
  if (*count > static_cast<int64_t>(stream::ShardMap::kOpenMax)) return too_many;
  if (options_.keeper == nullptr) return InvalidArgument("Streams cannot be made here.");
  const auto made = options_.keeper->Make(*name, static_cast<int>(*count));
  if (!made.ok()) {
    switch (KindOf(made.status())) {
      case ErrorKind::kAlreadyExists:
        return in_use();
      case ErrorKind::kThrottled:
        return AwsError{.type = "LimitExceededException", .message = made.status().message()};
      default:
        return ErrorOf(made.status());
    }
  }
  auto served = ServedStream::Open(files_, *made);
  if (!served.ok()) return ErrorOf(served.status());
  Keep(std::move(*served));
  return std::nullopt;
}

KinesisService::Outcome KinesisService::DeleteStream(WireValue request, AnswerWriter*) {
  Violations violations;
  MemberReader members(request, &violations);
  members.Flag("EnforceConsumerDeletion");  // there are no consumers
  StreamPtr stream;
  if (auto wrong = FindStream(&members, violations, &stream)) return wrong;
  if (!stream->is_made()) {
    return InvalidArgument("Stream " + stream->name() +
                           " is declared in Tapelake's configuration; take its table out of it to "
                           "end the stream.");
  }
  const Status deleted = options_.keeper->Delete(stream->name());
  if (!deleted.ok() && KindOf(deleted) == ErrorKind::kConflict) {
    return AwsError{.type = "ResourceInUseException", .message = deleted.message()};
  }
  {
    const std::scoped_lock lock(mutex_);
    std::erase(streams_, stream);
  }
  if (deleted.ok() || KindOf(deleted) == ErrorKind::kNotFound) return std::nullopt;
  return ErrorOf(deleted);
}

}  // namespace tapelake::serve
