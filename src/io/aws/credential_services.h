#pragma once

/// The services that give credentials for a while: STS, a container's and an instance's.
///
/// Errors everywhere: kUnauthorized (the service refuses; its own words), kUnavailable (it does not
/// answer), kCorrupt (an answer that makes no sense), kInvalid (a setting).

#include <optional>
#include <string>

#include "io/aws/profiles.h"
#include "io/aws/sigv4.h"

namespace tapelake::io::aws {

struct RoleRequest {
  std::string role_arn;
  std::string session_name = {};  ///< Empty: one is made.
  std::string external_id = {};
  std::string region = {};  ///< Of the STS endpoint; empty: AWS_REGION, AWS_DEFAULT_REGION.
};

/// Exchange the token in a file (which is read anew each time) for credentials of a role. STS is
/// asked at AWS_ENDPOINT_URL_STS, AWS_ENDPOINT_URL, or in the region.
Result<Credentials> AssumeRoleWithWebIdentity(const AwsEnvironment& environment,
                                              const RoleRequest& request,
                                              const std::string& token_file);

/// Take a role on with the keys of another identity.
Result<Credentials> AssumeRole(const AwsEnvironment& environment, const RoleRequest& request,
                               const Credentials& keys);

/// Ask the container's agent; nullopt: the environment names none. Plain HTTP goes only to the
/// addresses that AWS's own tools accept: loopback and the agents' link-local ones.
Result<std::optional<Credentials>> FromContainer(const AwsEnvironment& environment);

/// Ask the instance's metadata service (IMDSv2); nullopt: it is turned off, is not there (one
/// second is waited), or knows no role.
Result<std::optional<Credentials>> FromInstance(const AwsEnvironment& environment);

}  // namespace tapelake::io::aws
