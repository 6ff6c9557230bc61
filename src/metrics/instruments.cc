#include "metrics/instruments.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "base/assert.h"

namespace tapelake::metrics {

uint64_t HistogramCounts::count() const {
  return std::accumulate(buckets.begin(), buckets.end(), uint64_t{0});
}

HistogramCounts HistogramCounts::Since(const HistogramCounts& before) const {
  if (before.buckets.size() != buckets.size()) return *this;
  HistogramCounts increase{.buckets = buckets, .sum = sum - before.sum};
  for (size_t i = 0; i < buckets.size(); ++i) {
    if (buckets[i] < before.buckets[i]) return *this;
    increase.buckets[i] -= before.buckets[i];
  }
  return increase;
}

double Quantile(const HistogramCounts& counts, std::span<const double> bounds, double quantile) {
  const auto total = static_cast<double>(counts.count());
  if (total == 0 || bounds.empty()) return std::numeric_limits<double>::quiet_NaN();
  const double rank = quantile * total;
  double below = 0;
  for (size_t i = 0; i < bounds.size(); ++i) {
    const auto here = static_cast<double>(counts.buckets[i]);
    if (here > 0 && below + here >= rank) {
      const double from = i == 0 ? std::min(0.0, bounds[0]) : bounds[i - 1];
      return from + (bounds[i] - from) * std::max(0.0, rank - below) / here;
    }
    below += here;
  }
  return bounds.back();
}

Histogram::Histogram(const MetricDef& def)
    : bounds_(def.buckets), buckets_(def.buckets.size() + 1) {
  TAPELAKE_ASSERT(def.kind == MetricKind::kHistogram);
}

void Histogram::Observe(double value) {
  const auto bound = std::lower_bound(bounds_.begin(), bounds_.end(), value);
  buckets_[static_cast<size_t>(bound - bounds_.begin())].fetch_add(1, std::memory_order_relaxed);
  sum_.fetch_add(value, std::memory_order_relaxed);
}

HistogramCounts Histogram::Read() const {
  HistogramCounts counts{.buckets = {}, .sum = sum_.load(std::memory_order_relaxed)};
  counts.buckets.reserve(buckets_.size());
  for (const auto& bucket : buckets_)
    counts.buckets.push_back(bucket.load(std::memory_order_relaxed));
  return counts;
}

}  // namespace tapelake::metrics
