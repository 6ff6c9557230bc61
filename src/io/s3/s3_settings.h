#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "io/aws/profiles.h"

namespace tapelake::io {

/// How S3, or a server that speaks its protocol, is reached and written to.
struct S3Settings {
  std::string endpoint = {};  ///< `http(s)://host[:port]`; empty: AWS's own.
  std::string region = {};    ///< Of the signature, and of AWS's endpoint.
  std::string addressing =
      {};  ///< `path`, `virtual`; empty: `path` for other endpoints than AWS's.
  std::string encryption = {};  ///< Of what is written: `AES256`, `aws:kms`; empty: the bucket's.
  std::string kms_key_id = {};  ///< Of `aws:kms`; empty: AWS's own key.
  std::string profile = {};     ///< Of credentials and region; empty: that of the environment.
  std::string authorities_file = {};  ///< PEM; empty: AWS_CA_BUNDLE, else the system's.
};

/// Whether `name` can be part of a host name, as regions are.
bool IsRegionName(std::string_view name);

/// Fill in what `stated` leaves open: endpoint from AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL or the
/// profile; region from AWS_REGION, AWS_DEFAULT_REGION, the profile, else `us-east-1`; addressing.
/// Errors: kInvalid (names the setting), those of ReadProfile.
Result<S3Settings> CompleteS3Settings(S3Settings stated, const aws::AwsEnvironment& environment);

}  // namespace tapelake::io
