#include "transform/json_text.h"

#include <algorithm>
#include <cstring>

#include "base/decimal.h"

namespace tapelake::transform {
namespace {

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

/// Four hexadecimal digits, or -1.
int32_t ReadHex4(const char* from, const char* end) {
  if (end - from < 4) return -1;
  int32_t value = 0;
  for (int i = 0; i < 4; ++i) {
    const char c = from[i];
    int digit = -1;
    if (IsDigit(c)) digit = c - '0';
    if (c >= 'a' && c <= 'f') digit = c - 'a' + 10;
    if (c >= 'A' && c <= 'F') digit = c - 'A' + 10;
    if (digit < 0) return -1;
    value = value << 4 | digit;
  }
  return value;
}

char* AppendUtf8(uint32_t code, char* to) {
  if (code < 0x80) {
    *to++ = static_cast<char>(code);
  } else if (code < 0x800) {
    *to++ = static_cast<char>(0xC0 | code >> 6);
    *to++ = static_cast<char>(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    *to++ = static_cast<char>(0xE0 | code >> 12);
    *to++ = static_cast<char>(0x80 | (code >> 6 & 0x3F));
    *to++ = static_cast<char>(0x80 | (code & 0x3F));
  } else {
    *to++ = static_cast<char>(0xF0 | code >> 18);
    *to++ = static_cast<char>(0x80 | (code >> 12 & 0x3F));
    *to++ = static_cast<char>(0x80 | (code >> 6 & 0x3F));
    *to++ = static_cast<char>(0x80 | (code & 0x3F));
  }
  return to;
}

/// Reads what follows `\u`, both halves of a surrogate pair if it is one.
bool ReadUnicodeEscape(const char** from, const char* end, uint32_t* code) {
  const int32_t first = ReadHex4(*from, end);
  if (first < 0) return false;
  *from += 4;
  *code = static_cast<uint32_t>(first);
  if (first < 0xD800 || first > 0xDFFF) return true;
  if (first > 0xDBFF || end - *from < 6 || (*from)[0] != '\\' || (*from)[1] != 'u') return false;
  const int32_t second = ReadHex4(*from + 2, end);
  if (second < 0xDC00 || second > 0xDFFF) return false;
  *from += 6;
  *code = 0x10000 +
          (static_cast<uint32_t>(first - 0xD800) << 10 | static_cast<uint32_t>(second - 0xDC00));
  return true;
}

/// The character a one-letter escape stands for; 0 if there is none.
char SimpleEscape(char c) {
  switch (c) {
    case '"':
    case '\\':
    case '/':
      return c;
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return 0;
  }
}

bool IsJsonNumber(std::string_view text) {
  const char* p = text.data();
  const char* end = p + text.size();
  const auto skip_digits = [&] {
    const char* from = p;
    while (p < end && IsDigit(*p))
      ++p;
    return p - from;
  };
  if (p < end && *p == '-') ++p;
  const char* integer = p;
  const auto integer_digits = skip_digits();
  if (integer_digits == 0 || (integer_digits > 1 && *integer == '0')) return false;
  if (p < end && *p == '.') {
    ++p;
    if (skip_digits() == 0) return false;
  }
  if (p < end && (*p == 'e' || *p == 'E')) {
    ++p;
    if (p < end && (*p == '+' || *p == '-')) ++p;
    if (skip_digits() == 0) return false;
  }
  return p == end;
}

/// A number as sign, digits without zeros at either end, and where the point stands among them:
/// value = 0.digits * 10^point.
struct Magnitude {
  bool negative = false;
  std::string digits;  // empty: zero
  int64_t point = 0;
};

Magnitude MagnitudeOf(std::string_view text) {
  constexpr int64_t kExponentMax = int64_t{1} << 50;
  Magnitude out;
  size_t i = 0;
  if (i < text.size() && (text[i] == '-' || text[i] == '+')) out.negative = text[i++] == '-';
  bool after_point = false;
  for (; i < text.size() && text[i] != 'e' && text[i] != 'E'; ++i) {
    if (text[i] == '.') {
      after_point = true;
      continue;
    }
    if (!after_point) ++out.point;
    if (out.digits.empty() && text[i] == '0') {
      --out.point;
      continue;
    }
    out.digits.push_back(text[i]);
  }
  int64_t exponent = 0;
  bool negative_exponent = false;
  for (++i; i < text.size(); ++i) {
    if (text[i] == '-') negative_exponent = true;
    if (IsDigit(text[i])) exponent = std::min(exponent * 10 + (text[i] - '0'), kExponentMax);
  }
  out.point += negative_exponent ? -exponent : exponent;
  while (!out.digits.empty() && out.digits.back() == '0')
    out.digits.pop_back();
  if (out.digits.empty()) out = Magnitude{};
  return out;
}

}  // namespace

char* CopyOnOneLine(std::string_view json, char* to) {
  if (json.find('\n') == json.npos) [[likely]] {
    std::memcpy(to, json.data(), json.size());
    return to + json.size();
  }
  bool in_string = false;
  for (size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (!in_string && (c == ' ' || c == '\n' || c == '\r' || c == '\t')) continue;
    *to++ = c;
    if (c == '"') in_string = !in_string;
    if (c == '\\' && in_string) *to++ = json[++i];
  }
  return to;
}

char* UnescapeJson(std::string_view text, char* to) {
  const char* p = text.data();
  const char* end = p + text.size();
  while (p < end) {
    const auto* slash =
        static_cast<const char*>(std::memchr(p, '\\', static_cast<size_t>(end - p)));
    const char* stop = slash == nullptr ? end : slash;
    std::memcpy(to, p, static_cast<size_t>(stop - p));
    to += stop - p;
    if (slash == nullptr) return to;
    if (slash + 1 == end) return nullptr;
    p = slash + 2;
    if (slash[1] == 'u') {
      uint32_t code = 0;
      if (!ReadUnicodeEscape(&p, end, &code)) return nullptr;
      to = AppendUtf8(code, to);
      continue;
    }
    const char plain = SimpleEscape(slash[1]);
    if (plain == 0) return nullptr;
    *to++ = plain;
  }
  return to;
}

NumberForm ClassifyNumber(std::string_view text) {
  if (IsPlainNumber(text)) return NumberForm::kJson;
  if (IsJsonNumber(text)) return NumberForm::kJson;
  return base::IsDecimalNumber(text) ? NumberForm::kDecimal : NumberForm::kNone;
}

void AppendAsJsonNumber(std::string_view text, std::string* out) {
  if (text.front() == '-') out->push_back('-');
  if (text.front() == '-' || text.front() == '+') text.remove_prefix(1);
  const size_t exponent_at = std::min(text.find_first_of("eE"), text.size());
  const std::string_view mantissa = text.substr(0, exponent_at);
  const size_t point = std::min(mantissa.find('.'), mantissa.size());
  std::string_view integer = mantissa.substr(0, point);
  while (integer.size() > 1 && integer.front() == '0')
    integer.remove_prefix(1);
  out->append(integer.empty() ? "0" : integer);
  if (mantissa.size() > point + 1) out->append(mantissa.substr(point));
  out->append(text.substr(exponent_at));
}

int CompareNumbers(std::string_view left, std::string_view right) {
  const Magnitude a = MagnitudeOf(left);
  const Magnitude b = MagnitudeOf(right);
  const auto sign = [](const Magnitude& m) { return m.digits.empty() ? 0 : m.negative ? -1 : 1; };
  if (sign(a) != sign(b)) return sign(a) < sign(b) ? -1 : 1;
  int order = 0;
  if (a.point != b.point) {
    order = a.point < b.point ? -1 : 1;
  } else {
    const int compared = a.digits.compare(b.digits);
    order = (compared > 0) - (compared < 0);
  }
  return sign(a) < 0 ? -order : order;
}

}  // namespace tapelake::transform
