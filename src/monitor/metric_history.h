#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <vector>

#include "metrics/instruments.h"
#include "monitor/alarm_rule.h"

namespace tapelake::monitor {

/// The samples of one series, gathered by period. Bounded: of periods it keeps as many as it is
/// asked for, and of samples only what the statistic needs. One thread.
class MetricHistory {
 public:
  struct Options {
    int64_t period_micros = 0;
    int periods = 0;  ///< Whole ones.
    Statistic statistic;
    std::span<const double> bounds = {};  ///< Of a histogram.
  };
  explicit MetricHistory(const Options& options) : options_(options) {}

  /// A sample of a gauge, or the increase of a counter. Time that goes back begins anew.
  void Add(int64_t now_micros, double value);
  /// What a histogram observed since the sample before. Minimum and maximum are bounds of buckets.
  void Add(int64_t now_micros, const metrics::HistogramCounts& increase);

  /// The statistic of each whole period before the one of `now_micros`, newest first; nullopt
  /// without a sample.
  std::vector<std::optional<double>> Points(int64_t now_micros) const;

 private:
  /// One period.
  struct Period {
    int64_t index = 0;  // start / period
    double count = 0;
    double sum = 0;
    double minimum = 0;
    double maximum = 0;
    std::vector<double> values;  // of percentiles: every stride-th
    int64_t stride = 1;
    int64_t seen = 0;
    metrics::HistogramCounts histogram;
  };

  Period& At(int64_t now_micros);
  void KeepValue(double value, Period* period) const;
  double ValueOf(const Period& period) const;
  double PercentileOf(const Period& period) const;

  Options options_;
  std::deque<Period> periods_;  // ascending
};

}  // namespace tapelake::monitor
