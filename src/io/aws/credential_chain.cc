#include "io/aws/credential_chain.h"

#include "io/aws/credential_services.h"

namespace tapelake::io::aws {
namespace {

constexpr int64_t kEarlyMicros = 300'000'000;  // before they expire
constexpr int kRolesMax = 5;                   // each assumed by the one before

using Found = std::optional<Credentials>;

Result<Found> FromVariables(const AwsEnvironment& environment) {
  Credentials credentials{.access_key_id = environment.FirstOf({"AWS_ACCESS_KEY_ID"}),
                          .secret_access_key = environment.FirstOf({"AWS_SECRET_ACCESS_KEY"}),
                          .session_token = environment.FirstOf({"AWS_SESSION_TOKEN"})};
  const bool has_id = !credentials.access_key_id.empty();
  if (has_id == credentials.secret_access_key.empty()) {
    return MakeError(ErrorKind::kInvalid, std::string(has_id ? "AWS_ACCESS_KEY_ID is set, but not "
                                                               "AWS_SECRET_ACCESS_KEY"
                                                             : "AWS_SECRET_ACCESS_KEY is set, but "
                                                               "not AWS_ACCESS_KEY_ID"));
  }
  return has_id ? Found(std::move(credentials)) : Found();
}

/// Credentials of `name`; nullopt: the profile has none, or there is no such profile.
Result<Found> FromProfile(const AwsEnvironment& environment, const std::string& name, int roles) {
  const auto in_profile = [&name](const std::string& what) {
    return MakeError(ErrorKind::kInvalid, "AWS profile '" + name + "' " + what);
  };
  if (roles > kRolesMax) return in_profile("is reached through too many roles");
  TAPELAKE_ASSIGN_OR_RAISE(const auto profile, ReadProfile(environment, name));
  if (!profile) return Found();
  const std::string role = SettingOf(*profile, "role_arn");
  const std::string source = SettingOf(*profile, "source_profile");
  const std::string token_file = SettingOf(*profile, "web_identity_token_file");
  const RoleRequest request{.role_arn = role,
                            .session_name = SettingOf(*profile, "role_session_name"),
                            .external_id = SettingOf(*profile, "external_id"),
                            .region = SettingOf(*profile, "region")};
  if (!role.empty() && !token_file.empty()) {
    TAPELAKE_ASSIGN_OR_RAISE(auto assumed,
                             AssumeRoleWithWebIdentity(environment, request, token_file));
    return Found(std::move(assumed));
  }
  if (!role.empty() && !source.empty() && source != name) {
    TAPELAKE_ASSIGN_OR_RAISE(const auto keys, FromProfile(environment, source, roles + 1));
    if (!keys) return in_profile("names source_profile '" + source + "', which has no keys");
    TAPELAKE_ASSIGN_OR_RAISE(auto assumed, AssumeRole(environment, request, *keys));
    return Found(std::move(assumed));
  }
  Credentials keys{.access_key_id = SettingOf(*profile, "aws_access_key_id"),
                   .secret_access_key = SettingOf(*profile, "aws_secret_access_key"),
                   .session_token = SettingOf(*profile, "aws_session_token")};
  if (!keys.access_key_id.empty() && !keys.secret_access_key.empty()) {
    return Found(std::move(keys));
  }
  for (const char* unknown : {"credential_process", "sso_session", "sso_start_url", "role_arn"}) {
    if (SettingOf(*profile, unknown).empty()) continue;
    return in_profile(std::string("wants ") + unknown +
                      ", which is not supported in this form\nhint: put its keys into the "
                      "environment ('aws configure export-credentials --format env')");
  }
  return Found();
}

Result<Found> FromWebIdentity(const AwsEnvironment& environment) {
  const std::string token_file = environment.FirstOf({"AWS_WEB_IDENTITY_TOKEN_FILE"});
  if (token_file.empty()) return Found();
  const RoleRequest request{.role_arn = environment.FirstOf({"AWS_ROLE_ARN"}),
                            .session_name = environment.FirstOf({"AWS_ROLE_SESSION_NAME"})};
  if (request.role_arn.empty()) {
    return MakeError(ErrorKind::kInvalid,
                     "AWS_WEB_IDENTITY_TOKEN_FILE is set, but not AWS_ROLE_ARN");
  }
  TAPELAKE_ASSIGN_OR_RAISE(auto assumed,
                           AssumeRoleWithWebIdentity(environment, request, token_file));
  return Found(std::move(assumed));
}

}  // namespace

Result<Credentials> CredentialChain::Find() {
  const std::string name = ProfileName(environment_, profile_);
  Found found;
  if (profile_.empty()) {
    TAPELAKE_ASSIGN_OR_RAISE(found, FromVariables(environment_));
    if (found) return *found;
  }
  TAPELAKE_ASSIGN_OR_RAISE(found, FromProfile(environment_, name, 0));
  if (found) return *found;
  if (!profile_.empty() || !environment_.FirstOf({"AWS_PROFILE"}).empty()) {
    TAPELAKE_ASSIGN_OR_RAISE(const auto profile, ReadProfile(environment_, name));
    if (!profile) return MakeError(ErrorKind::kInvalid, "there is no AWS profile '" + name + "'");
  }
  TAPELAKE_ASSIGN_OR_RAISE(found, FromWebIdentity(environment_));
  if (found) return *found;
  TAPELAKE_ASSIGN_OR_RAISE(found, FromContainer(environment_));
  if (found) return *found;
  TAPELAKE_ASSIGN_OR_RAISE(found, FromInstance(environment_));
  if (found) return *found;
  return MakeError(ErrorKind::kUnauthorized,
                   "no AWS credentials: none in the environment, in the profile '" + name +
                       "', from a web identity, a container or an instance\nhint: set "
                       "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE");
}

Result<Credentials> CredentialChain::Get() {
  const std::scoped_lock lock(mutex_);
  const int64_t now = environment_.clock.WallMicros();
  const bool fresh =
      known_ && (known_->expires_micros == 0 || now + kEarlyMicros < known_->expires_micros);
  if (fresh) return *known_;
  auto found = Find();
  if (found.ok()) {
    known_ = *found;
    return found;
  }
  if (known_ && now < known_->expires_micros) return *known_;
  return found.status();
}

void CredentialChain::Refuse(const Credentials& credentials) {
  const std::scoped_lock lock(mutex_);
  if (known_ && known_->access_key_id == credentials.access_key_id &&
      known_->session_token == credentials.session_token) {
    known_.reset();
  }
}

}  // namespace tapelake::io::aws
