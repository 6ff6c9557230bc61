#pragma once

/// The metrics of a table's raw layer.

#include "metrics/metric.h"

namespace tapelake::delivery {

inline constexpr metrics::MetricDef kRawObjects{.name = "tapelake_delivery_raw_objects_total",
                                                .kind = metrics::MetricKind::kCounter,
                                                .unit = "objects",
                                                .help = "Raw objects written.",
                                                .labels = {"table"}};
inline constexpr metrics::MetricDef kRawLines{.name = "tapelake_delivery_raw_lines_total",
                                              .kind = metrics::MetricKind::kCounter,
                                              .unit = "lines",
                                              .help = "Changes in raw objects.",
                                              .labels = {"table"}};
inline constexpr metrics::MetricDef kRawBytes{.name = "tapelake_delivery_raw_bytes_total",
                                              .kind = metrics::MetricKind::kCounter,
                                              .unit = "bytes",
                                              .help = "Bytes of raw objects, compressed.",
                                              .labels = {"table"}};
inline constexpr metrics::MetricDef kErrorObjects{.name = "tapelake_delivery_error_objects_total",
                                                  .kind = metrics::MetricKind::kCounter,
                                                  .unit = "objects",
                                                  .help = "Error objects written.",
                                                  .labels = {"table"}};
inline constexpr metrics::MetricDef kErrorLines{.name = "tapelake_delivery_error_lines_total",
                                                .kind = metrics::MetricKind::kCounter,
                                                .unit = "lines",
                                                .help = "Records in error objects.",
                                                .labels = {"table"}};
inline constexpr metrics::MetricDef kOpenObjectAge{
    .name = "tapelake_delivery_open_object_age_seconds",
    .unit = "seconds",
    .help = "Age of the first line that is in no object yet; 0 if there is none.",
    .labels = {"table"}};

inline constexpr metrics::MetricDef kTransformInvocations{
    .name = "tapelake_delivery_transform_invocations_total",
    .kind = metrics::MetricKind::kCounter,
    .unit = "invocations",
    .help = "Invocations of the Lambda function that makes the lines of raw objects, with retries.",
    .labels = {"table"}};
inline constexpr metrics::MetricDef kTransformFailedInvocations{
    .name = "tapelake_delivery_transform_failed_invocations_total",
    .kind = metrics::MetricKind::kCounter,
    .unit = "invocations",
    .help = "Those that brought no answer, an error, or an answer that is none.",
    .labels = {"table"}};
inline constexpr metrics::MetricDef kTransformDroppedRecords{
    .name = "tapelake_delivery_transform_dropped_records_total",
    .kind = metrics::MetricKind::kCounter,
    .unit = "records",
    .help = "Records that the function dropped: they are in no object.",
    .labels = {"table"}};
inline constexpr metrics::MetricDef kTransformFailedRecords{
    .name = "tapelake_delivery_transform_failed_records_total",
    .kind = metrics::MetricKind::kCounter,
    .unit = "records",
    .help = "Records that were not transformed: error lines of type processing-failed.",
    .labels = {"table"}};

inline constexpr std::array kDeliveryMetrics = {&kRawObjects,
                                                &kRawLines,
                                                &kRawBytes,
                                                &kErrorObjects,
                                                &kErrorLines,
                                                &kOpenObjectAge,
                                                &kTransformInvocations,
                                                &kTransformFailedInvocations,
                                                &kTransformDroppedRecords,
                                                &kTransformFailedRecords};

}  // namespace tapelake::delivery
