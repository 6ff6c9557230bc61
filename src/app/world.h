#pragma once

#include "hudi/table/table.h"
#include "io/clock.h"
#include "io/random.h"
#include "io/uri_file_system.h"

namespace tapelake::app {

/// The real outside world, made once in main() and passed down by reference.
/// Thread rule: as its members; `random` belongs to one thread at a time.
struct World {
  io::UriFileSystem files;
  io::SystemClock clock;
  io::SystemRandom random;

  hudi::TableEnvironment table_environment() {
    return {.files = files, .clock = clock, .random = random};
  }
};

}  // namespace tapelake::app
