#pragma once

#include <string>

#include "app/market/market_desk.h"
#include "app/metrics_collector.h"

namespace tapelake::app {

/// What the metrics and market alarms are made of, as of the desk's latest measures. Any thread.
MarketFigures MarketFiguresOf(MarketDesk& desk, const std::string& table, int64_t wall_micros);

}  // namespace tapelake::app
