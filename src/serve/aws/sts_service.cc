#include "serve/aws/sts_service.h"

#include "base/json.h"
#include "serve/aws/aws_call.h"

namespace tapelake::serve {
namespace {

constexpr size_t kKeyPrefixBytes = 4;  // AKIA

}  // namespace

CallerIdentity StsService::IdentityOf(const security::AccessKey* key) const {
  if (key == nullptr) {
    return {.account = account_, .user_id = account_, .arn = "arn:aws:iam::" + account_ + ":root"};
  }
  return {.account = account_,
          .user_id = "AIDA" + key->access_key_id.substr(kKeyPrefixBytes),
          .arn = "arn:aws:iam::" + account_ + ":user/" + key->name};
}

std::string StsService::GetCallerIdentity(const security::AccessKey* key, bool xml,
                                          const std::string& request_id) const {
  const CallerIdentity identity = IdentityOf(key);
  if (xml) {
    return "<GetCallerIdentityResponse xmlns=\"" + std::string(kNamespace) +
           "\">\n  <GetCallerIdentityResult>\n    <Arn>" + EscapeXml(identity.arn) +
           "</Arn>\n    <UserId>" + EscapeXml(identity.user_id) + "</UserId>\n    <Account>" +
           EscapeXml(identity.account) +
           "</Account>\n  </GetCallerIdentityResult>\n  <ResponseMetadata>\n    <RequestId>" +
           request_id + "</RequestId>\n  </ResponseMetadata>\n</GetCallerIdentityResponse>\n";
  }
  std::string body;
  base::JsonWriter writer(&body);
  writer.BeginObject().Key("GetCallerIdentityResponse").BeginObject();
  writer.Key("GetCallerIdentityResult").BeginObject();
  writer.Key("Account").String(identity.account).Key("Arn").String(identity.arn);
  writer.Key("UserId").String(identity.user_id).EndObject();
  writer.Key("ResponseMetadata").BeginObject().Key("RequestId").String(request_id).EndObject();
  writer.EndObject().EndObject();
  return body;
}

}  // namespace tapelake::serve
