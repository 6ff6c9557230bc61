#include "market/fixed_int.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace tapelake::market {
namespace {

constexpr int kDigitsPerStep = 18;  // 10^18 fits into one word

constexpr uint64_t PowerOfTen(int exponent) {
  uint64_t power = 1;
  for (int i = 0; i < exponent; ++i)
    power *= 10;
  return power;
}

}  // namespace

template <size_t kWords>
double FixedInt<kWords>::ToDouble() const {
  const FixedInt magnitude = Magnitude();
  size_t used = kWords;
  while (used > 0 && magnitude.words_[used - 1] == 0)
    --used;
  if (used == 0) return 0;
  // The top 64 bits, the lowest of them standing for all that is below: far enough from the 53rd
  // bit to round as the whole would.
  const uint64_t high = magnitude.words_[used - 1];
  const int gap = std::countl_zero(high);
  uint64_t top = high << gap;
  bool below = false;
  if (used > 1) {
    if (gap > 0) top |= magnitude.words_[used - 2] >> (64 - gap);
    below = magnitude.words_[used - 2] << gap != 0;
    for (size_t i = 0; i + 2 < used; ++i)
      below |= magnitude.words_[i] != 0;
  }
  if (below) top |= 1;
  const double value = std::ldexp(static_cast<double>(top), static_cast<int>(used - 1) * 64 - gap);
  return negative() ? -value : value;
}

template <size_t kWords>
double FixedInt<kWords>::ToDouble(int scale) const {
  // Powers up to 10^22 are exact doubles; what is beyond them costs one more rounding.
  constexpr int kExactPower = 22;
  double value = ToDouble();
  for (; scale > kExactPower; scale -= kExactPower)
    value /= 1e22;
  static constexpr std::array<double, kExactPower + 1> kPowers = {
      1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
      1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
  return value / kPowers[static_cast<size_t>(scale)];
}

template <size_t kWords>
uint64_t FixedInt<kWords>::DivideMagnitude(uint64_t divisor) {
  base::UInt128 rest = 0;
  for (size_t i = kWords; i-- > 0;) {
    rest = rest << 64 | words_[i];
    words_[i] = static_cast<uint64_t>(rest / divisor);
    rest %= divisor;
  }
  return static_cast<uint64_t>(rest);
}

template <size_t kWords>
FixedInt<kWords> FixedInt<kWords>::DividedByPowerOfTen(int digits) const {
  if (digits == 0) return *this;
  FixedInt quotient = Magnitude();
  bool below = false;  // whether anything was dropped behind the last digit
  for (--digits; digits > 0; digits -= kDigitsPerStep)
    below |= quotient.DivideMagnitude(PowerOfTen(std::min(digits, kDigitsPerStep))) != 0;
  const uint64_t digit = quotient.DivideMagnitude(10);
  const bool odd = (quotient.words_[0] & 1) != 0;
  if (digit > 5 || (digit == 5 && (below || odd))) quotient += FixedInt(1);
  return negative() ? -quotient : quotient;
}

template <size_t kWords>
std::string FixedInt<kWords>::ToDecimal(int scale) const {
  FixedInt rest = Magnitude();
  std::string text;  // backwards
  do {
    uint64_t digits = rest.DivideMagnitude(PowerOfTen(kDigitsPerStep));
    for (int i = 0; i < kDigitsPerStep; ++i) {
      text.push_back(static_cast<char>('0' + digits % 10));
      digits /= 10;
    }
  } while (!rest.zero());
  const auto places = static_cast<size_t>(scale);
  const size_t last = text.find_last_not_of('0');
  text.resize(std::max(last == std::string::npos ? 0 : last + 1, places + 1), '0');
  if (places > 0) text.insert(places, 1, '.');
  if (negative()) text.push_back('-');
  std::reverse(text.begin(), text.end());
  return text;
}

template class FixedInt<2>;
template class FixedInt<3>;
template class FixedInt<5>;
template class FixedInt<6>;  // 6 and 9: differences of products
template class FixedInt<8>;
template class FixedInt<9>;

}  // namespace tapelake::market
