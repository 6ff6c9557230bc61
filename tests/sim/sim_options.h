#pragma once

/// The command line of `tapelake_sim`.

#include <cstdint>
#include <string>

#include "base/status.h"

namespace tapelake::sim {

inline constexpr char kUsage[] =
    R"(usage: tapelake_sim (--seeds A..B | --seed N | --fresh COUNT) [OPTION...]

Simulates the whole pipeline, one run per seed, and checks what must hold. Run it in the root of the
sources: the crash points to aim at come from docs/internals/crash-points.md.

  --seeds A..B          these seeds
  --seed N              one seed
  --fresh COUNT         so many new seeds; says which
  --jobs N              processes (default 1)
  --changes N           changes of the simulated table per seed (default 2000)
  --twice COUNT         run the first so many seeds a second time: they must do the same
  --check-points        fail unless a process died at every listed point in every way; deaths that
                        no seed met are aimed at once more, one by one
  --aim POINT:PHASE     die there (before, torn, after) instead of where the seed says
  --write-points FILE   write the list of all points that were reached
  --keep-tables DIR     write final tables there, each beside its expected CSV ...
  --every K             ... those of every K-th seed (default 1)
  --look-always         check the table after every step: finds the one that broke it
  --trace               print every step to stderr
)";

struct CommandLine {
  uint64_t first_seed = 0;
  uint64_t last_seed = 0;
  uint64_t fresh = 0;  ///< 0: the seeds are given.
  uint64_t jobs = 1;
  int64_t changes = 2'000;
  uint64_t twice = 0;
  bool check_points = false;
  std::string aim;
  std::string write_points;
  std::string keep_tables;
  uint64_t every = 1;
  bool look_always = false;
  bool trace = false;
};

/// Errors: kInvalid, naming the argument.
Result<CommandLine> ParseCommandLine(int count, char** arguments);

}  // namespace tapelake::sim
