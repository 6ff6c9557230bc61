#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"

namespace tapelake::lambda {

/// What the environment says.
struct Settings {
  std::string runtime_api;                  ///< AWS_LAMBDA_RUNTIME_API: `HOST:PORT`.
  std::vector<std::string> partition_keys;  ///< TAPELAKE_PARTITION_KEYS, divided by commas.
  std::string target;                       ///< TAPELAKE_TARGET: a URL; empty: standard output.
  std::string error_target;                 ///< TAPELAKE_ERROR_TARGET: a URL; empty: there is none.
};

using Environment = std::function<std::optional<std::string>(const std::string& name)>;

/// Read AWS_LAMBDA_RUNTIME_API. Errors: kNotFound (not set: this is no Lambda function), kInvalid.
Result<std::string> ReadRuntimeApi(const Environment& environment);

/// Read everything. Errors: those of ReadRuntimeApi, kInvalid, naming the variable, its value and
/// the rule.
Result<Settings> ReadSettings(const Environment& environment);

}  // namespace tapelake::lambda
