#include "app/page/market_figures.h"

namespace tapelake::app {
namespace {

std::optional<double> ValueOf(MarketDesk& desk, const market::Series& series,
                              std::string_view name) {
  const auto measure = desk.Measure(series, name);
  return measure ? measure->value : std::nullopt;
}

}  // namespace

MarketFigures MarketFiguresOf(MarketDesk& desk, const std::string& table,
                              const std::string& source_id) {
  const MarketFacts facts = desk.facts();
  const auto applied = facts.applied.find(source_id);
  MarketFigures figures{.table = table,
                        .bars = facts.counts.bars_held,
                        .trades = facts.counts.trades_held,
                        .held_back = facts.counts.held_back,
                        .stale = static_cast<int64_t>(facts.stale_count),
                        .rebuilt = facts.counts.rebuilt,
                        .refused = facts.counts.series_refused,
                        .newest_change_micros = facts.newest_change_micros,
                        .newest_taken_micros = facts.newest_taken_micros,
                        .next_record = applied == facts.applied.end() ? 0 : applied->second,
                        .series = {}};
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
