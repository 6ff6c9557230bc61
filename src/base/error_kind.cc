#include "base/error_kind.h"

namespace tapelake {

std::string_view ErrorKindName(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kInvalid:
      return "invalid";
    case ErrorKind::kNotFound:
      return "not_found";
    case ErrorKind::kAlreadyExists:
      return "already_exists";
    case ErrorKind::kConflict:
      return "conflict";
    case ErrorKind::kUnavailable:
      return "unavailable";
    case ErrorKind::kThrottled:
      return "throttled";
    case ErrorKind::kUnauthorized:
      return "unauthorized";
    case ErrorKind::kCorrupt:
      return "corrupt";
    case ErrorKind::kUnknownOutcome:
      return "unknown_outcome";
    case ErrorKind::kShuttingDown:
      return "shutting_down";
    case ErrorKind::kInternal:
      return "internal";
  }
  return "internal";
}

}  // namespace tapelake
