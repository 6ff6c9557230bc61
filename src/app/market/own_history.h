#pragma once

/// What a series was like lately, so that alarms can say "unusual for itself".

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

namespace tapelake::app {

/// What is compared. The numbers are not stored.
enum class OwnQuantity : uint8_t { kSpread = 0, kVolatility = 1, kGap = 2, kVolume = 3 };
inline constexpr size_t kOwnQuantities = 4;

/// Samples of four quantities, one a minute. One thread. Bounded.
class OwnHistory {
 public:
  static constexpr size_t kSamplesMin = 30;
  static constexpr size_t kSamplesMax = 240;
  static constexpr int64_t kPaceMicros = 60'000'000;
  using Values = std::array<std::optional<double>, kOwnQuantities>;

  /// The values at a moment; they become samples if a minute has gone by.
  void Add(int64_t micros, const Values& values);

  /// The present value over the median of the samples; nullopt without a present value, with fewer
  /// than kSamplesMin samples, or if the median is not positive.
  std::optional<double> Ratio(OwnQuantity quantity) const;

 private:
  int64_t sampled_micros_ = 0;
  Values present_;
  std::array<std::deque<double>, kOwnQuantities> samples_;
};

}  // namespace tapelake::app
