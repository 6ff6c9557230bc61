#pragma once

/// What kinds of errors there are; `base/status.h` attaches one to every failed Status.

#include <cstdint>
#include <string_view>

namespace tapelake {

/// What a caller can do about an error. Numeric values are written to error objects: never reuse
/// one.
enum class ErrorKind : uint8_t {
  kInvalid = 1,         ///< The input is wrong; the same call fails again.
  kNotFound = 2,        ///< The named thing does not exist.
  kAlreadyExists = 3,   ///< The named thing exists and must not.
  kConflict = 4,        ///< Another writer came first; look again, then decide.
  kUnavailable = 5,     ///< The outside world failed; a retry may succeed.
  kThrottled = 6,       ///< A named limit is reached; retry later.
  kUnauthorized = 7,    ///< The caller may not do this.
  kCorrupt = 8,         ///< Stored bytes contradict their format.
  kUnknownOutcome = 9,  ///< It may have happened: settle by reading, never by a blind retry.
  kShuttingDown = 10,   ///< The process is ending.
  kInternal = 11,       ///< A bug of ours.
};

/// Return the kind's name as written in error objects and JSON, for example "not_found".
std::string_view ErrorKindName(ErrorKind kind);

}  // namespace tapelake
