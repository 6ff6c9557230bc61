#pragma once

/// Where AWS credentials come from, in the order of AWS's own tools.

#include <mutex>
#include <optional>
#include <string>

#include "io/aws/profiles.h"
#include "io/aws/sigv4.h"

namespace tapelake::io::aws {

/// Gives credentials that are good now. Any thread.
class CredentialSource {
 public:
  virtual ~CredentialSource() = default;

  /// Errors: kUnauthorized (there are none), kInvalid (a setting that cannot be followed; names
  /// it), kUnavailable (the service that gives them does not answer).
  virtual Result<Credentials> Get() = 0;

  /// Say that the server takes these for expired: ask for others next time.
  virtual void Refuse(const Credentials& credentials) = 0;
};

/// The usual chain; the first that is configured decides, and if it fails that is the error:
///
/// 1. AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN (not if a profile is asked for)
/// 2. the profile: keys, or `role_arn` with `source_profile` or `web_identity_token_file` (by STS)
/// 3. AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN (by STS)
/// 4. AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or AWS_CONTAINER_CREDENTIALS_FULL_URI
/// 5. the instance's metadata service, version 2 (unless AWS_EC2_METADATA_DISABLED)
///
/// What expires is asked for again five minutes before; if that fails the old ones are used as long
/// as they hold. Any thread; one lock, held while a service is asked.
class CredentialChain : public CredentialSource {
 public:
  /// `profile`: empty for that of the environment.
  CredentialChain(const AwsEnvironment& environment, std::string profile)
      : environment_(environment), profile_(std::move(profile)) {}

  Result<Credentials> Get() override;
  void Refuse(const Credentials& credentials) override;

 private:
  Result<Credentials> Find();

  AwsEnvironment environment_;
  std::string profile_;
  std::mutex mutex_;
  std::optional<Credentials> known_;
};

}  // namespace tapelake::io::aws
