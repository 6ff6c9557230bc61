#pragma once

/// The metrics of the HTTP port and of the AWS-compatible door.

#include "metrics/metric.h"

namespace tapelake::serve {

inline constexpr metrics::MetricDef kHttpRequests{
    .name = "tapelake_http_requests_total",
    .kind = metrics::MetricKind::kCounter,
    .unit = "requests",
    .help =
        "HTTP requests by route (its pattern, not the path; `file`: the page; `refused`: no "
        "handler was asked) and class of status (2xx).",
    .labels = {"route", "status"}};
inline constexpr metrics::MetricDef kHttpDuration{
    .name = "tapelake_http_request_duration_seconds",
    .kind = metrics::MetricKind::kHistogram,
    .unit = "seconds",
    .help = "Time that a route's handler took to make its answer.",
    .labels = {"route"},
    .buckets = metrics::kDurationBuckets};
inline constexpr metrics::MetricDef kHttpConnections{.name = "tapelake_http_open_connections",
                                                     .unit = "connections",
                                                     .help = "Connections open now."};
inline constexpr metrics::MetricDef kLiveClients{.name = "tapelake_live_connected_clients",
                                                 .unit = "clients",
                                                 .help = "Clients of the live stream."};
inline constexpr metrics::MetricDef kLiveEvents{.name = "tapelake_live_sent_events_total",
                                                .kind = metrics::MetricKind::kCounter,
                                                .unit = "events",
                                                .help = "Events sent to live clients."};
inline constexpr metrics::MetricDef kLiveBytes{.name = "tapelake_live_sent_bytes_total",
                                               .kind = metrics::MetricKind::kCounter,
                                               .unit = "bytes",
                                               .help = "Bytes sent to live clients."};
inline constexpr metrics::MetricDef kLiveSkipped{
    .name = "tapelake_live_skipped_updates_total",
    .kind = metrics::MetricKind::kCounter,
    .unit = "updates",
    .help =
        "Updates that a client did not get one by one because it was too slow: the next one "
        "held their content."};

inline constexpr metrics::MetricDef kAwsRequests{
    .name = "tapelake_aws_requests_total",
    .kind = metrics::MetricKind::kCounter,
    .unit = "requests",
    .help =
        "Requests of the AWS-compatible door by service and operation (`other`: none that it "
        "serves) and outcome: `OK`, or the type of the error.",
    .labels = {"service", "operation", "outcome"}};
inline constexpr metrics::MetricDef kAwsDuration{
    .name = "tapelake_aws_request_duration_seconds",
    .kind = metrics::MetricKind::kHistogram,
    .unit = "seconds",
    .help =
        "Time that the AWS-compatible door took to make an answer; a put's includes the wait for "
        "the disk.",
    .labels = {"service", "operation"},
    .buckets = metrics::kDurationBuckets};
inline constexpr metrics::MetricDef kAwsConnections{
    .name = "tapelake_aws_open_connections",
    .unit = "connections",
    .help = "Connections to the AWS-compatible door open now."};

inline constexpr metrics::MetricDef kAwsCertificate{
    .name = "tapelake_aws_certificate_left_seconds",
    .unit = "seconds",
    .help = "Time until the certificate of the AWS-compatible door ends; none without TLS."};

inline constexpr std::array kServeMetrics = {&kHttpRequests,   &kHttpDuration,  &kHttpConnections,
                                             &kLiveClients,    &kLiveEvents,    &kLiveBytes,
                                             &kLiveSkipped,    &kAwsRequests,   &kAwsDuration,
                                             &kAwsConnections, &kAwsCertificate};

}  // namespace tapelake::serve
