#pragma once

/// Products and quotients of decimals through 256-bit integers. Pure; any thread.

#include <optional>

#include "base/decimal.h"

namespace tapelake::query {

/// value * 10^-scale with |value| < 10^38 and 0 <= scale <= 38.
struct ScaledDecimal {
  base::Int128 value = 0;
  int scale = 0;
};

/// Digits after the point of what the functions below return; they have at most 38 digits in all.
inline constexpr int kExactScale = 18;

/// Return left * right at kExactScale. Exact when the product has at most 18 decimals; otherwise
/// rounded half away from zero at the 18th. nullopt if it reaches 10^20.
std::optional<base::Int128> ExactProduct(const ScaledDecimal& left, const ScaledDecimal& right);

/// Return left / right at kExactScale, rounded half away from zero at the 18th decimal. nullopt if
/// `right` is zero or the quotient reaches 10^20.
std::optional<base::Int128> ExactRatio(const ScaledDecimal& left, const ScaledDecimal& right);

}  // namespace tapelake::query
