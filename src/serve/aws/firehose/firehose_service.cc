#include "serve/aws/firehose/firehose_service.h"

#include <algorithm>
#include <utility>

namespace tapelake::serve {

FirehoseService::FirehoseService(FirehoseOptions options, std::vector<DeliveryStream> streams)
    : options_(std::move(options)) {
  for (DeliveryStream& stream : streams) {
    if (stream.name.size() <= kDeliveryStreamNameCharactersMax) Keep(std::move(stream));
  }
}

const std::vector<FirehoseService::Operation>& FirehoseService::Operations() {
  static const std::vector<Operation> operations = {
      {"CreateDeliveryStream", &FirehoseService::CreateDeliveryStream},
      {"DeleteDeliveryStream", &FirehoseService::DeleteDeliveryStream},
      {"DescribeDeliveryStream", &FirehoseService::DescribeDeliveryStream},
      {"ListDeliveryStreams", &FirehoseService::ListDeliveryStreams},
      {"ListTagsForDeliveryStream", &FirehoseService::ListTags},
      {"PutRecord", &FirehoseService::PutRecord},
      {"PutRecordBatch", &FirehoseService::PutRecordBatch},
      {"StartDeliveryStreamEncryption", &FirehoseService::StartEncryption},
      {"StopDeliveryStreamEncryption", &FirehoseService::StopEncryption},
      {"TagDeliveryStream", &FirehoseService::TagDeliveryStream},
      {"UntagDeliveryStream", &FirehoseService::UntagDeliveryStream},
      {"UpdateDestination", &FirehoseService::UpdateDestination},
  };
  return operations;
}

bool FirehoseService::Knows(std::string_view operation) {
  return std::ranges::find(Operations(), operation, &Operation::name) != Operations().end();
}

std::optional<AwsError> FirehoseService::Serve(std::string_view operation, WireValue request,
                                               AnswerWriter* answer) {
  const auto found = std::ranges::find(Operations(), operation, &Operation::name);
  if (found == Operations().end()) return UnknownOperation(operation);
  return (this->*found->handler)(request, answer);
}

std::string FirehoseService::ArnOf(std::string_view name) const {
  return "arn:aws:firehose:" + options_.region + ":" + options_.account + ":deliverystream/" +
         std::string(name);
}

std::string FirehoseService::KinesisArnOf(std::string_view name) const {
  return "arn:aws:kinesis:" + options_.region + ":" + options_.account + ":stream/" +
         std::string(name);
}

std::vector<FirehoseService::StreamPtr> FirehoseService::Streams() const {
  const std::scoped_lock lock(mutex_);
  return streams_;
}

FirehoseService::StreamPtr FirehoseService::Find(std::string_view name) const {
  const std::scoped_lock lock(mutex_);
  const auto found = std::ranges::find(streams_, name, [](const auto& it) { return it->name; });
  return found == streams_.end() ? nullptr : *found;
}

void FirehoseService::Keep(DeliveryStream stream) {
  const std::scoped_lock lock(mutex_);
  std::erase_if(streams_, [&](const auto& it) { return it->name == stream.name; });
  streams_.push_back(std::make_shared<const DeliveryStream>(std::move(stream)));
  std::ranges::sort(streams_, {}, [](const auto& it) { return it->name; });
}

AwsError FirehoseService::NotFound(std::string_view name) const {
  return ResourceNotFound("Firehose " + std::string(name) + " under account " + options_.account +
                          " not found.");
}

FirehoseService::Outcome FirehoseService::FindStream(MemberReader* members,
                                                     const Violations& violations,
                                                     StreamPtr* stream) const {
  const auto name = members->Text("DeliveryStreamName", kDeliveryStreamNameRule);
  if (auto wrong = violations.error()) return wrong;
  *stream = Find(*name);
  if (*stream == nullptr) return NotFound(*name);
  return std::nullopt;
}

FirehoseService::Outcome FirehoseService::FindTaker(MemberReader* members,
                                                    const Violations& violations,
                                                    StreamPtr* stream) const {
  if (auto wrong = FindStream(members, violations, stream)) return wrong;
  if ((*stream)->writer != nullptr) return std::nullopt;
  return AwsError{.type = "InvalidSourceException",
                  .message = "This operation is not permitted on " + std::string(kKinesisAsSource) +
                             " delivery stream type."};
}

AwsError DeclaredDeliveryStream(const DeliveryStream& stream) {
  return InvalidArgument("Firehose " + stream.name +
                         " is the stream of a table, declared in Tapelake's configuration, and "
                         "cannot be changed here; section 'delivery' of the configuration says how "
                         "its raw objects are made. It has no tags.");
}

}  // namespace tapelake::serve
