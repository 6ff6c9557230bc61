#pragma once

/// From the market desk's structs to those of the page. Pure; any thread.

#include <string>
#include <vector>

#include "app/market/market_desk.h"
#include "serve/dashboard/dashboard_data.h"

namespace tapelake::app {

serve::BarRow PageBar(const DeskBar& bar);

/// The catalog of measures, word for word.
std::vector<serve::MeasureInfo> PageCatalog();
serve::MeasureList PageMeasures(const SeriesMeasures& measures);

serve::OverviewRow PageOverview(const MarketLine& line);
/// The lines of one pair's exchanges. `share_24h` is each one's part of all their money.
std::vector<serve::ExchangeRow> PageExchanges(const std::vector<MarketLine>& lines);

serve::TapeRow PageTrade(const LargeTrade& trade);
std::vector<serve::ConeRow> PageCone(const std::vector<market::ConePoint>& points);
serve::SizeCounts PageSizes(const std::array<uint64_t, market::Bar::kSizeBuckets>& counts);

/// A power of ten without exponent: `0.001`, `1000000`.
std::string PlainNumber(double number);

/// `BTC` of `BTC/USD`: what stands before the quote currency and its separator.
std::string BaseCurrencyOf(const std::string& pair);

}  // namespace tapelake::app
