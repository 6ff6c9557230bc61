#include "base/assert.h"

#include <cstdio>
#include <cstdlib>

namespace tapelake::base {

void AssertionFailed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "tapelake: internal error: %s is false (%s:%d)\n", condition, file, line);
  std::abort();
}

}  // namespace tapelake::base
