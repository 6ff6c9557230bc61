#include "serve/aws/kinesis/kinesis_service.h"

#include <algorithm>
#include <utility>

namespace tapelake::serve {

Result<std::unique_ptr<KinesisService>> KinesisService::Open(
    io::FileSystem& files, io::Clock& clock, security::TokenSigner signer, KinesisOptions options,
    const std::vector<KinesisStream>& streams) {
  std::unique_ptr<KinesisService> service(
      new KinesisService(files, clock, std::move(signer), std::move(options)));
  for (const KinesisStream& stream : streams) {
    TAPELAKE_ASSIGN_OR_RAISE(auto served, ServedStream::Open(files, stream));
    service->Keep(std::move(served));
  }
  return service;
}

std::vector<KinesisService::StreamPtr> KinesisService::Streams() const {
  const std::scoped_lock lock(mutex_);
  return streams_;
}

void KinesisService::Keep(StreamPtr stream) {
  const std::scoped_lock lock(mutex_);
  streams_.push_back(std::move(stream));
  std::ranges::sort(streams_, {}, [](const auto& it) { return it->name(); });
}

const std::vector<KinesisService::Operation>& KinesisService::Operations() {
  static const std::vector<Operation> operations = {
      {"CreateStream", &KinesisService::CreateStream},
      {"DecreaseStreamRetentionPeriod", &KinesisService::DecreaseRetention},
      {"DeleteStream", &KinesisService::DeleteStream},
      {"DescribeLimits", &KinesisService::DescribeLimits},
      {"DescribeStream", &KinesisService::DescribeStream},
      {"DescribeStreamSummary", &KinesisService::DescribeStreamSummary},
      {"GetRecords", &KinesisService::GetRecords},
      {"GetShardIterator", &KinesisService::GetShardIterator},
      {"IncreaseStreamRetentionPeriod", &KinesisService::IncreaseRetention},
      {"ListShards", &KinesisService::ListShards},
      {"ListStreamConsumers", &KinesisService::ListStreamConsumers},
      {"ListStreams", &KinesisService::ListStreams},
      {"ListTagsForResource", &KinesisService::ListTagsForResource},
      {"ListTagsForStream", &KinesisService::ListTagsForStream},
      {"MergeShards", &KinesisService::MergeShards},
      {"PutRecord", &KinesisService::PutRecord},
      {"PutRecords", &KinesisService::PutRecords},
      {"SplitShard", &KinesisService::SplitShard},
      {"StartStreamEncryption", &KinesisService::StartEncryption},
      {"StopStreamEncryption", &KinesisService::StopEncryption},
      {"UpdateShardCount", &KinesisService::UpdateShardCount},
      {"UpdateStreamMode", &KinesisService::UpdateStreamMode},
  };
  return operations;
}

bool KinesisService::Knows(std::string_view operation) {
  return std::ranges::find(Operations(), operation, &Operation::name) != Operations().end();
}

std::optional<AwsError> KinesisService::Serve(std::string_view operation, WireValue request,
                                              AnswerWriter* answer) {
  const auto found = std::ranges::find(Operations(), operation, &Operation::name);
  if (found == Operations().end()) return UnknownOperation(operation);
  return (this->*found->handler)(request, answer);
}

std::string KinesisService::ArnOf(std::string_view name) const {
  return "arn:aws:kinesis:" + options_.region + ":" + options_.account + ":stream/" +
         std::string(name);
}

AwsError KinesisService::StreamNotFound(std::string_view name) const {
  return ResourceNotFound("Stream " + std::string(name) + " under account " + options_.account +
                          " not found.");
}

AwsError KinesisService::ShardNotFound(std::string_view shard_id,
                                       const ServedStream& stream) const {
  return ResourceNotFound("Shard " + std::string(shard_id) + " in stream " + stream.name() +
                          " under account " + options_.account + " does not exist");
}

KinesisService::StreamPtr KinesisService::StreamOfSalt(uint64_t salt) const {
  const std::scoped_lock lock(mutex_);
  const auto found = std::ranges::find(streams_, salt, [](const auto& it) { return it->salt(); });
  return found == streams_.end() ? nullptr : *found;
}

KinesisService::Outcome KinesisService::FindStream(MemberReader* members,
                                                   const Violations& violations,
                                                   StreamPtr* stream) {
  const auto arn = members->Text("StreamARN", kStreamArnRule);
  MemberReader::TextRule name_rule = kStreamNameRule;
  if (!arn) name_rule.need = MemberReader::Need::kRequired;
  const auto name = members->Text("StreamName", name_rule);
  if (auto wrong = violations.error()) return wrong;
  return FindNamed(arn, name, stream);
}

KinesisService::Outcome KinesisService::FindNamed(const std::optional<std::string>& arn,
                                                  const std::optional<std::string>& name,
                                                  StreamPtr* stream) {
  const std::string prefix = ArnOf("");
  if (arn && !arn->starts_with(prefix)) {
    return ResourceNotFound("There is no stream " + *arn + " here: the streams of this door are " +
                            prefix + "NAME.");
  }
  const std::string wanted = arn ? arn->substr(prefix.size()) : *name;
  if (name && *name != wanted) {
    return InvalidArgument("StreamARN " + *arn + " and StreamName " + *name +
                           " are two different streams.");
  }
  const std::scoped_lock lock(mutex_);
  const auto found = std::ranges::find(streams_, wanted, [](const auto& it) { return it->name(); });
  if (found == streams_.end()) return StreamNotFound(wanted);
  *stream = *found;
  return std::nullopt;
}

AwsError DryRunDone() {
  return {.type = "DryRunOperationException",
          .message = "The request would have succeeded; nothing was done, as DryRun says."};
}

AwsError ErrorOf(const Status& status) {
  switch (KindOf(status)) {
    case ErrorKind::kInvalid:
      return InvalidArgument(status.message());
    case ErrorKind::kThrottled:
      return {.type = "ProvisionedThroughputExceededException", .message = status.message()};
    case ErrorKind::kShuttingDown:
      return ServiceUnavailable(status.message());
    default:
      return InternalFailure(status.message());
  }
}

}  // namespace tapelake::serve
