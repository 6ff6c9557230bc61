#pragma once

#include <cstdint>
#include <optional>

namespace tapelake::app {

/// The increase of a count between two looks that are at least a span apart: readers may come as
/// often as they like and at any pace, and see the same. One thread.
class RateMeter {
 public:
  explicit RateMeter(int64_t span_micros_min) : span_micros_min_(span_micros_min) {}

  struct Increase {
    double amount = 0;
    double seconds = 0;
    double per_second() const { return amount / seconds; }
  };

  /// The newest whole span; nullopt before there is one.
  std::optional<Increase> Look(int64_t now_micros, double count) {
    if (begin_micros_ && now_micros - *begin_micros_ >= span_micros_min_) {
      newest_ = Increase{.amount = count - begin_count_,
                         .seconds = static_cast<double>(now_micros - *begin_micros_) / 1e6};
      begin_micros_.reset();
    }
    if (!begin_micros_) {
      begin_micros_ = now_micros;
      begin_count_ = count;
    }
    return newest_;
  }

 private:
  int64_t span_micros_min_;
  std::optional<int64_t> begin_micros_;
  double begin_count_ = 0;
  std::optional<Increase> newest_;
};

}  // namespace tapelake::app
