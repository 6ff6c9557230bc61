#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "monitor/alarm_rule.h"

namespace tapelake::monitor {

/// What is known of one period.
enum class DataPoint : uint8_t { kMissing, kWithin, kBreaching };

/// Periods looked at beyond the evaluation periods, so that old data points can stand in for
/// missing ones. CloudWatch's tables show five for three.
inline constexpr int kExtraPeriods = 2;

/// The state that `points`, newest first, stand for; nullopt: the alarm keeps its state. Pure.
///
/// CloudWatch's rules:
/// - As many data points as evaluation periods, or more: the newest of them decide, and how missing
///   data is treated does not matter.
/// - Fewer: all of them count, and only as many missing ones as are needed are filled in.
/// - Filled in as `missing` or `ignore`, an alarm also begins if every data point breaches and the
///   oldest is at least `datapoints_to_alarm` periods old: waiting could not change it (`ignore`
///   keeps the state then).
std::optional<AlarmState> EvaluatePoints(std::span<const DataPoint> points, int evaluation_periods,
                                         int datapoints_to_alarm, MissingData missing_data);

}  // namespace tapelake::monitor
