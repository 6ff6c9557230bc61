#include "query/exact_arithmetic.h"

#include <array>
#include <cstdint>

namespace tapelake::query {
namespace {

using base::Int128;
using base::UInt128;

constexpr UInt128 PowerOfTen(int exponent) {
  UInt128 power = 1;
  for (int i = 0; i < exponent; ++i)
    power *= 10;
  return power;
}

constexpr UInt128 kMagnitudeEnd = PowerOfTen(38);
constexpr int kDigitsPerStep = 18;  // 10^18 fits into one 64-bit limb

/// An unsigned integer of 384 bits: enough for 38 digits times 10^56.
struct Wide {
  std::array<uint64_t, 6> limbs = {};  // least significant first

  explicit Wide(UInt128 value)
      : limbs{static_cast<uint64_t>(value), static_cast<uint64_t>(value >> 64)} {}

  void MultiplyAdd(uint64_t factor, uint64_t addend) {
    UInt128 carry = addend;
    for (uint64_t& limb : limbs) {
      carry += static_cast<UInt128>(limb) * factor;
      limb = static_cast<uint64_t>(carry);
      carry >>= 64;
    }
  }

  void MultiplyByPowerOfTen(int exponent) {
    for (; exponent > 0; exponent -= kDigitsPerStep) {
      MultiplyAdd(
          static_cast<uint64_t>(PowerOfTen(exponent < kDigitsPerStep ? exponent : kDigitsPerStep)),
          0);
    }
  }

  uint64_t DivideBySmall(uint64_t divisor) {
    size_t used = limbs.size();
    while (used > 0 && limbs[used - 1] == 0)
      --used;
    UInt128 rest = 0;
    for (size_t i = used; i-- > 0;) {
      rest = rest << 64 | limbs[i];
      limbs[i] = static_cast<uint64_t>(rest / divisor);
      rest %= divisor;
    }
    return static_cast<uint64_t>(rest);
  }

  // Half away from zero looks only at the first digit that is dropped.
  void DivideByPowerOfTenRounded(int exponent) {
    for (; exponent > kDigitsPerStep; exponent -= kDigitsPerStep) {
      DivideBySmall(static_cast<uint64_t>(PowerOfTen(kDigitsPerStep)));
    }
    if (exponent == 0) return;
    DivideBySmall(static_cast<uint64_t>(PowerOfTen(exponent - 1)));
    const uint64_t digit = DivideBySmall(10);
    if (digit >= 5) MultiplyAdd(1, 1);
  }

  bool FitsUInt128() const { return (limbs[2] | limbs[3] | limbs[4] | limbs[5]) == 0; }
  UInt128 ToUInt128() const { return static_cast<UInt128>(limbs[1]) << 64 | limbs[0]; }
};

UInt128 Magnitude(Int128 value) {
  return value < 0 ? -static_cast<UInt128>(value) : static_cast<UInt128>(value);
}

Wide Multiply(UInt128 left, UInt128 right) {
  // left * (high * 2^64 + low): multiply by high, move up one limb, add left * low.
  Wide high(left);
  high.MultiplyAdd(static_cast<uint64_t>(right >> 64), 0);
  Wide low(left);
  low.MultiplyAdd(static_cast<uint64_t>(right), 0);
  UInt128 carry = 0;
  for (size_t i = 1; i < low.limbs.size(); ++i) {
    carry += static_cast<UInt128>(low.limbs[i]) + high.limbs[i - 1];
    low.limbs[i] = static_cast<uint64_t>(carry);
    carry >>= 64;
  }
  return low;
}

std::optional<Int128> Signed(const Wide& magnitude, bool negative) {
  if (!magnitude.FitsUInt128() || magnitude.ToUInt128() >= kMagnitudeEnd) return std::nullopt;
  const auto value = static_cast<Int128>(magnitude.ToUInt128());
  return negative ? -value : value;
}

// Bit by bit: only quotients whose numerator outgrows 128 bits come here. The rest stays below
// 2 * divisor < 2^128, because divisors are below 10^38 < 2^127.
Wide DivideRounded(Wide numerator, UInt128 divisor) {
  UInt128 rest = 0;
  for (size_t i = numerator.limbs.size(); i-- > 0;) {
    uint64_t quotient = 0;
    for (int bit = 63; bit >= 0; --bit) {
      rest = rest << 1 | (numerator.limbs[i] >> bit & 1);
      quotient <<= 1;
      if (rest >= divisor) {
        rest -= divisor;
        quotient |= 1;
      }
    }
    numerator.limbs[i] = quotient;
  }
  if (rest >= divisor - rest) numerator.MultiplyAdd(1, 1);
  return numerator;
}

}  // namespace

std::optional<Int128> ExactProduct(const ScaledDecimal& left, const ScaledDecimal& right) {
  Wide product = Multiply(Magnitude(left.value), Magnitude(right.value));
  const int surplus = left.scale + right.scale - kExactScale;
  if (surplus >= 0) {
    product.DivideByPowerOfTenRounded(surplus);
  } else {
    product.MultiplyByPowerOfTen(-surplus);
  }
  return Signed(product, (left.value < 0) != (right.value < 0));
}

std::optional<Int128> ExactRatio(const ScaledDecimal& left, const ScaledDecimal& right) {
  if (right.value == 0) return std::nullopt;
  const UInt128 divisor = Magnitude(right.value);
  const bool negative = (left.value < 0) != (right.value < 0);
  Wide numerator(Magnitude(left.value));
  const int shift = kExactScale + right.scale - left.scale;
  if (shift < 0) {
    // left has more than 18 decimals beyond right's: scale right up instead.
    Wide scaled(divisor);
    scaled.MultiplyByPowerOfTen(-shift);
    if (!scaled.FitsUInt128()) return Int128{0};
    const UInt128 large = scaled.ToUInt128();
    if (large < kMagnitudeEnd) return Signed(DivideRounded(numerator, large), negative);
    // The divisor is above every numerator: only rounding can make it one.
    return Signed(Wide(Magnitude(left.value) * 2 >= large ? 1 : 0), negative);
  }
  numerator.MultiplyByPowerOfTen(shift);
  if (!numerator.FitsUInt128()) return Signed(DivideRounded(numerator, divisor), negative);
  const UInt128 value = numerator.ToUInt128();
  const UInt128 rest = value % divisor;
  Wide quotient(value / divisor);
  if (rest >= divisor - rest) quotient.MultiplyAdd(1, 1);
  return Signed(quotient, negative);
}

}  // namespace tapelake::query
