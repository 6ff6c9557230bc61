#pragma once

#include <cstdint>

namespace tapelake::io {

/// Randomness, passed in. Thread rule: one thread at a time.
class Random {
 public:
  virtual ~Random() = default;

  /// 64 uniformly distributed bits.
  virtual uint64_t Next() = 0;

  /// A uniform number in [0, 1) with 53 bits.
  double NextDouble() { return static_cast<double>(Next() >> 11) * 0x1.0p-53; }

  /// A uniform number in [0, bound); bound > 0.
  uint64_t Below(uint64_t bound) {
    __extension__ typedef unsigned __int128 Wide;
    return static_cast<uint64_t>((static_cast<Wide>(Next()) * bound) >> 64);
  }
};

/// The same sequence for the same seed on every machine (xoshiro256**, seeded by splitmix64;
/// Blackman and Vigna 2018).
class SeededRandom : public Random {
 public:
  explicit SeededRandom(uint64_t seed);
  uint64_t Next() override;

 private:
  uint64_t state_[4];
};

/// Unpredictable seeds from the operating system.
class SystemRandom : public Random {
 public:
  uint64_t Next() override;
};

}  // namespace tapelake::io
