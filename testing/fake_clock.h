#pragma once

#include <atomic>

#include "io/clock.h"

namespace tapelake::testing {

/// A clock that moves only when told, or when somebody sleeps. Any thread.
class FakeClock : public io::Clock {
 public:
  explicit FakeClock(int64_t wall_micros) : wall_micros_(wall_micros) {}

  int64_t WallMicros() override { return wall_micros_.load(); }
  int64_t SteadyMicros() override { return steady_micros_.load(); }
  void Sleep(int64_t micros) override {
    if (micros > 0) Advance(micros);
  }
  /// Let time pass.
  void Advance(int64_t micros) {
    wall_micros_ += micros;
    steady_micros_ += micros;
  }
  /// Set the wall clock, in either direction; the steady clock does not notice.
  void SetWall(int64_t micros) { wall_micros_ = micros; }

 private:
  std::atomic<int64_t> wall_micros_;
  std::atomic<int64_t> steady_micros_ = 0;
};

}  // namespace tapelake::testing
