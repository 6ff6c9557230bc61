#pragma once

#include <cstdint>

namespace tapelake::io {

/// Time, passed in. Thread rule: any thread.
class Clock {
 public:
  virtual ~Clock() = default;

  /// Microseconds since 1970-01-01 UTC. May jump in either direction.
  virtual int64_t WallMicros() = 0;

  /// Microseconds since some fixed moment; never goes back.
  virtual int64_t SteadyMicros() = 0;

  /// Block the calling thread for about `micros`; returns at once if not positive.
  virtual void Sleep(int64_t micros) = 0;
};

/// The machine's clock.
class SystemClock : public Clock {
 public:
  int64_t WallMicros() override;
  int64_t SteadyMicros() override;
  void Sleep(int64_t micros) override;
};

}  // namespace tapelake::io
