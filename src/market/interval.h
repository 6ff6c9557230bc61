#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace tapelake::market {

/// Lengths of bars. Stored in tables as their texts: never rename one.
enum class Interval : uint8_t {
  kSecond = 0,
  kMinute = 1,
  kFiveMinutes = 2,
  kQuarterHour = 3,
  kHour = 4,
  kDay = 5,
};
inline constexpr size_t kIntervals = 6;
inline constexpr std::array<Interval, kIntervals> kAllIntervals = {
    Interval::kSecond,      Interval::kMinute, Interval::kFiveMinutes,
    Interval::kQuarterHour, Interval::kHour,   Interval::kDay};

/// Length in microseconds. Each is a multiple of the one before.
constexpr int64_t IntervalMicros(Interval interval) {
  constexpr std::array<int64_t, kIntervals> kSeconds = {1, 60, 300, 900, 3'600, 86'400};
  return kSeconds[static_cast<size_t>(interval)] * 1'000'000;
}

/// `1s 1m 5m 15m 1h 1d`
constexpr std::string_view IntervalText(Interval interval) {
  constexpr std::array<std::string_view, kIntervals> kTexts = {"1s", "1m", "5m", "15m", "1h", "1d"};
  return kTexts[static_cast<size_t>(interval)];
}

/// The interval a text names; nullopt for any other.
constexpr std::optional<Interval> ParseInterval(std::string_view text) {
  for (const Interval interval : kAllIntervals) {
    if (IntervalText(interval) == text) return interval;
  }
  return std::nullopt;
}

/// Start of the bar that holds `time_micros`, in UTC; also right before 1970.
constexpr int64_t BarStart(Interval interval, int64_t time_micros) {
  const int64_t length = IntervalMicros(interval);
  const int64_t rest = time_micros % length;
  return time_micros - (rest < 0 ? rest + length : rest);
}

}  // namespace tapelake::market
