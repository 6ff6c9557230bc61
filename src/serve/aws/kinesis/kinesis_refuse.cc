/// What no stream here can be: encrypted, or of another mode than PROVISIONED.

#include "serve/aws/kinesis/kinesis_service.h"

namespace tapelake::serve {

KinesisService::Outcome KinesisService::RefuseChange(WireValue request, std::string_view why) {
  Violations violations;
  MemberReader members(request, &violations);
  StreamPtr stream;
  if (auto wrong = FindStream(&members, violations, &stream)) return wrong;
  return InvalidArgument("Stream " + stream->name() + " cannot be changed so: " + std::string(why));
}

KinesisService::Outcome KinesisService::ChangeEncryption(WireValue request, AnswerWriter*) {
  return RefuseChange(request, "its records are not encrypted here (EncryptionType NONE).");
}

KinesisService::Outcome KinesisService::UpdateStreamMode(WireValue request, AnswerWriter*) {
  return RefuseChange(request, "every stream is PROVISIONED.");
}

}  // namespace tapelake::serve
