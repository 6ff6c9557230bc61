/// StartDeliveryStreamEncryption and StopDeliveryStreamEncryption: done, durably, when they are
/// answered, for records that are put from then on and wait to be delivered.

#include "security/stream_key.h"
#include "serve/aws/firehose/firehose_service.h"
#include "stream/stream.h"

namespace tapelake::serve {
namespace {

using Need = MemberReader::Need;

constexpr std::string_view kOwnedKey = "AWS_OWNED_CMK";
constexpr std::string_view kCustomerKey = "CUSTOMER_MANAGED_CMK";
constexpr size_t kArnCharactersMax = 512;

}  // namespace

FirehoseService::Outcome FirehoseService::ReadEncryption(MemberReader* members,
                                                         Violations* violations,
                                                         std::string* key_id) {
  *key_id = security::kStreamKeyAlias;
  if (!members->Has(kEncryptionInput)) return std::nullopt;
  MemberReader input(members->Map(kEncryptionInput), violations,
                     "deliveryStreamEncryptionConfigurationInput.");
  const auto type = input.Choice("KeyType", Need::kRequired, {kOwnedKey, kCustomerKey});
  const auto arn = input.Text("KeyARN", {.characters_max = kArnCharactersMax});
  if (!type || *type == kOwnedKey) {
    if (!arn) return std::nullopt;
    return InvalidArgument("KeyARN must not be given for a key of type " + std::string(kOwnedKey) +
                           ".");
  }
  return AwsError{.type = "InvalidKMSResourceException",
                  .message = "Key " + arn.value_or("") + " is not found: there is no key of type " +
                             *type + " here, but one of type " + std::string(kOwnedKey) + "."};
}

void FirehoseService::WriteEncryption(const DeliveryStream& stream, AnswerWriter* answer) {
  answer->Key("DeliveryStreamEncryptionConfiguration");
  answer->BeginMap();
  if (IsEncrypted(stream)) answer->Text("KeyType", kOwnedKey);
  answer->Text("Status", IsEncrypted(stream) ? "ENABLED" : "DISABLED");
  answer->EndMap();
}

bool FirehoseService::IsEncrypted(const DeliveryStream& stream) {
  return stream.log != nullptr && !stream.log->encryption_key().empty();
}

FirehoseService::Outcome FirehoseService::SetEncryption(const DeliveryStream& stream,
                                                        const std::string& key_id) {
  if (stream.log == nullptr) {
    return InvalidArgument("Firehose " + stream.name + " keeps no records of its own: those of " +
                           stream.source + " are encrypted or not as that stream is.");
  }
  const Status changed = stream.log->SetEncryption(key_id);
  if (changed.ok()) return std::nullopt;
  return InternalFailure(changed.message());
}

FirehoseService::Outcome FirehoseService::StartEncryption(WireValue request, AnswerWriter* answer) {
  Violations violations;
  MemberReader members(request, &violations);
  std::string key_id;
  const auto bad_key = ReadEncryption(&members, &violations, &key_id);
  StreamPtr stream;
  if (auto wrong = FindStream(&members, violations, &stream)) return wrong;
  if (bad_key) return bad_key;
  if (auto wrong = SetEncryption(*stream, key_id)) return wrong;
  answer->BeginMap();
  answer->EndMap();
  return std::nullopt;
}

FirehoseService::Outcome FirehoseService::StopEncryption(WireValue request, AnswerWriter* answer) {
  Violations violations;
  MemberReader members(request, &violations);
  StreamPtr stream;
  if (auto wrong = FindStream(&members, violations, &stream)) return wrong;
  if (auto wrong = SetEncryption(*stream, "")) return wrong;
  answer->BeginMap();
  answer->EndMap();
  return std::nullopt;
}

}  // namespace tapelake::serve
