#pragma once

/// One seed, from an empty disk to a drained and checked lake.

#include <cstdint>
#include <memory>
#include <string>

#include "base/status.h"
#include "tests/sim/change_log.h"
#include "tests/sim/plant.h"
#include "tests/sim/sim_setup.h"

namespace tapelake::sim {

/// What a run did.
struct SimReport {
  Status status;  ///< The first broken promise.
  uint64_t trace_hash = 0;
  PointCoverage coverage;
  int64_t records = 0;
  int64_t deaths = 0;
  int64_t power_losses = 0;
  int64_t ended_by_error = 0;  ///< Processes that ended because of a failure they reported.
  int64_t put_twice = 0;
  int64_t moments = 0;  ///< Looks at the table and its hot rows in between.
  int64_t steps = 0;
  int64_t disk_steps = 0;
};

/// Run a seed. Same options, same report.
SimReport RunSimulation(const SimOptions& options);

}  // namespace tapelake::sim
