#pragma once

/// Transitions as texts.

#include <string>

#include "monitor/alarm_rule.h"
#include "monitor/alarm_watch.h"

namespace tapelake::monitor {

/// `ALARM freshness {table=crypto.transactions}: 2 of 3 data points...`: one line for people. Label
/// values come from outside; control characters in them are shown as `?`.
std::string TransitionWords(const AlarmTransition& change);

/// One JSON object on one line: what the log keeps and the webhook gets. Its `text` is the line for
/// people, where chat systems look for it. Members are part of the API (docs/internals/alarms.md).
std::string TransitionJson(const AlarmRule& rule, const AlarmTransition& change);

}  // namespace tapelake::monitor
