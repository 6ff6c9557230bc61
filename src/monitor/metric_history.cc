#include "monitor/metric_history.h"

#include <algorithm>
#include <cmath>

namespace tapelake::monitor {
namespace {

/// Values kept per period for a percentile; beyond, every second one goes.
constexpr size_t kValuesMax = 512;

}  // namespace

MetricHistory::Period& MetricHistory::At(int64_t now_micros) {
  const int64_t index = now_micros / options_.period_micros;
  if (!periods_.empty() && index < periods_.back().index) periods_.clear();
  if (periods_.empty() || periods_.back().index != index) periods_.push_back({.index = index});
  while (periods_.front().index < index - options_.periods)
    periods_.pop_front();
  return periods_.back();
}

void MetricHistory::KeepValue(double value, Period* period) const {
  if (options_.statistic.kind != Statistic::Kind::kPercentile) return;
  if (period->seen++ % period->stride != 0) return;
  if (period->values.size() == kValuesMax) {
    for (size_t i = 0; i < kValuesMax / 2; ++i)
      period->values[i] = period->values[2 * i];
    period->values.resize(kValuesMax / 2);
    period->stride *= 2;
  }
  period->values.push_back(value);
}

void MetricHistory::Add(int64_t now_micros, double value) {
  Period& period = At(now_micros);
  period.minimum = period.count == 0 ? value : std::min(period.minimum, value);
  period.maximum = period.count == 0 ? value : std::max(period.maximum, value);
  period.count += 1;
  period.sum += value;
  KeepValue(value, &period);
}

void MetricHistory::Add(int64_t now_micros, const metrics::HistogramCounts& increase) {
  Period& period = At(now_micros);
  std::vector<uint64_t>& buckets = period.histogram.buckets;
  buckets.resize(increase.buckets.size());
  for (size_t i = 0; i < buckets.size(); ++i) {
    if (increase.buckets[i] == 0) continue;
    const double lower = i == 0 ? 0 : options_.bounds[i - 1];
    const double upper = options_.bounds[std::min(i, options_.bounds.size() - 1)];
    period.minimum = period.count == 0 ? lower : std::min(period.minimum, lower);
    period.maximum = period.count == 0 ? upper : std::max(period.maximum, upper);
    period.count += static_cast<double>(increase.buckets[i]);
    buckets[i] += increase.buckets[i];
  }
  period.sum += increase.sum;
}

double MetricHistory::PercentileOf(const Period& period) const {
  const double share = options_.statistic.percentile / 100;
  if (!options_.bounds.empty()) {
    return metrics::Quantile(period.histogram, options_.bounds, share);
  }
  std::vector<double> values = period.values;
  std::sort(values.begin(), values.end());
  const double rank = share * static_cast<double>(values.size() - 1);
  const auto below = static_cast<size_t>(std::floor(rank));
  const size_t above = std::min(below + 1, values.size() - 1);
  return std::lerp(values[below], values[above], rank - std::floor(rank));
}

double MetricHistory::ValueOf(const Period& period) const {
  switch (options_.statistic.kind) {
    case Statistic::Kind::kAverage:
      return period.sum / period.count;
    case Statistic::Kind::kSum:
      return period.sum;
    case Statistic::Kind::kMinimum:
      return period.minimum;
    case Statistic::Kind::kMaximum:
      return period.maximum;
    case Statistic::Kind::kSampleCount:
      return period.count;
    case Statistic::Kind::kPercentile:
      break;
  }
  return PercentileOf(period);
}

std::vector<std::optional<double>> MetricHistory::Points(int64_t now_micros) const {
  std::vector<std::optional<double>> points(static_cast<size_t>(options_.periods));
  const int64_t current = now_micros / options_.period_micros;
  for (const Period& period : periods_) {
    const int64_t age = current - period.index;  // 1: the newest whole one
    if (age < 1 || age > options_.periods || period.count == 0) continue;
    points[static_cast<size_t>(age - 1)] = ValueOf(period);
  }
  return points;
}

}  // namespace tapelake::monitor
