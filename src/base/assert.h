#pragma once

/// Assertions for programmer errors only; data from outside is validated, never asserted.

namespace tapelake::base {

/// Print the failed condition with its place to stderr and abort.
[[noreturn]] void AssertionFailed(const char* condition, const char* file, int line);

}  // namespace tapelake::base

/// Cheap invariant, checked in every build.
#define TAPELAKE_ASSERT(condition) \
  ((condition) ? void(0) : ::tapelake::base::AssertionFailed(#condition, __FILE__, __LINE__))

/// Costly invariant, checked in debug builds only.
#ifdef TAPELAKE_DEBUG_CHECKS
#define TAPELAKE_DCHECK(condition) TAPELAKE_ASSERT(condition)
#else
#define TAPELAKE_DCHECK(condition) void(0)
#endif
