#pragma once

/// Errors of the whole program: Arrow's Status and Result with an ErrorKind attached.
///
/// Retry policy, exit codes and wire codes read only the kind; the message is for people and names
/// the offending value, its place and, where there is one, the remedy.
///
/// TAPELAKE_WITHOUT_ARROW (the Lambda bootstrap) takes the same names from base/plain_status.h.

#include <string>
#include <string_view>

#include "base/error_kind.h"

#ifdef TAPELAKE_WITHOUT_ARROW
#include "base/plain_status.h"
#else
#include <arrow/result.h>
#include <arrow/status.h>

namespace tapelake {

using Status = arrow::Status;
template <typename T>
using Result = arrow::Result<T>;

}  // namespace tapelake

#define TAPELAKE_RETURN_NOT_OK(expr) ARROW_RETURN_NOT_OK(expr)
#define TAPELAKE_ASSIGN_OR_RAISE(lhs, expr) ARROW_ASSIGN_OR_RAISE(lhs, expr)
#endif

namespace tapelake {

/// Make a failed Status of `kind`.
Status MakeError(ErrorKind kind, std::string message);

/// Return the kind of a failed `status`; foreign Arrow codes are mapped to the nearest kind.
ErrorKind KindOf(const Status& status);

/// Prefix the message of a failed `status` with `context` and keep its kind; an OK status stays OK.
Status WithContext(const Status& status, std::string_view context);

}  // namespace tapelake
