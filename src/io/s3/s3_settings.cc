#include "io/s3/s3_settings.h"

#include <algorithm>

namespace tapelake::io {
namespace {

Status Wrong(const std::string& what, const std::string& value, const std::string& wanted) {
  return MakeError(ErrorKind::kInvalid, "S3 " + what + " '" + value + "' is not " + wanted);
}

Status CheckEndpoint(const std::string& endpoint) {
  const bool http = endpoint.starts_with("http://") || endpoint.starts_with("https://");
  const std::string host = http ? endpoint.substr(endpoint.find("://") + 3) : "";
  if (!host.empty() && host.find_first_of("/?#@ \t") == std::string::npos) return Status::OK();
  return Wrong("endpoint", endpoint, "http://HOST[:PORT] or https://HOST[:PORT]");
}

Status CheckChoices(const S3Settings& settings) {
  const std::string& encryption = settings.encryption;
  if (!encryption.empty() && encryption != "AES256" && encryption != "aws:kms") {
    return Wrong("encryption", encryption, "AES256 or aws:kms");
  }
  if (!settings.kms_key_id.empty() && encryption != "aws:kms") {
    return MakeError(ErrorKind::kInvalid, "S3 kms_key_id is set, but encryption is not aws:kms");
  }
  if (settings.addressing != "path" && settings.addressing != "virtual") {
    return Wrong("addressing", settings.addressing, "path or virtual");
  }
  return Status::OK();
}

}  // namespace

bool IsRegionName(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

Result<S3Settings> CompleteS3Settings(S3Settings stated, const aws::AwsEnvironment& environment) {
  const std::string name = aws::ProfileName(environment, stated.profile);
  TAPELAKE_ASSIGN_OR_RAISE(const auto profile, aws::ReadProfile(environment, name));
  const auto complete = [&](std::string* setting, std::initializer_list<const char*> variables,
                            const char* key) {
    if (setting->empty()) *setting = environment.FirstOf(variables);
    if (setting->empty() && profile) *setting = aws::SettingOf(*profile, key);
  };
  complete(&stated.endpoint, {"AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"}, "endpoint_url");
  complete(&stated.region, {"AWS_REGION", "AWS_DEFAULT_REGION"}, "region");
  if (stated.region.empty()) stated.region = "us-east-1";
  while (stated.endpoint.ends_with('/'))
    stated.endpoint.pop_back();
  if (!stated.endpoint.empty()) TAPELAKE_RETURN_NOT_OK(CheckEndpoint(stated.endpoint));
  if (!IsRegionName(stated.region)) {
    return Wrong("region", stated.region, "the name of a region, such as eu-west-1");
  }
  if (stated.addressing.empty()) stated.addressing = stated.endpoint.empty() ? "virtual" : "path";
  TAPELAKE_RETURN_NOT_OK(CheckChoices(stated));
  return stated;
}

}  // namespace tapelake::io
