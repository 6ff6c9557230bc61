#pragma once

/// Errors of the whole program: Arrow's Status and Result with an ErrorKind attached.
///
/// Retry policy, exit codes and wire codes read only the kind; the message is for people and names
/// the offending value, its place and, where there is one, the remedy.

#include <cstdint>
#include <string>
#include <string_view>

#include <arrow/result.h>
#include <arrow/status.h>

namespace tapelake {

using Status = arrow::Status;
template <typename T>
using Result = arrow::Result<T>;

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

/// Make a failed Status of `kind`.
Status MakeError(ErrorKind kind, std::string message);

/// Return the kind of a failed `status`; foreign Arrow codes are mapped to the nearest kind.
ErrorKind KindOf(const Status& status);

/// Prefix the message of a failed `status` with `context` and keep its kind; an OK status stays OK.
Status WithContext(const Status& status, std::string_view context);

}  // namespace tapelake

#define TAPELAKE_RETURN_NOT_OK(expr) ARROW_RETURN_NOT_OK(expr)
#define TAPELAKE_ASSIGN_OR_RAISE(lhs, expr) ARROW_ASSIGN_OR_RAISE(lhs, expr)
