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
constexpr size_t kArnCharactersMax = 512;
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

}  // namespace

/// The stream's source, and what guards records on their way, as far as they can be had. Returns
/// what cannot, which counts after all violations.
FirehoseService::Outcome FirehoseService::ReadSource(MemberReader* members, Violations* violations,
                                                     DeliveryStream* wanted) const {
  const std::string type =
      members->Choice("DeliveryStreamType", Need::kOptional, kDeliveryStreamTypes)
          .value_or(std::string(kDirectPut));
  const bool is_sourced = type == kKinesisAsSource;
  const char* const kSource = "KinesisStreamSourceConfiguration";
  MemberReader source(members->Map(kSource), violations, "kinesisStreamSourceConfiguration.");
  const bool has_source = members->Has(kSource);
  const MemberReader::TextRule arn_rule = {.need = has_source ? Need::kRequired : Need::kOptional,
                                           .characters_max = kArnCharactersMax};
  const std::string arn = source.Text("KinesisStreamARN", arn_rule).value_or("");
  wanted->source_role = source.Text("RoleARN", arn_rule).value_or("");
  if (type != kDirectPut && !is_sourced) {
    return InvalidArgument("DeliveryStreamType " + type +
                           " cannot be had here: DirectPut and KinesisStreamAsSource can.");
  }
  if (is_sourced != has_source) {
    return InvalidArgument(std::string(kSource) + " must be given for a stream of type " +
                           std::string(kKinesisAsSource) + ", and for no other.");
  }
  for (const char* name : {"MSKSourceConfiguration", "DatabaseSourceConfiguration"}) {
    if (members->Has(name)) {
      return InvalidArgument(std::string(name) + " cannot be had here: records come by DirectPut " +
                             "or from Kinesis.");
    }
  }
  if (members->Has(kEncryptionInput)) {
    if (is_sourced) {
      return InvalidArgument(std::string(kEncryptionInput) + " must not be given for a stream of " +
                             "type " + type + ": encrypt its source.");
    }
    if (auto wrong = ReadEncryption(members, violations, &wanted->encryption_key)) return wrong;
  }
  if (!is_sourced) return std::nullopt;
  const std::string prefix = KinesisArnOf("");
  if (!arn.starts_with(prefix) || arn.size() == prefix.size()) {
    return InvalidArgument("There is no stream " + arn + " here: the streams of this door are " +
                           prefix + "NAME.");
  }
  wanted->source = arn.substr(prefix.size());
  return std::nullopt;
}

FirehoseService::Outcome FirehoseService::CreateDeliveryStream(WireValue request,
                                                               AnswerWriter* answer) {
  Violations violations;
  MemberReader members(request, &violations);
  DeliveryStream wanted{.buffer_bytes = kBufferBytes, .buffer_micros = kBufferMicros};
  wanted.objects.compression = kCompression;
  const auto bad_source = ReadSource(&members, &violations, &wanted);
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
  if (bad_source) return bad_source;
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
  const auto version =
      members.Text("CurrentDeliveryStreamVersionId", {.need = Need::kRequired,
                                                      .characters_max = kVersionCharactersMax,
                                                      .alphabet = "0123456789",
                                                      .pattern = "[0-9]+"});
  const auto id =
      members.Text("DestinationId", {.need = Need::kRequired, .characters_max = kIdCharactersMax});
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
