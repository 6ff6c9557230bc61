#pragma once

#include <functional>
#include <string>
#include <vector>

#include "io/clock.h"
#include "serve/dashboard/dashboard_data.h"
#include "serve/dashboard/live_hub.h"
#include "serve/dashboard/parameters.h"
#include "serve/http/router.h"

namespace tapelake::serve {

/// What the handlers use; all of it outlives them.
struct ApiEnvironment {
  DashboardData& data;
  LiveHub& hub;
  io::Clock& clock;
  SqlLimits sql;
  std::function<std::string()> metrics_text;  ///< Empty: no `/metrics`.
};

/// The handlers of docs/internals/live-api.md, and `/metrics`.
std::vector<HttpRoute> ApiRoutes(const ApiEnvironment& environment);

}  // namespace tapelake::serve
