#pragma once

/// Values with a unit as people write them in the configuration. Pure; any thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tapelake::config {

/// A span of time, written `500ms`, `2s`, `10m`, `1h` or `1d`.
struct Duration {
  int64_t micros = 0;
  bool operator==(const Duration&) const = default;
};

/// An amount of bytes, written `4096`, `512KiB`, `256MiB`, `2GiB` (powers of 1024) or `10MB`, `1GB`
/// (powers of 1000).
struct ByteSize {
  int64_t bytes = 0;
  bool operator==(const ByteSize&) const = default;
};

inline constexpr int64_t kMicrosPerMilli = 1'000;
inline constexpr int64_t kMicrosPerSecond = 1'000'000;
inline constexpr int64_t kMicrosPerMinute = 60 * kMicrosPerSecond;
inline constexpr int64_t kMicrosPerHour = 60 * kMicrosPerMinute;
inline constexpr int64_t kMicrosPerDay = 24 * kMicrosPerHour;

/// Parse a whole number with a unit of time; nullopt if it is none or does not fit. `0` needs no
/// unit.
std::optional<Duration> ParseDuration(std::string_view text);

/// The shortest text that ParseDuration reads as the same value.
std::string FormatDuration(Duration duration);

/// Parse a whole number with an optional unit of bytes; nullopt if it is none or does not fit.
std::optional<ByteSize> ParseByteSize(std::string_view text);

/// The shortest text with a power-of-1024 unit that ParseByteSize reads as the same value.
std::string FormatByteSize(ByteSize size);

/// Parse a whole decimal number with optional sign; nullopt if it is none or does not fit 64 bits.
std::optional<int64_t> ParseInteger(std::string_view text);

/// Parse a finite decimal number (`5`, `-0.5`, `1e9`); nullopt if it is none.
std::optional<double> ParseNumber(std::string_view text);

/// The shortest text that ParseNumber reads as the same value.
std::string FormatNumber(double value);

}  // namespace tapelake::config
