#include "base/decimal.h"

#include <algorithm>
#include <array>

namespace tapelake::base {
namespace {

constexpr std::array<UInt128, kDecimalPrecisionMax + 1> MakePowersOfTen() {
  std::array<UInt128, kDecimalPrecisionMax + 1> powers{};
  powers[0] = 1;
  for (int i = 1; i <= kDecimalPrecisionMax; ++i)
    powers[i] = powers[i - 1] * 10;
  return powers;
}
constexpr auto kPowersOfTen = MakePowersOfTen();

/// The pieces of decimal text; views into it.
struct DecimalText {
  bool negative = false;
  std::string_view integer;   // digits before the point
  std::string_view fraction;  // digits after it
  int64_t exponent = 0;       // clamped to +-1,000,000
};

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

std::string_view TakeDigits(std::string_view* text) {
  size_t size = 0;
  while (size < text->size() && IsDigit((*text)[size]))
    ++size;
  std::string_view digits = text->substr(0, size);
  text->remove_prefix(size);
  return digits;
}

bool TakeSign(std::string_view* text) {
  if (text->empty() || (text->front() != '-' && text->front() != '+')) return false;
  const bool negative = text->front() == '-';
  text->remove_prefix(1);
  return negative;
}

bool SplitDecimal(std::string_view text, DecimalText* out) {
  out->negative = TakeSign(&text);
  out->integer = TakeDigits(&text);
  if (!text.empty() && text.front() == '.') {
    text.remove_prefix(1);
    out->fraction = TakeDigits(&text);
  }
  if (out->integer.empty() && out->fraction.empty()) return false;
  if (text.empty()) return true;
  if (text.front() != 'e' && text.front() != 'E') return false;
  text.remove_prefix(1);
  const bool negative_exponent = TakeSign(&text);
  const std::string_view digits = TakeDigits(&text);
  if (digits.empty() || !text.empty()) return false;
  int64_t exponent = 0;
  for (char c : digits)
    exponent = std::min<int64_t>(exponent * 10 + (c - '0'), 1'000'000);
  out->exponent = negative_exponent ? -exponent : exponent;
  return true;
}

/// The common case without 128-bit steps: at most 18 digits, no exponent, surely within precision.
/// Return false, for the general way to decide, whenever anything is unusual.
bool ParseShortDecimal(std::string_view text, int precision, int scale, Int128* scaled) {
  constexpr size_t kCharactersMax = 20;  // sign, point, 18 digits
  if (text.empty() || text.size() > kCharactersMax) return false;
  const bool negative = text.front() == '-';
  const char* at = text.data() + (negative ? 1 : 0);
  const char* end = text.data() + text.size();
  uint64_t value = 0;
  const auto take_digits = [&at, end, &value] {
    const char* begin = at;
    for (; at < end; ++at) {
      const auto digit = static_cast<unsigned>(*at) - '0';
      if (digit > 9) break;
      value = value * 10 + digit;
    }
    return static_cast<int>(at - begin);
  };
  int digits = take_digits();
  int fraction_digits = 0;
  if (at < end && *at == '.') {
    ++at;
    fraction_digits = take_digits();
    digits += fraction_digits;
  }
  const int shift = scale - fraction_digits;
  if (at != end || digits == 0 || digits > 18 || shift < 0 || digits + shift > precision) {
    return false;
  }
  const UInt128 magnitude = value * kPowersOfTen[shift];
  *scaled = negative ? -static_cast<Int128>(magnitude) : static_cast<Int128>(magnitude);
  return true;
}

}  // namespace

DecimalOutcome ParseDecimal(std::string_view text, int precision, int scale, Int128* scaled) {
  if (ParseShortDecimal(text, precision, scale, scaled)) return DecimalOutcome::kOk;
  DecimalText parts;
  if (!SplitDecimal(text, &parts)) return DecimalOutcome::kNotANumber;
  UInt128 value = 0;
  const UInt128 limit = kPowersOfTen[precision];
  // `shift` is the power of ten that the digits read so far still lack.
  int64_t shift = scale + parts.exponent + static_cast<int64_t>(parts.integer.size());
  auto take = [&](std::string_view digits) {
    for (char c : digits) {
      const unsigned digit = static_cast<unsigned>(c - '0');
      if (--shift < 0) {
        if (digit != 0) return false;  // would round
        continue;
      }
      if (value >= limit) return false;
      value = value * 10 + digit;
    }
    return true;
  };
  if (!take(parts.integer) || !take(parts.fraction)) return DecimalOutcome::kDoesNotFit;
  if (value != 0 && shift > 0) {
    if (shift > precision || value >= limit) return DecimalOutcome::kDoesNotFit;
    if (value >= (limit + kPowersOfTen[shift] - 1) / kPowersOfTen[shift]) {
      return DecimalOutcome::kDoesNotFit;
    }
    value *= kPowersOfTen[shift];
  }
  if (value >= limit) return DecimalOutcome::kDoesNotFit;
  *scaled = parts.negative ? -static_cast<Int128>(value) : static_cast<Int128>(value);
  return DecimalOutcome::kOk;
}

bool IsDecimalNumber(std::string_view text) {
  DecimalText parts;
  return SplitDecimal(text, &parts);
}

void AppendDecimal(Int128 scaled, int scale, std::string* out) {
  char digits[48];
  int count = 0;
  UInt128 rest = scaled < 0 ? -static_cast<UInt128>(scaled) : static_cast<UInt128>(scaled);
  do {
    digits[count++] = static_cast<char>('0' + static_cast<int>(rest % 10));
    rest /= 10;
  } while (rest != 0);
  while (count <= scale)
    digits[count++] = '0';
  if (scaled < 0) out->push_back('-');
  for (int i = count - 1; i >= 0; --i) {
    out->push_back(digits[i]);
    if (i == scale && scale > 0) out->push_back('.');
  }
}

std::string FormatDecimal(Int128 scaled, int scale) {
  std::string out;
  AppendDecimal(scaled, scale, &out);
  return out;
}

}  // namespace tapelake::base
