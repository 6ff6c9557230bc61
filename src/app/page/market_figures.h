#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "app/market/market_desk.h"
#include "app/metrics_collector.h"

namespace tapelake::app {

/// Change times and the moment when they were looked at.
struct MarketTimes {
  int64_t newest_change_micros = 0;  ///< Newest in the book; 0: none.
  int64_t watermark_micros = 0;      ///< Newest committed; 0: none.
  int64_t wall_micros = 0;
};

/// How late the market is: the age of its newest change while changes come. A table that is quiet,
/// or whose changes are history, has none; one whose commits are newer than the book, as long as
/// they come, is late however old the book is. Pure.
std::optional<double> MarketLagSeconds(const MarketTimes& times);

/// What the metrics and market alarms are made of, as of the desk's latest measures. `watermark` is
/// the newest change time that the table has committed. Any thread.
MarketFigures MarketFiguresOf(MarketDesk& desk, const std::string& table, int64_t wall_micros,
                              int64_t watermark_micros);

}  // namespace tapelake::app
