/// What would make, change or delete streams: they are the tables' and follow the configuration.

#include "serve/aws/kinesis/kinesis_service.h"

namespace tapelake::serve {
namespace {

constexpr int64_t kRetentionHoursMax = 8'760;

AwsError Declared(const ServedStream& stream, std::string_view remedy) {
  return InvalidArgument("Stream " + stream.name() +
                         " is declared in Tapelake's configuration and cannot be changed here; " +
                         std::string(remedy));
}

}  // namespace

KinesisService::Outcome KinesisService::RefuseDeclared(WireValue request, std::string_view remedy) {
  Violations violations;
  MemberReader members(request, &violations);
  ServedStream* stream = nullptr;
  if (auto wrong = FindStream(&members, violations, &stream)) return wrong;
  return Declared(*stream, remedy);
}

KinesisService::Outcome KinesisService::CreateStream(WireValue request, AnswerWriter*) {
  Violations violations;
  MemberReader members(request, &violations);
  MemberReader::TextRule rule = kStreamNameRule;
  rule.need = MemberReader::Need::kRequired;
  const auto name = members.Text("StreamName", rule);
  if (auto wrong = violations.error()) return wrong;
  for (const auto& stream : streams_) {
    if (stream->name() != *name) continue;
    return AwsError{
        .type = "ResourceInUseException",
        .message = "Stream " + *name + " under account " + options_.account + " already exists."};
  }
  return InvalidArgument(
      "Streams cannot be made here: each belongs to a table. Declare a table in Tapelake's "
      "configuration with 'source: {kind: stream}'; its stream has its name, database.name.");
}

KinesisService::Outcome KinesisService::DeleteStream(WireValue request, AnswerWriter*) {
  return RefuseDeclared(request, "take its table out of the configuration to end it.");
}

KinesisService::Outcome KinesisService::ChangeEncryption(WireValue request, AnswerWriter*) {
  return RefuseDeclared(request, "its records are not encrypted (EncryptionType NONE).");
}

KinesisService::Outcome KinesisService::UpdateStreamMode(WireValue request, AnswerWriter*) {
  return RefuseDeclared(request, "its mode is PROVISIONED.");
}

KinesisService::Outcome KinesisService::ChangeRetention(WireValue request, bool increase) {
  Violations violations;
  MemberReader members(request, &violations);
  const auto hours =
      members.Integer("RetentionPeriodHours",
                      {.need = MemberReader::Need::kRequired, .min = 1, .max = kRetentionHoursMax});
  ServedStream* stream = nullptr;
  if (auto wrong = FindStream(&members, violations, &stream)) return wrong;
  const int64_t now_hours = stream->retention_hours();
  if (*hours == now_hours) return std::nullopt;
  if ((*hours > now_hours) != increase) {
    return InvalidArgument("Requested retention period (" + std::to_string(*hours) +
                           " hours) for stream " + stream->name() + " can not be " +
                           (increase ? "shorter" : "longer") + " than existing retention period (" +
                           std::to_string(now_hours) + " hours).");
  }
  return Declared(*stream, "set 'stream.retention' (now " + std::to_string(now_hours) +
                               " hours) and start Tapelake again.");
}

KinesisService::Outcome KinesisService::IncreaseRetention(WireValue request, AnswerWriter*) {
  return ChangeRetention(request, true);
}

KinesisService::Outcome KinesisService::DecreaseRetention(WireValue request, AnswerWriter*) {
  return ChangeRetention(request, false);
}

}  // namespace tapelake::serve
