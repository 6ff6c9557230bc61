#pragma once

#include <string>

#include "app/world.h"
#include "base/status.h"
#include "config/config.h"
#include "stream/stream.h"

namespace tapelake::app {

/// Where the key of a lake's streams lies: as configured, else `<lake>/.tapelake/stream-key`.
std::string StreamKeyPath(const std::string& lake_path, const config::StreamConfig& config);

/// What the configuration says of a lake's streams. Makes their key, if there is none: the caller
/// holds the lake's lock. Errors: those of security::OpenStreamKey.
Result<stream::StreamOptions> StreamOptionsOf(World& world, const std::string& lake_path,
                                              const config::StreamConfig& config);

}  // namespace tapelake::app
