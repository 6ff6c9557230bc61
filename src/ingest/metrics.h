#pragma once

/// The metrics of a table's ingest: what became of the changes, and the commits.

#include "metrics/metric.h"

namespace tapelake::ingest {

inline constexpr metrics::MetricDef kReceivedRecords{
    .name = "tapelake_ingest_received_records_total",
    .kind = metrics::MetricKind::kCounter,
    .unit = "records",
    .help = "Records read: applied, duplicate, stale and error records together.",
    .labels = {"table"}};
inline constexpr metrics::MetricDef kAppliedRecords{.name = "tapelake_ingest_applied_records_total",
                                                    .kind = metrics::MetricKind::kCounter,
                                                    .unit = "records",
                                                    .help = "Changes that the table took.",
                                                    .labels = {"table"}};
inline constexpr metrics::MetricDef kDuplicateRecords{
    .name = "tapelake_ingest_duplicate_records_total",
    .kind = metrics::MetricKind::kCounter,
    .unit = "records",
    .help = "Changes that the table had already.",
    .labels = {"table"}};
inline constexpr metrics::MetricDef kStaleRecords{
    .name = "tapelake_ingest_stale_records_total",
    .kind = metrics::MetricKind::kCounter,
    .unit = "records",
    .help = "Changes older than what the table holds.",
    .labels = {"table"}};
inline constexpr metrics::MetricDef kErrorRecords{
    .name = "tapelake_ingest_error_records_total",
    .kind = metrics::MetricKind::kCounter,
    .unit = "records",
    .help = "Records that could not become rows and went to error objects.",
    .labels = {"table", "type"}};
inline constexpr metrics::MetricDef kErrorShare{
    .name = "tapelake_ingest_error_ratio",
    .unit = "ratio",
    .help =
        "Share of error records among those received in the last ten seconds or more; absent "
        "while none comes.",
    .labels = {"table"}};
inline constexpr metrics::MetricDef kRescuedValues{
    .name = "tapelake_ingest_rescued_values_total",
    .kind = metrics::MetricKind::kCounter,
    .unit = "values",
    .help = "Values that did not fit their column and were kept in `_rescued`.",
    .labels = {"table"}};
inline constexpr metrics::MetricDef kCommits{.name = "tapelake_ingest_commits_total",
                                             .kind = metrics::MetricKind::kCounter,
                                             .unit = "commits",
                                             .help = "Commits published.",
                                             .labels = {"table"}};
inline constexpr metrics::MetricDef kRetries{
    .name = "tapelake_ingest_retries_total",
    .kind = metrics::MetricKind::kCounter,
    .unit = "retries",
    .help = "Failures of a commit or of reading that were answered by opening the table again.",
    .labels = {"table"}};
inline constexpr metrics::MetricDef kLostRecords{
    .name = "tapelake_ingest_lost_records_total",
    .kind = metrics::MetricKind::kCounter,
    .unit = "records",
    .help = "Records that the stream dropped before they were read (`stream.drop_untaken`).",
    .labels = {"table"}};
inline constexpr metrics::MetricDef kCommitDuration{
    .name = "tapelake_ingest_commit_duration_seconds",
    .kind = metrics::MetricKind::kHistogram,
    .unit = "seconds",
    .help = "How long a commit took.",
    .labels = {"table"},
    .buckets = metrics::kDurationBuckets};
inline constexpr metrics::MetricDef kCommitAge{
    .name = "tapelake_ingest_commit_age_seconds",
    .unit = "seconds",
    .help = "Time since the last commit of this run; grows while no changes come.",
    .labels = {"table"}};
inline constexpr metrics::MetricDef kWaitingAge{
    .name = "tapelake_ingest_waiting_seconds",
    .unit = "seconds",
    .help = "How long the oldest record that was read waits for its commit; 0 if none waits.",
    .labels = {"table"}};
inline constexpr metrics::MetricDef kFreshness{
    .name = "tapelake_ingest_freshness_seconds",
    .unit = "seconds",
    .help =
        "From a change to its commit: of the newest change in the last commit, or how long "
        "records wait for one if that is longer; absent while no changes come, and for tables "
        "fed from files, whose changes may be old.",
    .labels = {"table"}};
inline constexpr metrics::MetricDef kRows{.name = "tapelake_ingest_table_rows",
                                          .unit = "rows",
                                          .help =
                                              "Rows of the table; of merge-on-read tables "
                                              "about, while it runs.",
                                          .labels = {"table"}};

inline constexpr std::array kIngestMetrics = {
    &kReceivedRecords, &kAppliedRecords, &kDuplicateRecords, &kStaleRecords, &kErrorRecords,
    &kErrorShare,      &kRescuedValues,  &kCommits,          &kRetries,      &kLostRecords,
    &kCommitDuration,  &kCommitAge,      &kWaitingAge,       &kFreshness,    &kRows};

}  // namespace tapelake::ingest
