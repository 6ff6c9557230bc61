#pragma once

/// The metrics of the market measures. `exchange="all"` is across all exchanges.

#include "metrics/metric.h"

namespace tapelake::market {

inline constexpr metrics::MetricDef kBarsHeld{
    .name = "tapelake_market_held_bars", .unit = "bars", .help = "Bars in memory."};
inline constexpr metrics::MetricDef kTradesHeld{
    .name = "tapelake_market_held_trades", .unit = "trades", .help = "Single trades in memory."};
inline constexpr metrics::MetricDef kHeldBack{
    .name = "tapelake_market_held_back_trades",
    .unit = "trades",
    .help = "Trades whose event time lies ahead of the clock, kept until it comes."};
inline constexpr metrics::MetricDef kStaleStretches{
    .name = "tapelake_market_stale_stretches",
    .unit = "stretches",
    .help = "Stretches of time whose bars wait to be made anew from the table."};
inline constexpr metrics::MetricDef kRebuiltStretches{
    .name = "tapelake_market_rebuilt_stretches_total",
    .kind = metrics::MetricKind::kCounter,
    .unit = "stretches",
    .help = "Stretches whose bars were made anew from the table."};
inline constexpr metrics::MetricDef kRefusedTrades{
    .name = "tapelake_market_refused_trades_total",
    .kind = metrics::MetricKind::kCounter,
    .unit = "trades",
    .help =
        "Trades left out because there were more pairs and exchanges than "
        "`market.series_max`."};
inline constexpr metrics::MetricDef kMarketFreshness{
    .name = "tapelake_market_freshness_seconds",
    .unit = "seconds",
    .help =
        "From a change to the bars that hold it: of the newest change, or how long records wait "
        "for the market if that is longer; absent while no changes come, and for tables fed from "
        "files, whose changes may be old.",
    .labels = {"table"}};
inline constexpr metrics::MetricDef kSpread{.name = "tapelake_market_spread_basis_points",
                                            .unit = "basis_points",
                                            .help = "Estimated effective spread.",
                                            .labels = {"pair", "exchange"}};
inline constexpr metrics::MetricDef kVolatility{.name = "tapelake_market_volatility_annual_ratio",
                                                .unit = "ratio",
                                                .help =
                                                    "Realised volatility of the last hour, "
                                                    "annualised.",
                                                .labels = {"pair", "exchange"}};
inline constexpr metrics::MetricDef kGap{
    .name = "tapelake_market_gap_basis_points",
    .unit = "basis_points",
    .help = "Between the highest and the lowest last price of a pair's exchanges.",
    .labels = {"pair"}};
inline constexpr metrics::MetricDef kSpreadRatio{
    .name = "tapelake_market_spread_ratio",
    .unit = "ratio",
    .help = "The spread over the median of its own recent values.",
    .labels = {"pair", "exchange"}};
inline constexpr metrics::MetricDef kVolatilityRatio{
    .name = "tapelake_market_volatility_ratio",
    .unit = "ratio",
    .help = "The volatility over the median of its own recent values.",
    .labels = {"pair", "exchange"}};
inline constexpr metrics::MetricDef kGapRatio{
    .name = "tapelake_market_gap_ratio",
    .unit = "ratio",
    .help = "The gap between exchanges over the median of its own recent values.",
    .labels = {"pair"}};
inline constexpr metrics::MetricDef kVolumeRatio{
    .name = "tapelake_market_volume_ratio",
    .unit = "ratio",
    .help = "The volume of the last whole minute over the median of recent minutes.",
    .labels = {"pair", "exchange"}};

inline constexpr std::array kMarketMetrics = {
    &kBarsHeld,      &kTradesHeld,      &kHeldBack, &kStaleStretches, &kRebuiltStretches,
    &kRefusedTrades, &kMarketFreshness, &kSpread,   &kVolatility,     &kGap,
    &kSpreadRatio,   &kVolatilityRatio, &kGapRatio, &kVolumeRatio};

}  // namespace tapelake::market
