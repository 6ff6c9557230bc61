#include "cli/words.h"

#include <cstdio>

namespace tapelake::cli {
namespace {

std::string WithDigits(double value, const char* unit) {
  char text[64];
  std::snprintf(text, sizeof(text), value < 10 ? "%.1f %s" : "%.0f %s", value, unit);
  return text;
}

}  // namespace

std::string Grouped(int64_t number) {
  std::string digits = std::to_string(number);
  const size_t first = digits.starts_with('-') ? 1 : 0;
  for (size_t at = digits.size(); at > first + 3;) {
    at -= 3;
    digits.insert(at, ",");
  }
  return digits;
}

std::string Counted(int64_t number, const std::string& noun) {
  return Grouped(number) + " " + noun + (number == 1 ? "" : "s");
}

std::string SizeWords(int64_t bytes) {
  constexpr const char* kUnits[] = {"KiB", "MiB", "GiB", "TiB"};
  if (bytes < 1024) return std::to_string(bytes) + " B";
  double value = static_cast<double>(bytes) / 1024;
  size_t unit = 0;
  while (value >= 1023.5 && unit + 1 < std::size(kUnits)) {
    value /= 1024;
    ++unit;
  }
  return WithDigits(value, kUnits[unit]);
}

std::string SpanWords(int64_t micros) {
  const double seconds = micros < 0 ? 0 : static_cast<double>(micros) / 1e6;
  if (seconds < 100) return WithDigits(seconds, "s");
  if (seconds < 100 * 60) return WithDigits(seconds / 60, "min");
  if (seconds < 48 * 3600) return WithDigits(seconds / 3600, "h");
  return WithDigits(seconds / 86400, "d");
}

std::string RateWords(double per_second) {
  if (per_second >= 100) return Grouped(static_cast<int64_t>(per_second + 0.5));
  char text[32];
  std::snprintf(text, sizeof(text), "%.1f", per_second);
  return text;
}

std::string Printable(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) c = '?';
  }
  return out;
}

std::string Padded(std::string text, size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}

}  // namespace tapelake::cli
