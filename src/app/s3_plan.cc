#include "app/s3_plan.h"

namespace tapelake::app {

io::S3Settings S3SettingsOf(const config::S3Config& config) {
  return {.endpoint = config.endpoint,
          .region = config.region,
          .addressing = config.addressing == "auto" ? "" : config.addressing,
          .encryption = config.encryption == "bucket" ? "" : config.encryption,
          .kms_key_id = config.kms_key_id,
          .profile = config.profile,
          .authorities_file = config.ca_file};
}

}  // namespace tapelake::app
