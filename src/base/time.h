#pragma once

/// Calendar arithmetic on microseconds since 1970-01-01 UTC. Pure; any thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tapelake::base {

inline constexpr int64_t kMicrosPerSecond = 1'000'000;
inline constexpr int64_t kMicrosPerDay = 86'400 * kMicrosPerSecond;

/// A moment taken apart, UTC.
struct CivilTime {
  int year = 1970;
  int month = 1;  // 1..12
  int day = 1;    // 1..31
  int hour = 0;
  int minute = 0;
  int second = 0;
  int microsecond = 0;
};

CivilTime ToCivil(int64_t micros);
int64_t FromCivil(const CivilTime& civil);

/// Result of ParseIso8601.
struct ParsedTime {
  int64_t micros = 0;
  bool exact =
      true;  ///< False if digits beyond the microsecond were not zero (then cut, not rounded).
};

/// Parse `2024-05-01`, `2024-05-01T10:00`, `2024-05-01 10:00:00.123456Z`, `...+02:00`; no zone =
/// UTC. Years 0001..9999; seconds 0..59. Nothing else is accepted: nullopt.
std::optional<ParsedTime> ParseIso8601(std::string_view text);

/// `2024-05-01T10:00:00.123456` (UTC, always six digits, no zone).
std::string FormatIso8601Micros(int64_t micros);

/// `2024-05-01` (UTC).
std::string FormatDate(int64_t micros);

}  // namespace tapelake::base
