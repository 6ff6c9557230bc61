#pragma once

/// The metrics of SQL statements that `up` runs for the page.

#include "metrics/metric.h"

namespace tapelake::query {

inline constexpr metrics::MetricDef kStatements{
    .name = "tapelake_query_statements_total",
    .kind = metrics::MetricKind::kCounter,
    .unit = "statements",
    .help =
        "SQL statements by how they ended: ok, error, timeout, abandoned (the client went away).",
    .labels = {"outcome"}};
inline constexpr metrics::MetricDef kStatementDuration{
    .name = "tapelake_query_statement_duration_seconds",
    .kind = metrics::MetricKind::kHistogram,
    .unit = "seconds",
    .help = "How long a statement ran, its result included.",
    .buckets = metrics::kDurationBuckets};

inline constexpr std::array kQueryMetrics = {&kStatements, &kStatementDuration};

}  // namespace tapelake::query
