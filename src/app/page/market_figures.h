#pragma once

#include <string>

#include "app/market/market_desk.h"
#include "app/metrics_collector.h"

namespace tapelake::app {

/// What the metrics and market alarms are made of, as of the desk's latest measures. `source_id` is
/// what feeds the table. Any thread.
MarketFigures MarketFiguresOf(MarketDesk& desk, const std::string& table,
                              const std::string& source_id);

}  // namespace tapelake::app
