#include "monitor/alarm_rule.h"

#include <charconv>
#include <utility>

namespace tapelake::monitor {
namespace {

constexpr std::pair<std::string_view, Statistic::Kind> kStatistics[] = {
    {"Average", Statistic::Kind::kAverage},
    {"Sum", Statistic::Kind::kSum},
    {"Minimum", Statistic::Kind::kMinimum},
    {"Maximum", Statistic::Kind::kMaximum},
    {"SampleCount", Statistic::Kind::kSampleCount}};
constexpr std::pair<std::string_view, Comparison> kComparisons[] = {
    {"GreaterThanThreshold", Comparison::kGreater},
    {"GreaterThanOrEqualToThreshold", Comparison::kGreaterOrEqual},
    {"LessThanThreshold", Comparison::kLess},
    {"LessThanOrEqualToThreshold", Comparison::kLessOrEqual}};
constexpr std::pair<std::string_view, MissingData> kMissingData[] = {
    {"missing", MissingData::kMissing},
    {"notBreaching", MissingData::kNotBreaching},
    {"breaching", MissingData::kBreaching},
    {"ignore", MissingData::kIgnore}};

template <typename Entries>
auto Find(const Entries& entries, std::string_view text)
    -> std::optional<std::remove_cv_t<decltype(entries[0].second)>> {
  for (const auto& [name, value] : entries) {
    if (name == text) return value;
  }
  return std::nullopt;
}

}  // namespace

std::string_view AlarmStateText(AlarmState state) {
  switch (state) {
    case AlarmState::kOk:
      return "OK";
    case AlarmState::kAlarm:
      return "ALARM";
    case AlarmState::kInsufficientData:
      return "INSUFFICIENT_DATA";
  }
  return "";
}

std::optional<Statistic> ParseStatistic(std::string_view text) {
  if (const auto kind = Find(kStatistics, text)) return Statistic{.kind = *kind};
  if (!text.starts_with('p')) return std::nullopt;
  text.remove_prefix(1);
  double percentile = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), percentile, std::chars_format::fixed);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (!(percentile > 0 && percentile <= 100)) return std::nullopt;
  return Statistic{.kind = Statistic::Kind::kPercentile, .percentile = percentile};
}

std::string StatisticText(Statistic statistic) {
  for (const auto& [name, kind] : kStatistics) {
    if (kind == statistic.kind) return std::string(name);
  }
  char text[32];
  const auto end = std::to_chars(text, text + sizeof(text), statistic.percentile).ptr;
  return "p" + std::string(text, end);
}

std::optional<Comparison> ParseComparison(std::string_view text) {
  return Find(kComparisons, text);
}

std::string_view ComparisonSign(Comparison comparison) {
  switch (comparison) {
    case Comparison::kGreater:
      return ">";
    case Comparison::kGreaterOrEqual:
      return ">=";
    case Comparison::kLess:
      return "<";
    case Comparison::kLessOrEqual:
      return "<=";
  }
  return "";
}

bool Breaches(double value, Comparison comparison, double threshold) {
  switch (comparison) {
    case Comparison::kGreater:
      return value > threshold;
    case Comparison::kGreaterOrEqual:
      return value >= threshold;
    case Comparison::kLess:
      return value < threshold;
    case Comparison::kLessOrEqual:
      return value <= threshold;
  }
  return false;
}

std::optional<MissingData> ParseMissingData(std::string_view text) {
  return Find(kMissingData, text);
}

}  // namespace tapelake::monitor
