#include "config/value.h"

#include <charconv>
#include <cmath>
#include <span>

namespace tapelake::config {
namespace {

struct Unit {
  std::string_view name;
  int64_t factor;
};

// Largest first, so that formatting finds the shortest text.
constexpr Unit kTimeUnits[] = {{"d", kMicrosPerDay},    {"h", kMicrosPerHour},
                               {"m", kMicrosPerMinute}, {"s", kMicrosPerSecond},
                               {"ms", kMicrosPerMilli}, {"us", 1}};
constexpr Unit kBinaryUnits[] = {
    {"TiB", int64_t{1} << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}};
constexpr Unit kByteUnits[] = {{"TiB", int64_t{1} << 40},
                               {"GiB", 1 << 30},
                               {"MiB", 1 << 20},
                               {"KiB", 1 << 10},
                               {"TB", 1'000'000'000'000},
                               {"GB", 1'000'000'000},
                               {"MB", 1'000'000},
                               {"KB", 1'000},
                               {"B", 1},
                               {"", 1}};

std::optional<int64_t> ParseWithUnit(std::string_view text, std::span<const Unit> units) {
  const size_t digits_end = text.find_first_not_of("0123456789");
  std::string_view suffix;
  if (digits_end != std::string_view::npos) {
    suffix = text.substr(digits_end);
    text = text.substr(0, digits_end);
    while (suffix.starts_with(' '))
      suffix.remove_prefix(1);
  }
  const std::optional<int64_t> number = ParseInteger(text);
  if (!number) return std::nullopt;
  if (*number == 0 && suffix.empty()) return 0;
  for (const Unit& unit : units) {
    int64_t value = 0;
    if (unit.name != suffix) continue;
    if (__builtin_mul_overflow(*number, unit.factor, &value)) return std::nullopt;
    return value;
  }
  return std::nullopt;
}

std::string FormatWithUnit(int64_t value, std::span<const Unit> units, std::string_view otherwise) {
  for (const Unit& unit : units) {
    if (value != 0 && value % unit.factor == 0) {
      return std::to_string(value / unit.factor) + std::string(unit.name);
    }
  }
  return std::to_string(value) + std::string(otherwise);
}

}  // namespace

std::optional<Duration> ParseDuration(std::string_view text) {
  const std::optional<int64_t> micros = ParseWithUnit(text, kTimeUnits);
  if (!micros) return std::nullopt;
  return Duration{*micros};
}

std::string FormatDuration(Duration duration) {
  return FormatWithUnit(duration.micros, kTimeUnits, "s");
}

std::optional<ByteSize> ParseByteSize(std::string_view text) {
  const std::optional<int64_t> bytes = ParseWithUnit(text, kByteUnits);
  if (!bytes) return std::nullopt;
  return ByteSize{*bytes};
}

std::string FormatByteSize(ByteSize size) {
  return FormatWithUnit(size.bytes, kBinaryUnits, "");
}

std::optional<int64_t> ParseInteger(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<double> ParseNumber(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole && std::isfinite(value) ? std::optional<double>(value) : std::nullopt;
}

std::string FormatNumber(double value) {
  char text[32];
  const auto [end, error] = std::to_chars(text, text + sizeof(text), value);
  return std::string(text, end);
}

}  // namespace tapelake::config
