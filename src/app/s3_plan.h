#pragma once

#include "config/config.h"
#include "io/s3/s3_settings.h"

namespace tapelake::app {

/// What the configuration states of S3; the rest is for the environment to say.
io::S3Settings S3SettingsOf(const config::S3Config& config);

}  // namespace tapelake::app
