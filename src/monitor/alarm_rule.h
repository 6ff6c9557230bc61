#pragma once

/// Alarm rules in CloudWatch's terms. Texts are those of its API.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "metrics/metric.h"

namespace tapelake::monitor {

enum class AlarmState : uint8_t { kOk = 1, kAlarm = 2, kInsufficientData = 3 };
/// `OK`, `ALARM`, `INSUFFICIENT_DATA`: part of the API.
std::string_view AlarmStateText(AlarmState state);

/// What becomes of the samples of one period.
struct Statistic {
  enum class Kind : uint8_t { kAverage, kSum, kMinimum, kMaximum, kSampleCount, kPercentile };
  Kind kind = Kind::kAverage;
  double percentile = 0;  ///< Of kPercentile: above 0, at most 100.
};
/// `Average`, `Sum`, `Minimum`, `Maximum`, `SampleCount`, `p99`, `p99.9`; nullopt for all else.
std::optional<Statistic> ParseStatistic(std::string_view text);
std::string StatisticText(Statistic statistic);

enum class Comparison : uint8_t { kGreater, kGreaterOrEqual, kLess, kLessOrEqual };
/// `GreaterThanThreshold`...; nullopt for all else.
std::optional<Comparison> ParseComparison(std::string_view text);
/// `>`, `>=`, `<`, `<=`.
std::string_view ComparisonSign(Comparison comparison);
bool Breaches(double value, Comparison comparison, double threshold);

/// What counts for a period without samples where too few periods have some.
enum class MissingData : uint8_t { kMissing, kNotBreaching, kBreaching, kIgnore };
std::optional<MissingData> ParseMissingData(std::string_view text);

/// What a change of state does.
struct AlarmActions {
  bool log = true;
  bool webhook = true;
  bool page = true;
};

/// One rule. It makes one alarm for each set of label values that it covers.
struct AlarmRule {
  std::string name;
  const metrics::MetricDef* metric = nullptr;
  /// The value that each label must have; nullopt: any, each an alarm of its own.
  std::array<std::optional<std::string>, metrics::kLabelsMax> labels = {};
  Statistic statistic;
  int64_t period_micros = 60'000'000;
  int evaluation_periods = 1;
  int datapoints_to_alarm = 1;  ///< At most evaluation_periods.
  double threshold = 0;
  Comparison comparison = Comparison::kGreater;
  MissingData missing_data = MissingData::kMissing;
  AlarmActions actions;
};

}  // namespace tapelake::monitor
