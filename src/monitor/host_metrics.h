#pragma once

/// The metrics of the machine under the pipeline: the process and the lake's disk.

#include "metrics/metric.h"

namespace tapelake::monitor {

inline constexpr metrics::MetricDef kResidentBytes{
    .name = "tapelake_process_resident_bytes", .unit = "bytes", .help = "Memory of the process."};
inline constexpr metrics::MetricDef kCpuSeconds{
    .name = "tapelake_process_cpu_seconds_total",
    .kind = metrics::MetricKind::kCounter,
    .unit = "seconds",
    .help = "CPU time of all threads, user and system."};
inline constexpr metrics::MetricDef kOpenFiles{
    .name = "tapelake_process_open_files", .unit = "files", .help = "Open files and sockets."};
inline constexpr metrics::MetricDef kUptime{.name = "tapelake_process_uptime_seconds",
                                            .unit = "seconds",
                                            .help = "Time since the program began."};
inline constexpr metrics::MetricDef kDiskFreeBytes{
    .name = "tapelake_disk_free_bytes",
    .unit = "bytes",
    .help = "Free space of the disk that holds the lake."};
inline constexpr metrics::MetricDef kDiskFreeShare{
    .name = "tapelake_disk_free_ratio",
    .unit = "ratio",
    .help = "Free share of the disk that holds the lake."};
inline constexpr metrics::MetricDef kDiskUsedBytes{
    .name = "tapelake_disk_used_bytes",
    .unit = "bytes",
    .help = "Used space of the disk that holds the lake, by whatever uses it."};

inline constexpr std::array kHostMetrics = {&kResidentBytes, &kCpuSeconds,    &kOpenFiles,
                                            &kUptime,        &kDiskFreeBytes, &kDiskFreeShare,
                                            &kDiskUsedBytes};

}  // namespace tapelake::monitor
