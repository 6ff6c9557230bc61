/// StartStreamEncryption and StopStreamEncryption: done, durably, when they are answered, for
/// records that are put from then on. And what no stream here can be: of another mode than
/// PROVISIONED.

#include "security/stream_key.h"
#include "serve/aws/kinesis/kinesis_service.h"

namespace tapelake::serve {
namespace {

constexpr MemberReader::TextRule kKeyIdRule = {.need = MemberReader::Need::kRequired,
                                               .characters_max = 2'048};

}  // namespace

KinesisService::Outcome KinesisService::ReadEncryption(WireValue request, StreamPtr* stream) {
  Violations violations;
  MemberReader members(request, &violations);
  const auto type =
      members.Choice("EncryptionType", MemberReader::Need::kRequired, {kNotEncrypted, kEncrypted});
  const auto key = members.Text("KeyId", kKeyIdRule);
  if (auto wrong = FindStream(&members, violations, stream)) return wrong;
  if (*type != kEncrypted) return InvalidArgument("EncryptionType must be KMS, not " + *type + ".");
  const std::string alias(security::kStreamKeyAlias);
  const std::string arn = "arn:aws:kms:" + options_.region + ":" + options_.account + ":" + alias;
  if (*key == alias || *key == arn) return std::nullopt;
  return AwsError{.type = "KMSNotFoundException",
                  .message = "Key " + *key + " is not found: the one key of this door is " + alias +
                             " (" + arn + ")."};
}

KinesisService::Outcome KinesisService::SetEncryption(ServedStream& stream,
                                                      const std::string& key_id) {
  const Status changed = stream.log().SetEncryption(key_id);
  if (changed.ok()) return std::nullopt;
  return ErrorOf(changed);
}

KinesisService::Outcome KinesisService::StartEncryption(WireValue request, AnswerWriter*) {
  StreamPtr stream;
  if (auto wrong = ReadEncryption(request, &stream)) return wrong;
  return SetEncryption(*stream, std::string(security::kStreamKeyAlias));
}

KinesisService::Outcome KinesisService::StopEncryption(WireValue request, AnswerWriter*) {
  StreamPtr stream;
  if (auto wrong = ReadEncryption(request, &stream)) return wrong;
  return SetEncryption(*stream, "");
}

KinesisService::Outcome KinesisService::UpdateStreamMode(WireValue request, AnswerWriter*) {
  Violations violations;
  MemberReader members(request, &violations);
  StreamPtr stream;
  if (auto wrong = FindStream(&members, violations, &stream)) return wrong;
  return InvalidArgument("The mode of stream " + stream->name() +
                         " cannot be changed: every stream here is PROVISIONED.");
}

}  // namespace tapelake::serve
