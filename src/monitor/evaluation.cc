#include "monitor/evaluation.h"

namespace tapelake::monitor {
namespace {

/// The data points among the periods.
struct Tally {
  int real = 0;
  int breaching = 0;
  int oldest_age = 0;  ///< Periods, the newest is 1.
};

/// Counts from the newest on until `real_max` data points were met.
Tally Count(std::span<const DataPoint> points, int real_max) {
  Tally tally;
  for (size_t i = 0; i < points.size() && tally.real < real_max; ++i) {
    if (points[i] == DataPoint::kMissing) continue;
    ++tally.real;
    tally.breaching += points[i] == DataPoint::kBreaching;
    tally.oldest_age = static_cast<int>(i) + 1;
  }
  return tally;
}

AlarmState StateOf(bool alarm) {
  return alarm ? AlarmState::kAlarm : AlarmState::kOk;
}

std::optional<AlarmState> WithoutData(MissingData missing_data) {
  switch (missing_data) {
    case MissingData::kMissing:
      return AlarmState::kInsufficientData;
    case MissingData::kNotBreaching:
      return AlarmState::kOk;
    case MissingData::kBreaching:
      return AlarmState::kAlarm;
    case MissingData::kIgnore:
      break;
  }
  return std::nullopt;
}

}  // namespace

std::optional<AlarmState> EvaluatePoints(std::span<const DataPoint> points, int evaluation_periods,
                                         int datapoints_to_alarm, MissingData missing_data) {
  const Tally tally = Count(points, evaluation_periods);
  if (tally.real == 0) return WithoutData(missing_data);
  if (tally.breaching >= datapoints_to_alarm) return AlarmState::kAlarm;
  const int missing = evaluation_periods - tally.real;
  if (missing == 0 || missing_data == MissingData::kNotBreaching) return AlarmState::kOk;
  if (missing_data == MissingData::kBreaching) {
    return StateOf(tally.breaching + missing >= datapoints_to_alarm);
  }
  const bool all_breach = tally.breaching == tally.real;
  if (!all_breach || tally.oldest_age < datapoints_to_alarm) return AlarmState::kOk;
  if (missing_data == MissingData::kIgnore) return std::nullopt;
  return AlarmState::kAlarm;
}

}  // namespace tapelake::monitor
