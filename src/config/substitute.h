#pragma once

#include <string>
#include <string_view>

#include "config/parse.h"

namespace tapelake::config {

/// Replace `${NAME}` and `${NAME:-default}` in `text`; `$${` becomes `${`.
/// On failure `*error` is set and the text returned is of no use.
std::string SubstituteEnvironment(std::string_view text, const EnvironmentLookup& environment,
                                  std::optional<Problem>* error);

}  // namespace tapelake::config
