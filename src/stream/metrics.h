#pragma once

/// The metrics of a table's stream.

#include "metrics/metric.h"

namespace tapelake::stream {

/// What Kinesis takes per shard; beyond it answers ProvisionedThroughputExceeded. The embedded log
/// takes more: the share is a warning for those who also run, or will run, on Kinesis.
inline constexpr double kKinesisShardRecordsPerSecond = 1'000;
inline constexpr double kKinesisShardBytesPerSecond = 1'000'000;

inline constexpr metrics::MetricDef kShardRecords{.name = "tapelake_stream_shard_records_total",
                                                  .kind = metrics::MetricKind::kCounter,
                                                  .unit = "records",
                                                  .help = "Records made durable in the stream.",
                                                  .labels = {"table", "shard"}};
inline constexpr metrics::MetricDef kShardBytes{
    .name = "tapelake_stream_shard_bytes_total",
    .kind = metrics::MetricKind::kCounter,
    .unit = "bytes",
    .help = "Bytes of records made durable, partition keys included, before compression.",
    .labels = {"table", "shard"}};
inline constexpr metrics::MetricDef kShardLimitShare{
    .name = "tapelake_stream_shard_limit_ratio",
    .unit = "ratio",
    .help =
        "Share of what a Kinesis shard takes (1,000 records/s, 1 MB/s) in the last second or "
        "more; above 1 Kinesis would throttle, the embedded stream does not.",
    .labels = {"table", "shard", "limit"}};
inline constexpr metrics::MetricDef kRefusedPuts{
    .name = "tapelake_stream_refused_puts_total",
    .kind = metrics::MetricKind::kCounter,
    .unit = "puts",
    .help = "Puts answered with an error: throttled, full disk, invalid.",
    .labels = {"table"}};
inline constexpr metrics::MetricDef kPutDuration{.name = "tapelake_stream_put_duration_seconds",
                                                 .kind = metrics::MetricKind::kHistogram,
                                                 .unit = "seconds",
                                                 .help = "From a put to its durable answer.",
                                                 .labels = {"table"},
                                                 .buckets = metrics::kDurationBuckets};
inline constexpr metrics::MetricDef kBacklogRecords{
    .name = "tapelake_stream_backlog_records",
    .unit = "records",
    .help = "Durable records that a consumer has not brought to safety yet.",
    .labels = {"table", "consumer"}};
inline constexpr metrics::MetricDef kBacklogBytes{
    .name = "tapelake_stream_backlog_bytes",
    .unit = "bytes",
    .help = "Stored bytes of a consumer's backlog, estimated from the average record.",
    .labels = {"table", "consumer"}};
inline constexpr metrics::MetricDef kBacklogAge{
    .name = "tapelake_stream_backlog_age_seconds",
    .unit = "seconds",
    .help =
        "How long the oldest record of a consumer's backlog has been in the stream, since this "
        "program began at most; 0 if none waits.",
    .labels = {"table", "consumer"}};
inline constexpr metrics::MetricDef kStoredBytes{.name = "tapelake_stream_stored_bytes",
                                                 .unit = "bytes",
                                                 .help = "Bytes of the stream on disk.",
                                                 .labels = {"table"}};
inline constexpr metrics::MetricDef kStoredSegments{.name = "tapelake_stream_stored_segments",
                                                    .unit = "segments",
                                                    .help = "Segment files of the stream.",
                                                    .labels = {"table"}};

inline constexpr std::array kStreamMetrics = {
    &kShardRecords,   &kShardBytes,   &kShardLimitShare, &kRefusedPuts, &kPutDuration,
    &kBacklogRecords, &kBacklogBytes, &kBacklogAge,      &kStoredBytes, &kStoredSegments};

}  // namespace tapelake::stream
