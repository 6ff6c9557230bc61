#pragma once

/// The metrics of sources that are asked for their records: Kinesis, DynamoDB Streams, Kafka.

#include <array>

#include "metrics/metric.h"

namespace tapelake::source {

inline constexpr metrics::MetricDef kLag{
    .name = "tapelake_source_lag_seconds",
    .unit = "seconds",
    .help =
        "Event time from the newest record that was read to now, of the shard that is furthest "
        "behind; 0 at the end of all shards.",
    .labels = {"table"}};
inline constexpr metrics::MetricDef kShards{
    .name = "tapelake_source_open_shards",
    .unit = "shards",
    .help = "Shards that are read, or wait until their parents have been.",
    .labels = {"table"}};
inline constexpr metrics::MetricDef kGaps{
    .name = "tapelake_source_gaps_total",
    .kind = metrics::MetricKind::kCounter,
    .unit = "gaps",
    .help = "Places where the service dropped records before they were read, or may have.",
    .labels = {"table"}};
inline constexpr metrics::MetricDef kThrottledCalls{
    .name = "tapelake_source_throttled_calls_total",
    .kind = metrics::MetricKind::kCounter,
    .unit = "calls",
    .help = "Calls that the service refused as too many; they are made again later.",
    .labels = {"table"}};
inline constexpr metrics::MetricDef kFailedCalls{
    .name = "tapelake_source_failed_calls_total",
    .kind = metrics::MetricKind::kCounter,
    .unit = "calls",
    .help = "Calls that failed otherwise; they are made again.",
    .labels = {"table"}};

inline constexpr std::array kPullMetrics = {&kLag, &kShards, &kGaps, &kThrottledCalls,
                                            &kFailedCalls};

}  // namespace tapelake::source
