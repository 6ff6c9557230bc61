#include "serve/aws/firehose/firehose_service.h"

#include <algorithm>
#include <utility>

namespace tapelake::serve {
namespace {

std::string Declared(const DeliveryStream& stream) {
  return "Firehose " + stream.name + " is the stream of a table, declared in Tapelake's " +
         "configuration, and cannot be ";
}

}  // namespace

FirehoseService::FirehoseService(FirehoseOptions options, std::vector<DeliveryStream> streams)
    : options_(std::move(options)), streams_(std::move(streams)) {
  std::erase_if(streams_, [](const DeliveryStream& stream) {
    return stream.name.size() > kDeliveryStreamNameCharactersMax;
  });
  std::ranges::sort(streams_, {}, &DeliveryStream::name);
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
      {"StartDeliveryStreamEncryption", &FirehoseService::ChangeDeliveryStream},
      {"StopDeliveryStreamEncryption", &FirehoseService::ChangeDeliveryStream},
      {"TagDeliveryStream", &FirehoseService::ChangeDeliveryStream},
      {"UntagDeliveryStream", &FirehoseService::ChangeDeliveryStream},
      {"UpdateDestination", &FirehoseService::ChangeDeliveryStream},
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

FirehoseService::Outcome FirehoseService::FindStream(MemberReader* members,
                                                     const Violations& violations,
                                                     const DeliveryStream** stream) const {
  const auto name = members->Text("DeliveryStreamName", kDeliveryStreamNameRule);
  if (auto wrong = violations.error()) return wrong;
  const auto found = std::ranges::find(streams_, *name, &DeliveryStream::name);
  if (found == streams_.end()) {
    return ResourceNotFound("Firehose " + *name + " under account " + options_.account +
                            " not found.");
  }
  *stream = &*found;
  return std::nullopt;
}

FirehoseService::Outcome FirehoseService::CreateDeliveryStream(WireValue request, AnswerWriter*) {
  Violations violations;
  MemberReader members(request, &violations);
  const auto name = members.Text("DeliveryStreamName", kDeliveryStreamNameRule);
  if (auto wrong = violations.error()) return wrong;
  if (std::ranges::find(streams_, *name, &DeliveryStream::name) != streams_.end()) {
    return AwsError{
        .type = "ResourceInUseException",
        .message = "Firehose " + *name + " under account " + options_.account + " already exists."};
  }
  return InvalidArgument(
      "Delivery streams cannot be made here: each is the stream of a table. Declare a table in "
      "Tapelake's configuration with 'source: {kind: stream}'; its delivery stream has its name, "
      "database.name.");
}

FirehoseService::Outcome FirehoseService::DeleteDeliveryStream(WireValue request, AnswerWriter*) {
  Violations violations;
  MemberReader members(request, &violations);
  const DeliveryStream* stream = nullptr;
  if (auto wrong = FindStream(&members, violations, &stream)) return wrong;
  // The operation's own errors are two, and this one is there.
  return AwsError{.type = "ResourceInUseException",
                  .message = Declared(*stream) +
                             "deleted here; take its table out of the configuration to end it."};
}

FirehoseService::Outcome FirehoseService::ChangeDeliveryStream(WireValue request, AnswerWriter*) {
  Violations violations;
  MemberReader members(request, &violations);
  const DeliveryStream* stream = nullptr;
  if (auto wrong = FindStream(&members, violations, &stream)) return wrong;
  return InvalidArgument(Declared(*stream) +
                         "changed here; section 'delivery' of the configuration says how its raw "
                         "objects are made. It has no tags, and its records are not encrypted.");
}

}  // namespace tapelake::serve
