#pragma once

/// `tapelake check`: everything that can be known without starting.

#include <string>
#include <vector>

#include "app/table_plan.h"
#include "app/world.h"
#include "base/status.h"
#include "config/config.h"

namespace tapelake::app {

/// One thing that was looked at.
struct CheckResult {
  std::string what;     ///< `lake ./tapelake-data`
  std::string finding;  ///< What is fine about it; empty if it failed.
  Status status;
};

/// Look at the lake directory (writable), every table (absent, or openable and as declared), every
/// source path, the market's table and the AWS-compatible port. Leaves no trace, and makes no
/// directory. Cannot fail.
std::vector<CheckResult> RunChecks(World& world, const config::Config& config,
                                   const std::vector<TablePlan>& plans);

}  // namespace tapelake::app
