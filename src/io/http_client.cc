#include "io/http_client.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

#include "base/time.h"

namespace tapelake::io {
namespace {

/// The number that `digits` consists of; -1 if it is none.
int NumberOf(std::string_view digits) {
  int number = 0;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  const bool whole = parsed.ec == std::errc() && parsed.ptr == digits.data() + digits.size();
  return whole && digits.front() != '-' ? number : -1;
}

constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
// 1970-01-01 was a Thursday.
constexpr std::array<std::string_view, 7> kWeekdays = {"Thu", "Fri", "Sat", "Sun",
                                                       "Mon", "Tue", "Wed"};

}  // namespace

const std::string* HttpResponse::Find(std::string_view name) const {
  const auto found = std::ranges::find(headers, name, &HttpHeader::name);
  return found == headers.end() ? nullptr : &found->value;
}

std::optional<int64_t> ParseHttpDate(std::string_view text) {
  static constexpr std::string_view kForm = "www, dd mmm yyyy hh:mm:ss GMT";
  if (text.size() != kForm.size()) return std::nullopt;
  for (size_t i = 0; i < kForm.size(); ++i) {
    const bool fixed = kForm.substr(i, 1).find_first_of(", :GMT") != std::string_view::npos;
    if (fixed && text[i] != kForm[i]) return std::nullopt;
  }
  const auto month = std::ranges::find(kMonths, text.substr(8, 3));
  const base::CivilTime civil{.year = NumberOf(text.substr(12, 4)),
                              .month = static_cast<int>(month - kMonths.begin()) + 1,
                              .day = NumberOf(text.substr(5, 2)),
                              .hour = NumberOf(text.substr(17, 2)),
                              .minute = NumberOf(text.substr(20, 2)),
                              .second = NumberOf(text.substr(23, 2))};
  if (month == kMonths.end() || civil.year < 1 || civil.day < 1 || civil.day > 31 ||
      civil.hour < 0 || civil.hour > 23 || civil.minute < 0 || civil.minute > 59 ||
      civil.second < 0 || civil.second > 60) {
    return std::nullopt;
  }
  return base::FromCivil(civil);
}

std::string FormatHttpDate(int64_t micros) {
  const base::CivilTime c = base::ToCivil(micros);
  const int64_t day =
      base::FromCivil({.year = c.year, .month = c.month, .day = c.day}) / base::kMicrosPerDay;
  const auto weekday = static_cast<size_t>((day % 7 + 7) % 7);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%s, %02d %s %04d %02d:%02d:%02d GMT",
                kWeekdays[weekday].data(), c.day, kMonths[static_cast<size_t>(c.month - 1)].data(),
                c.year, c.hour, c.minute, c.second);
  return text.data();
}

}  // namespace tapelake::io
