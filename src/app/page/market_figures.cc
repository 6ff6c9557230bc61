#include "app/page/market_figures.h"

namespace tapelake::app {
namespace {

// Changes older than this are history, and their age says nothing about this pipeline.
constexpr int64_t kFreshMicros = 30'000'000;

std::optional<double> ValueOf(MarketDesk& desk, const market::Series& series,
                              std::string_view name) {
  const auto measure = desk.Measure(series, name);
  return measure ? measure->value : std::nullopt;
}

}  // namespace

MarketFigures MarketFiguresOf(MarketDesk& desk, const std::string& table, int64_t wall_micros) {
  const MarketFacts facts = desk.facts();
  MarketFigures figures{.table = table,
                        .bars = facts.counts.bars_held,
                        .trades = facts.counts.trades_held,
                        .held_back = facts.counts.held_back,
                        .stale = static_cast<int64_t>(facts.stale_count),
                        .rebuilt = facts.counts.rebuilt,
                        .refused = facts.counts.series_refused,
                        .freshness_seconds = std::nullopt,
                        .series = {}};
  const int64_t age = wall_micros - facts.newest_change_micros;
  if (facts.newest_change_micros > 0 && age < kFreshMicros) {
    figures.freshness_seconds = static_cast<double>(std::max<int64_t>(age, 0)) / 1e6;
  }
  for (const market::Series& series : desk.AllSeries()) {
    const bool all = series.exchange == market::kAllExchanges;
    MarketFigures::Series row{.pair = series.pair, .exchange = series.exchange};
    row.spread_bp = ValueOf(desk, series, "edge_1h");
    row.volatility = ValueOf(desk, series, "realized_1h");
    row.spread_ratio = desk.AgainstOwnHistory(series, OwnQuantity::kSpread);
    row.volatility_ratio = desk.AgainstOwnHistory(series, OwnQuantity::kVolatility);
    row.volume_ratio = desk.AgainstOwnHistory(series, OwnQuantity::kVolume);
    if (all) {
      row.gap_bp = ValueOf(desk, series, "exchange_gap");
      row.gap_ratio = desk.AgainstOwnHistory(series, OwnQuantity::kGap);
    }
    figures.series.push_back(std::move(row));
  }
  return figures;
}

}  // namespace tapelake::app
