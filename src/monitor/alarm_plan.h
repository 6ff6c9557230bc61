#pragma once

/// From the configuration to alarm rules.

#include <vector>

#include "config/config.h"
#include "config/parse.h"
#include "metrics/metric.h"
#include "monitor/alarm_rule.h"

namespace tapelake::monitor {

/// The rules that hold if the configuration says nothing. Thresholds that depend on how slow the
/// configuration wants things to be (commit interval, buffers of the raw layer) follow it.
std::vector<AlarmRule> DefaultRules(const config::Config& config);

/// The rules of a configuration: the default ones, unless they are turned off, and its own, which
/// take the place of default ones of the same name. `known` are all metrics. Mistakes (unknown
/// metrics and labels, statistics, more data points than periods, webhook URLs) are added to
/// `*problems` with their place; the rules are usable only if none was added.
std::vector<AlarmRule> PlanAlarms(const config::Config& config, metrics::MetricList known,
                                  std::vector<config::Problem>* problems);

}  // namespace tapelake::monitor
