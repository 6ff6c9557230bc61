#pragma once

#include <cstdint>

#include "io/clock.h"
#include "io/tcp_stream.h"

namespace tapelake::lambda {

/// The moment at which Lambda kills the sandbox in the middle of whatever it does. One thread.
class Deadline {
 public:
  /// Time that is kept for the answer to reach Lambda.
  static constexpr int64_t kAnswerMicros = 100'000;

  /// `wall_micros`: since 1970 UTC; 0: there is none. `clock` must outlive this.
  Deadline(int64_t wall_micros, io::Clock& clock) : wall_micros_(wall_micros), clock_(clock) {}

  /// What may still be used for work; not positive: answer at once. io::kNever without a deadline.
  int64_t LeftMicros() const {
    if (wall_micros_ == 0) return io::kNever;
    return wall_micros_ - kAnswerMicros - clock_.WallMicros();
  }

 private:
  int64_t wall_micros_;
  io::Clock& clock_;
};

}  // namespace tapelake::lambda
