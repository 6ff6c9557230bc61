// How the program's memory is kept small: jemalloc instead of glibc's malloc, for Arrow's buffers
// too. Measured in docs/performance.md, "Memory".

#include <cstdlib>

/// Read by jemalloc at its start. Few arenas: what one thread gave back another can use. What lies
/// idle goes back to the system within a second, also while nothing allocates.
extern "C" const char* malloc_conf;
const char* malloc_conf = "narenas:2,dirty_decay_ms:500,muzzy_decay_ms:0,background_thread:true";

namespace {

/// Arrow's own pool keeps what it once had. It looks here when it is first used.
[[gnu::constructor]] void ChooseArrowPool() {
  ::setenv("ARROW_DEFAULT_MEMORY_POOL", "system", /*overwrite=*/0);
}

}  // namespace
