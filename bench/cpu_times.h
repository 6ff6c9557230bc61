#pragma once

/// CPU time and memory of a benchmark's process.

#include <sys/resource.h>

#include <cstdint>

namespace tapelake::bench {

/// CPU of this process, all threads, since its start: its own, and the system's for it.
struct CpuTimes {
  double user_micros = 0;
  double system_micros = 0;

  double all_micros() const { return user_micros + system_micros; }
};

inline CpuTimes CpuNow() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto micros = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_usec);
  };
  return {micros(usage.ru_utime), micros(usage.ru_stime)};
}

/// The most memory that was resident at once.
inline int64_t PeakBytes() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return int64_t{usage.ru_maxrss} * 1024;
}

inline CpuTimes operator+(const CpuTimes& left, const CpuTimes& right) {
  return {left.user_micros + right.user_micros, left.system_micros + right.system_micros};
}

inline CpuTimes operator-(const CpuTimes& end, const CpuTimes& begin) {
  return {end.user_micros - begin.user_micros, end.system_micros - begin.system_micros};
}

}  // namespace tapelake::bench
