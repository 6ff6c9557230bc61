#pragma once

/// Exact integers wider than 128 bits: sums of products of amounts.

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/decimal.h"

namespace tapelake::market {

/// A two's complement integer of kWords 64-bit words. A plain value; any thread. Arithmetic wraps
/// around as the built-in unsigned types do: users choose kWords so that it never does.
template <size_t kWords>
class FixedInt {
 public:
  static constexpr size_t kBytes = kWords * 8;  ///< Of the stored form.

  constexpr FixedInt() = default;
  constexpr FixedInt(base::Int128 value) {  // NOLINT: widening an integer loses nothing
    static_assert(kWords >= 2);
    words_[0] = static_cast<uint64_t>(value);
    words_[1] = static_cast<uint64_t>(static_cast<base::UInt128>(value) >> 64);
    for (size_t i = 2; i < kWords; ++i)
      words_[i] = value < 0 ? ~uint64_t{0} : 0;
  }
  /// Widen.
  template <size_t kFewer>
    requires(kFewer < kWords)
  constexpr explicit FixedInt(const FixedInt<kFewer>& value) {
    for (size_t i = 0; i < kWords; ++i) {
      words_[i] = i < kFewer ? value.word(i) : (value.negative() ? ~uint64_t{0} : 0);
    }
  }

  constexpr bool negative() const { return words_[kWords - 1] >> 63 != 0; }
  constexpr bool zero() const {
    uint64_t any = 0;
    for (const uint64_t word : words_)
      any |= word;
    return any == 0;
  }
  /// The i-th 64 bits, least significant first.
  constexpr uint64_t word(size_t i) const { return words_[i]; }

  constexpr FixedInt& operator+=(const FixedInt& other) {
    base::UInt128 carry = 0;
    for (size_t i = 0; i < kWords; ++i) {
      carry += static_cast<base::UInt128>(words_[i]) + other.words_[i];
      words_[i] = static_cast<uint64_t>(carry);
      carry >>= 64;
    }
    return *this;
  }
  constexpr FixedInt& operator-=(const FixedInt& other) { return *this += -other; }
  constexpr FixedInt operator-() const {
    FixedInt negated;
    base::UInt128 carry = 1;
    for (size_t i = 0; i < kWords; ++i) {
      carry += static_cast<uint64_t>(~words_[i]);
      negated.words_[i] = static_cast<uint64_t>(carry);
      carry >>= 64;
    }
    return negated;
  }
  friend constexpr FixedInt operator+(FixedInt left, const FixedInt& right) {
    return left += right;
  }
  friend constexpr FixedInt operator-(FixedInt left, const FixedInt& right) {
    return left -= right;
  }

  constexpr bool operator==(const FixedInt& other) const = default;
  constexpr std::strong_ordering operator<=>(const FixedInt& other) const {
    if (negative() != other.negative()) {
      return negative() ? std::strong_ordering::less : std::strong_ordering::greater;
    }
    for (size_t i = kWords; i-- > 0;) {
      if (words_[i] != other.words_[i]) return words_[i] <=> other.words_[i];
    }
    return std::strong_ordering::equal;
  }

  /// The nearest double, ties to even.
  double ToDouble() const;
  /// The value times 10^-scale: within two units in the last place, always the same bits.
  double ToDouble(int scale) const;

  /// The value if it fits.
  constexpr std::optional<base::Int128> ToInt128() const {
    const auto value =
        static_cast<base::Int128>(static_cast<base::UInt128>(words_[1]) << 64 | words_[0]);
    if (FixedInt(value) != *this) return std::nullopt;
    return value;
  }

  /// The value divided by 10^digits (>= 0), rounded half to even.
  FixedInt DividedByPowerOfTen(int digits) const;

  /// value * 10^-scale with exactly `scale` digits after the point (none: no point).
  std::string ToDecimal(int scale) const;
  /// The same with `digits` <= scale digits after the point, rounded half to even.
  std::string ToDecimal(int scale, int digits) const {
    return DividedByPowerOfTen(scale - digits).ToDecimal(digits);
  }

  /// Append kBytes bytes, least significant first. Stored in tables: never change.
  void AppendBytes(std::string* out) const {
    for (const uint64_t word : words_) {
      for (int shift = 0; shift < 64; shift += 8)
        out->push_back(static_cast<char>(word >> shift & 0xff));
    }
  }
  /// Read what AppendBytes wrote; nullopt unless `bytes` is kBytes long.
  static std::optional<FixedInt> FromBytes(std::string_view bytes) {
    if (bytes.size() != kBytes) return std::nullopt;
    FixedInt value;
    for (size_t i = 0; i < kBytes; ++i) {
      value.words_[i / 8] |= static_cast<uint64_t>(static_cast<uint8_t>(bytes[i])) << i % 8 * 8;
    }
    return value;
  }

 private:
  template <size_t kLeft>
  friend constexpr FixedInt<kLeft + 3> Multiply(const FixedInt<kLeft>& left, base::Int128 right);

  constexpr FixedInt Magnitude() const { return negative() ? -*this : *this; }
  uint64_t DivideMagnitude(uint64_t divisor);  // as unsigned; returns the rest

  std::array<uint64_t, kWords> words_ = {};  // least significant first
};

/// The exact product.
template <size_t kLeft>
constexpr FixedInt<kLeft + 3> Multiply(const FixedInt<kLeft>& left, base::Int128 right) {
  const FixedInt<kLeft> magnitude = left.Magnitude();
  const base::UInt128 factor =
      right < 0 ? -static_cast<base::UInt128>(right) : static_cast<base::UInt128>(right);
  FixedInt<kLeft + 3> product;
  for (size_t half = 0; half < 2; ++half) {
    const auto word = static_cast<uint64_t>(half == 0 ? factor : factor >> 64);
    if (word == 0) continue;
    base::UInt128 carry = 0;
    for (size_t i = 0; i + half < kLeft + 3; ++i) {
      // Cannot overflow: (2^64 - 1)^2 + 2 (2^64 - 1) = 2^128 - 1.
      carry += product.words_[i + half];
      if (i < kLeft) carry += static_cast<base::UInt128>(magnitude.words_[i]) * word;
      product.words_[i + half] = static_cast<uint64_t>(carry);
      carry >>= 64;
    }
  }
  return left.negative() != (right < 0) ? -product : product;
}

/// The exact product.
constexpr FixedInt<5> Multiply(base::Int128 left, base::Int128 right) {
  return Multiply(FixedInt<2>(left), right);
}

extern template class FixedInt<2>;
extern template class FixedInt<3>;
extern template class FixedInt<5>;
extern template class FixedInt<6>;
extern template class FixedInt<8>;
extern template class FixedInt<9>;

}  // namespace tapelake::market
