#pragma once

/// YAML text -> Config, with every mistake named by key, value, place and remedy.

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"

namespace tapelake::config {

/// One mistake of a configuration.
struct Problem {
  std::string what;   ///< `unknown key 'comit'`
  std::string place;  ///< `tapelake.yaml:3:1`; empty if it has none.
  std::string hint;   ///< What to do: `did you mean 'commit'?`
};

/// Returns the value of an environment variable, or nullopt if it is not set.
using EnvironmentLookup = std::function<std::optional<std::string>(const std::string& name)>;

inline constexpr size_t kConfigBytesMax = 1 << 20;
/// Values read, those of an alias counted every time: bounds what anchors can multiply.
inline constexpr size_t kConfigNodesMax = 100'000;
inline constexpr size_t kProblemsMax = 20;

/// Parse one YAML document into `*config`, which must hold DefaultConfig() or a Config to overlay.
///
/// `${NAME}` and `${NAME:-default}` in scalars are replaced (`$${` is a plain `${`). `file_name` is
/// for places only. Returns the mistakes in order of the file, at most kProblemsMax; `*config` is
/// usable only if there are none. No I/O; any thread.
std::vector<Problem> ParseConfig(std::string_view text, const std::string& file_name,
                                 const EnvironmentLookup& environment, Config* config);

/// Check what no single key can tell: two tables of one name, a source without paths, `mor`.
/// ParseConfig does this itself; for configurations changed by options.
std::vector<Problem> ValidateConfig(const Config& config);

}  // namespace tapelake::config
