#pragma once

/// What hot paths touch: numbers without a lock.

#include <atomic>
#include <cstdint>
#include <vector>

#include "metrics/metric.h"

namespace tapelake::metrics {

/// A count that only grows. Any thread; one relaxed atomic addition.
class Counter {
 public:
  void Add(int64_t amount = 1) { value_.fetch_add(amount, std::memory_order_relaxed); }
  int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<int64_t> value_{0};
};

/// A value of this moment. Any thread.
class Gauge {
 public:
  void Set(double value) { value_.store(value, std::memory_order_relaxed); }
  double value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_{0};
};

/// What a histogram held at one moment. Equal bounds are the caller's duty.
struct HistogramCounts {
  std::vector<uint64_t> buckets;  ///< Per bucket, not cumulated; one more than bounds: above all.
  double sum = 0;

  uint64_t count() const;
  /// What came since `before`; all of this if it is not a later state of `before`.
  HistogramCounts Since(const HistogramCounts& before) const;
};

/// The value below which the share `quantile` (0..1) of the observations lies, by linear
/// interpolation within a bucket; above the last bound, the last bound. NaN without observations.
double Quantile(const HistogramCounts& counts, std::span<const double> bounds, double quantile);

/// Counts observations. Any thread; a binary search and two atomic additions.
class Histogram {
 public:
  /// `def` must be a histogram's.
  explicit Histogram(const MetricDef& def);

  void Observe(double value);
  /// Bucket counts and sum, each right; together not of one instant.
  HistogramCounts Read() const;

 private:
  std::span<const double> bounds_;
  std::vector<std::atomic<uint64_t>> buckets_;
  std::atomic<double> sum_{0};
};

}  // namespace tapelake::metrics
