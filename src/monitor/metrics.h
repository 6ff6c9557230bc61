#pragma once

/// The metrics of the alarms themselves.

#include "metrics/metric.h"

namespace tapelake::monitor {

inline constexpr metrics::MetricDef kActiveAlarms{.name = "tapelake_monitor_active_alarms",
                                                  .unit = "alarms",
                                                  .help = "Alarms in state ALARM, by rule.",
                                                  .labels = {"rule"}};
inline constexpr metrics::MetricDef kTransitions{
    .name = "tapelake_monitor_alarm_transitions_total",
    .kind = metrics::MetricKind::kCounter,
    .unit = "transitions",
    .help = "Changes of an alarm's state, by rule and new state.",
    .labels = {"rule", "state"}};
inline constexpr metrics::MetricDef kRefusedAlarms{
    .name = "tapelake_monitor_refused_alarms",
    .unit = "alarms",
    .help = "Series without an alarm because their rule has too many already, by rule.",
    .labels = {"rule"}};
inline constexpr metrics::MetricDef kLogFailures{
    .name = "tapelake_monitor_log_failures_total",
    .kind = metrics::MetricKind::kCounter,
    .unit = "failures",
    .help =
        "Tries to write to the alarm log that failed; what they held comes with the next "
        "transition."};
inline constexpr metrics::MetricDef kWebhookPosts{.name = "tapelake_monitor_webhook_posts_total",
                                                  .kind = metrics::MetricKind::kCounter,
                                                  .unit = "posts",
                                                  .help = "Messages that the webhook took."};
inline constexpr metrics::MetricDef kWebhookFailures{
    .name = "tapelake_monitor_webhook_failures_total",
    .kind = metrics::MetricKind::kCounter,
    .unit = "failures",
    .help = "Tries to reach the webhook that failed; most are tried again."};
inline constexpr metrics::MetricDef kWebhookLost{
    .name = "tapelake_monitor_webhook_lost_messages_total",
    .kind = metrics::MetricKind::kCounter,
    .unit = "messages",
    .help =
        "Messages given up: after the last try, refused by the receiver, or pushed out of a "
        "full queue."};

inline constexpr std::array kMonitorMetrics = {&kActiveAlarms, &kTransitions,  &kRefusedAlarms,
                                               &kLogFailures,  &kWebhookPosts, &kWebhookFailures,
                                               &kWebhookLost};

}  // namespace tapelake::monitor
