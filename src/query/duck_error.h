#pragma once

/// DuckDB's error texts as Status. Pure; any thread.

#include <string>
#include <string_view>

#include "base/status.h"

namespace tapelake::query {

/// Make a Status of DuckDB's message: without stack traces, `LINE n:` counted from the script's
/// first line if the statement starts at `first_line` (1 = the first). Kinds: kUnavailable (I/O),
/// kNotFound (no such file), kThrottled (memory), kShuttingDown (interrupted), kInternal (DuckDB's
/// own fault), otherwise kInvalid. Where we have a remedy that DuckDB does not know, a line
/// `hint: ...` follows.
Status DuckError(const char* message, int first_line);

/// The message without DuckDB's guess `Did you mean "..."` if that names one of its system tables.
std::string WithoutSystemGuess(std::string_view message);

}  // namespace tapelake::query
