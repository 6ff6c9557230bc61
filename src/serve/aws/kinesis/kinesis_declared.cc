/// What would change streams in ways that only the configuration has.

#include "serve/aws/kinesis/kinesis_service.h"

namespace tapelake::serve {
namespace {

constexpr int64_t kRetentionHoursMax = 8'760;

AwsError Declared(const ServedStream& stream, std::string_view remedy) {
  return InvalidArgument("This of stream " + stream.name() +
                         " follows Tapelake's configuration and cannot be changed here; " +
                         std::string(remedy));
}

}  // namespace

KinesisService::Outcome KinesisService::RefuseDeclared(WireValue request, std::string_view remedy) {
  Violations violations;
  MemberReader members(request, &violations);
  StreamPtr stream;
  if (auto wrong = FindStream(&members, violations, &stream)) return wrong;
  return Declared(*stream, remedy);
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
  StreamPtr stream;
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
