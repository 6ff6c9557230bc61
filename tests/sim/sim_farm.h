#pragma once

/// Many seeds in several processes.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/status.h"
#include "tests/sim/crash_points.h"
#include "tests/sim/sim_options.h"
#include "tests/sim/simulation.h"

namespace tapelake::sim {

/// What all seeds together did.
struct FarmReport {
  int64_t seeds = 0;
  int64_t changes = 0;
  int64_t records = 0;
  int64_t deaths = 0;
  int64_t power_losses = 0;
  int64_t ended_by_error = 0;
  int64_t moments = 0;
  int64_t tables_kept = 0;
  std::vector<std::string> failures;  ///< Each with its seed.
  PointCoverage coverage;
};

/// Run `line`'s seeds in line.jobs processes (forked: call it while there is one thread). Failures
/// are printed as they come. Errors: kUnavailable (no process), kInternal (a process died: names
/// its seed).
///
/// `aims`: die there instead of where the seeds say; empty: where they say.
Result<FarmReport> RunFarm(const CommandLine& line, const std::map<std::string, bool>& points,
                           const std::vector<WantedDeath>& aims);

}  // namespace tapelake::sim
