#pragma once

/// The metrics of what only the whole program knows, and the list of all metrics.

#include "metrics/metric.h"

namespace tapelake::app {

inline constexpr metrics::MetricDef kCompactionRuns{
    .name = "tapelake_compaction_finished_runs_total",
    .kind = metrics::MetricKind::kCounter,
    .unit = "runs",
    .help = "Compactions published.",
    .labels = {"table"}};
inline constexpr metrics::MetricDef kMergedFiles{
    .name = "tapelake_clustering_merged_files_total",
    .kind = metrics::MetricKind::kCounter,
    .unit = "files",
    .help = "Small files that became part of bigger ones.",
    .labels = {"table"}};
inline constexpr metrics::MetricDef kCleanedFiles{
    .name = "tapelake_cleaning_deleted_files_total",
    .kind = metrics::MetricKind::kCounter,
    .unit = "files",
    .help = "Data files deleted because no reader needs them any more.",
    .labels = {"table"}};
inline constexpr metrics::MetricDef kArchivedInstants{
    .name = "tapelake_cleaning_archived_instants_total",
    .kind = metrics::MetricKind::kCounter,
    .unit = "instants",
    .help = "Old instants moved to the archived timeline.",
    .labels = {"table"}};
inline constexpr std::array kAppMetrics = {&kCompactionRuns, &kMergedFiles, &kCleanedFiles,
                                           &kArchivedInstants};

/// The metrics of all modules, in the order of the reference page. Valid for ever.
metrics::MetricList AllMetrics();

}  // namespace tapelake::app
