#include "base/time.h"

#include <cstdio>

namespace tapelake::base {
namespace {

// Howard Hinnant's days-from-civil and its inverse, proleptic Gregorian calendar.
int64_t DaysFromCivil(int64_t year, int month, int day) {
  year -= month <= 2;
  const int64_t era = (year >= 0 ? year : year - 399) / 400;
  const int64_t year_of_era = year - era * 400;
  const int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;
}

int DaysInMonth(int year, int month) {
  static constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : kDays[month - 1];
}

/// Reads fixed-width numbers off the front of a text.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  bool Digits(size_t width, int* value) {
    if (rest_.size() < width) return false;
    int number = 0;
    for (size_t i = 0; i < width; ++i) {
      if (rest_[i] < '0' || rest_[i] > '9') return false;
      number = number * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(width);
    *value = number;
    return true;
  }
  bool Char(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool Done() const { return rest_.empty(); }

  /// 1 to 18 digits after the point: microseconds, and whether anything finer was not zero.
  bool Fraction(int* micros, bool* exact) {
    int digits = 0;
    *micros = 0;
    while (!rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9') {
      const int digit = rest_.front() - '0';
      rest_.remove_prefix(1);
      if (++digits <= 6) {
        *micros = *micros * 10 + digit;
      } else if (digit != 0) {
        *exact = false;
      }
    }
    for (int i = digits; i < 6; ++i)
      *micros *= 10;
    return digits >= 1 && digits <= 18;
  }

 private:
  std::string_view rest_;
};

bool ScanZone(Scanner* scanner, int* offset_minutes) {
  *offset_minutes = 0;
  if (scanner->Done() || scanner->Char('Z') || scanner->Char('z')) return scanner->Done();
  const bool negative = scanner->Char('-');
  if (!negative && !scanner->Char('+')) return false;
  int hours = 0;
  int minutes = 0;
  if (!scanner->Digits(2, &hours)) return false;
  const bool colon = scanner->Char(':');
  if ((colon || !scanner->Done()) && !scanner->Digits(2, &minutes)) return false;
  if (hours > 18 || minutes > 59 || !scanner->Done()) return false;
  *offset_minutes = (negative ? -1 : 1) * (hours * 60 + minutes);
  return true;
}

bool ScanTimeOfDay(Scanner* scanner, CivilTime* civil, bool* exact) {
  if (!scanner->Digits(2, &civil->hour) || !scanner->Char(':') ||
      !scanner->Digits(2, &civil->minute)) {
    return false;
  }
  if (scanner->Char(':')) {
    if (!scanner->Digits(2, &civil->second)) return false;
    if (scanner->Char('.') && !scanner->Fraction(&civil->microsecond, exact)) return false;
  }
  return civil->hour <= 23 && civil->minute <= 59 && civil->second <= 59;
}

}  // namespace

CivilTime ToCivil(int64_t micros) {
  int64_t days = micros / kMicrosPerDay;
  int64_t rest = micros % kMicrosPerDay;
  if (rest < 0) {
    rest += kMicrosPerDay;
    --days;
  }
  days += 719468;
  const int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  const int64_t day_of_era = days - era * 146097;
  const int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t shifted_month = (5 * day_of_year + 2) / 153;
  CivilTime civil;
  civil.day = static_cast<int>(day_of_year - (153 * shifted_month + 2) / 5 + 1);
  civil.month = static_cast<int>(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
  civil.year = static_cast<int>(year_of_era + era * 400 + (civil.month <= 2 ? 1 : 0));
  civil.microsecond = static_cast<int>(rest % kMicrosPerSecond);
  rest /= kMicrosPerSecond;
  civil.second = static_cast<int>(rest % 60);
  civil.minute = static_cast<int>(rest / 60 % 60);
  civil.hour = static_cast<int>(rest / 3600);
  return civil;
}

int64_t FromCivil(const CivilTime& civil) {
  const int64_t seconds = DaysFromCivil(civil.year, civil.month, civil.day) * 86'400 +
                          civil.hour * 3600 + civil.minute * 60 + civil.second;
  return seconds * kMicrosPerSecond + civil.microsecond;
}

std::optional<ParsedTime> ParseIso8601(std::string_view text) {
  Scanner scanner(text);
  CivilTime civil;
  ParsedTime parsed;
  if (!scanner.Digits(4, &civil.year) || !scanner.Char('-') || !scanner.Digits(2, &civil.month) ||
      !scanner.Char('-') || !scanner.Digits(2, &civil.day)) {
    return std::nullopt;
  }
  if (civil.year < 1 || civil.month < 1 || civil.month > 12 || civil.day < 1 ||
      civil.day > DaysInMonth(civil.year, civil.month)) {
    return std::nullopt;
  }
  int offset_minutes = 0;
  if (!scanner.Done()) {
    if (!scanner.Char('T') && !scanner.Char('t') && !scanner.Char(' ')) return std::nullopt;
    if (!ScanTimeOfDay(&scanner, &civil, &parsed.exact)) return std::nullopt;
    if (!ScanZone(&scanner, &offset_minutes)) return std::nullopt;
  }
  parsed.micros = FromCivil(civil) - offset_minutes * 60 * kMicrosPerSecond;
  return parsed;
}

std::string FormatIso8601Micros(int64_t micros) {
  const CivilTime c = ToCivil(micros);
  char buffer[64];
  std::snprintf(buffer, sizeof(buffer), "%04d-%02d-%02dT%02d:%02d:%02d.%06d", c.year, c.month,
                c.day, c.hour, c.minute, c.second, c.microsecond);
  return buffer;
}

std::string FormatDate(int64_t micros) {
  const CivilTime c = ToCivil(micros);
  char buffer[48];
  std::snprintf(buffer, sizeof(buffer), "%04d-%02d-%02d", c.year, c.month, c.day);
  return buffer;
}

}  // namespace tapelake::base
