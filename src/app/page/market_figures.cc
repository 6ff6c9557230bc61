#include "app/page/market_figures.h"

#include <algorithm>

namespace tapelake::app {
namespace {

// Commits older than this do not say that changes come.
constexpr int64_t kFreshMicros = 30'000'000;
// A book that has all that is committed and nothing newer than this is not late: nothing comes.
constexpr int64_t kQuietMicros = 5'000'000;

std::optional<double> ValueOf(MarketDesk& desk, const market::Series& series,
                              std::string_view name) {
  const auto measure = desk.Measure(series, name);
  return measure ? measure->value : std::nullopt;
}

}  // namespace

std::optional<double> MarketLagSeconds(const MarketTimes& times) {
  if (times.newest_change_micros == 0) return std::nullopt;
  const int64_t age = std::max<int64_t>(0, times.wall_micros - times.newest_change_micros);
  const bool behind = times.newest_change_micros < times.watermark_micros;
  const bool changes_come =
      behind ? times.wall_micros - times.watermark_micros <= kFreshMicros : age <= kQuietMicros;
  if (!changes_come) return std::nullopt;
  return static_cast<double>(age) / 1e6;
}

MarketFigures MarketFiguresOf(MarketDesk& desk, const std::string& table, int64_t wall_micros,
                              int64_t watermark_micros) {
  const MarketFacts facts = desk.facts();
  MarketFigures figures{
      .table = table,
      .bars = facts.counts.bars_held,
      .trades = facts.counts.trades_held,
      .held_back = facts.counts.held_back,
      .stale = static_cast<int64_t>(facts.stale_count),
      .rebuilt = facts.counts.rebuilt,
      .refused = facts.counts.series_refused,
      .freshness_seconds = MarketLagSeconds({.newest_change_micros = facts.newest_change_micros,
                                             .watermark_micros = watermark_micros,
                                             .wall_micros = wall_micros}),
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
