#pragma once

/// Random draws built from integer and basic IEEE operations only (no libm), so that one seed gives
/// one sequence on every machine. Pure apart from advancing `random`.

#include <cmath>

#include "io/random.h"

namespace tapelake::source {

/// Return true with probability `probability`.
inline bool Chance(io::Random& random, double probability) {
  return random.NextDouble() < probability;
}

/// About standard normal: the sum of twelve uniforms less six (never beyond +-6).
inline double Normal(io::Random& random) {
  uint64_t sum = 0;
  for (int word = 0; word < 3; ++word) {
    const uint64_t bits = random.Next();
    sum += (bits & 0xffff) + ((bits >> 16) & 0xffff) + ((bits >> 32) & 0xffff) + (bits >> 48);
  }
  return static_cast<double>(sum) * 0x1.0p-16 - 6.0;
}

/// Exponential with mean 1, by von Neumann's comparison method.
inline double Exponential(io::Random& random) {
  for (double whole = 0;; whole += 1) {
    const double first = random.NextDouble();
    double previous = first;
    int run = 1;
    for (double next = random.NextDouble(); next < previous; next = random.NextDouble()) {
      previous = next;
      ++run;
    }
    if (run % 2 == 1) return whole + first;
  }
}

/// Pareto with tail exponent 2 and minimum 1: finite mean, infinite variance.
inline double HeavyTail(io::Random& random) {
  return 1.0 / std::sqrt(random.NextDouble() + 0x1.0p-53);
}

}  // namespace tapelake::source
