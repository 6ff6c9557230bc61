#pragma once

#include <optional>
#include <string>

namespace tapelake::io {

/// Return the value of an environment variable, or nullopt if it is not set. Any thread, as long as
/// nobody changes the environment (this program never does).
std::optional<std::string> EnvironmentVariable(const std::string& name);

}  // namespace tapelake::io
