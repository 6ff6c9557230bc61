/// CreateDeliveryStream, UpdateDestination and DeleteDeliveryStream: done, durably, when they are
/// answered. So a stream is never CREATING or DELETING.

#include <utility>

#include "serve/aws/firehose/destination_reader.h"
#include "serve/aws/firehose/firehose_service.h"

namespace tapelake::serve {
namespace {

using Need = MemberReader::Need;

constexpr size_t kVersionCharactersMax = 50;
constexpr size_t kIdCharactersMax = 100;
// Firehose's own, of what a request leaves out.
constexpr int64_t kBufferBytes = int64_t{5} << 20;
constexpr int64_t kBufferMicros = int64_t{300} * 1'000'000;
constexpr char kCompression[] = "UNCOMPRESSED";

AwsError ErrorOfKeeper(const Status& status) {
  switch (KindOf(status)) {
    case ErrorKind::kInvalid:
      return InvalidArgument(status.message());
    case ErrorKind::kThrottled:
      return {.type = "LimitExceededException", .message = status.message()};
    default:
      return InternalFailure(status.message());
  }
}

/// The stream's source and what guards it on the way, as far as they can be had.
std::optional<AwsError> CheckSource(const MemberReader& members, const std::string& type) {
  if (type != kDirectPut) {
    return InvalidArgument("DeliveryStreamType " + type +
                           " cannot be had here: delivery streams are fed by DirectPut. A table of "
                           "Tapelake's configuration can take its records from Kinesis or Kafka.");
  }
  for (const char* name : {"KinesisStreamSourceConfiguration", "MSKSourceConfiguration",
                           "DatabaseSourceConfiguration"}) {
    if (members.Has(name)) {
      return InvalidArgument(std::string(name) + " says nothing of a stream of type DirectPut.");
    }
  }
  if (members.Has("DeliveryStreamEncryptionConfigurationInput")) {
    return InvalidArgument("DeliveryStreamEncryptionConfigurationInput cannot be had here: records "
                           "are not encrypted.");
  }
  return std::nullopt;
}

}  // namespace

FirehoseService::Outcome FirehoseService::CreateDeliveryStream(WireValue request,
                                                               AnswerWriter* answer) {
  Violations violations;
  MemberReader members(request, &violations);
  DeliveryStream wanted{.buffer_bytes = kBufferBytes, .buffer_micros = kBufferMicros};
  wanted.objects.compression = kCompression;
  const std::string type =
      members.Choice("DeliveryStreamType", Need::kOptional, kDeliveryStreamTypes)
          .value_or(std::string(kDirectPut));
  DestinationReader destination(DestinationReader::Request::kCreate, &violations, &wanted);
  destination.Read(request);
  std::optional<AwsError> bad_tags;
  if (members.Has("Tags")) bad_tags = ReadTags(&members, &violations, &wanted.tags);
  const auto name = members.Text("DeliveryStreamName", kDeliveryStreamNameRule);
  if (auto wrong = violations.error()) return wrong;
  const AwsError in_use{
      .type = "ResourceInUseException",
      .message = "Firehose " + *name + " under account " + options_.account + " already exists."};
  const std::scoped_lock lock(changing_);
  if (Find(*name) != nullptr) return in_use;
  if (auto wrong = CheckSource(members, type)) return wrong;
  if (destination.refusal()) return destination.refusal();
  if (bad_tags) return bad_tags;
  if (options_.keeper == nullptr) return InvalidArgument("Delivery streams cannot be made here.");
  wanted.name = *name;
  auto made = options_.keeper->Make(std::move(wanted));
  if (!made.ok()) {
    return KindOf(made.status()) == ErrorKind::kAlreadyExists ? in_use
                                                              : ErrorOfKeeper(made.status());
  }
  Keep(std::move(*made));
  answer->BeginMap();
  answer->Text("DeliveryStreamARN", ArnOf(*name));
  answer->EndMap();
  return std::nullopt;
}

FirehoseService::Outcome FirehoseService::UpdateDestination(WireValue request,
                                                            AnswerWriter* answer) {
  Violations violations;
  MemberReader members(request, &violations);
  const auto version = members.Text("CurrentDeliveryStreamVersionId",
                                    {.need = Need::kRequired,
                                     .characters_max = kVersionCharactersMax,
                                     .alphabet = "0123456789",
                                     .pattern = "[0-9]+"});
  const auto id = members.Text("DestinationId",
                               {.need = Need::kRequired, .characters_max = kIdCharactersMax});
  const auto name = members.Text("DeliveryStreamName", kDeliveryStreamNameRule);
  const std::scoped_lock lock(changing_);
  const StreamPtr stream = name ? Find(*name) : nullptr;
  DeliveryStream wanted = stream == nullptr ? DeliveryStream() : *stream;
  DestinationReader destination(DestinationReader::Request::kUpdate, &violations, &wanted);
  destination.Read(request);
  if (auto wrong = violations.error()) return wrong;
  if (stream == nullptr) return NotFound(*name);
  if (stream->keeper == nullptr) return DeclaredDeliveryStream(*stream);
  const std::string current = std::to_string(stream->version);
  if (*version != current) {
    return AwsError{.type = "ConcurrentModificationException",
                    .message = "Cannot update firehose: " + *name +
                               " since the current version id: " + current +
                               " and specified version id: " + *version + " do not match"};
  }
  if (*id != kDestinationId) return InvalidArgument("Destination Id " + *id + " not found");
  if (destination.refusal()) return destination.refusal();
  ++wanted.version;
  if (auto wrong = Change(std::move(wanted))) return wrong;
  answer->BeginMap();
  answer->EndMap();
  return std::nullopt;
}

FirehoseService::Outcome FirehoseService::Change(DeliveryStream wanted) {
  auto changed = options_.keeper->Change(std::move(wanted));
  if (changed.ok()) {
    Keep(std::move(*changed));
    return std::nullopt;
  }
  // Somebody deletes it at the same time.
  if (KindOf(changed.status()) == ErrorKind::kNotFound) {
    return ResourceNotFound(changed.status().message());
  }
  return ErrorOfKeeper(changed.status());
}

/// Not under changing_: it may take as long as delivery does.
FirehoseService::Outcome FirehoseService::DeleteDeliveryStream(WireValue request,
                                                               AnswerWriter* answer) {
  Violations violations;
  MemberReader members(request, &violations);
  const bool force = members.Flag("AllowForceDelete");
  StreamPtr stream;
  if (auto wrong = FindStream(&members, violations, &stream)) return wrong;
  // The operation's own errors are two, and this one is there.
  const auto in_use = [](std::string message) {
    return AwsError{.type = "ResourceInUseException", .message = std::move(message)};
  };
  if (stream->keeper == nullptr) {
    return in_use("Firehose " + stream->name +
                  " is the stream of a table, declared in Tapelake's configuration; take its table "
                  "out of the configuration to end it.");
  }
  const Status deleted = options_.keeper->Delete(stream->name, force);
  if (!deleted.ok()) {
    if (KindOf(deleted) == ErrorKind::kNotFound) return NotFound(stream->name);
    return in_use("Firehose " + stream->name + " still has records to deliver: " +
                  deleted.message() + " AllowForceDelete gives them up.");
  }
  const std::scoped_lock lock(changing_, mutex_);
  std::erase_if(streams_, [&](const auto& it) { return it->keeper == stream->keeper; });
  answer->BeginMap();
  answer->EndMap();
  return std::nullopt;
}

}  // namespace tapelake::serve
