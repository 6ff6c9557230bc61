#pragma once

/// What a metric is: one constexpr declaration, from which counters, `/metrics`, the reference page
/// and the alarm rules all follow.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace tapelake::metrics {

enum class MetricKind : uint8_t {
  kCounter = 1,    ///< Only grows, from 0 at the start of the process.
  kGauge = 2,      ///< A value at this moment.
  kHistogram = 3,  ///< Observations, counted by the buckets they fall into.
};
/// `counter`, `gauge`, `histogram`.
std::string_view MetricKindText(MetricKind kind);

inline constexpr size_t kLabelsMax = 3;

/// One metric. Declared once, `inline constexpr`, in its module's metrics.h; lives for ever.
///
/// The name is `tapelake_<module>_<noun>_<unit>`, of counters with `_total` behind it. Names and
/// labels are read by other programs: never rename one.
struct MetricDef {
  std::string_view name;  ///< `tapelake_stream_put_records_total`
  MetricKind kind = MetricKind::kGauge;
  std::string_view unit;  ///< `records`, `seconds`, `bytes`, `ratio`...: part of the name, too.
  std::string_view help;  ///< One sentence with a period.
  std::array<std::string_view, kLabelsMax> labels = {};  ///< The names that are not empty.
  std::span<const double> buckets = {};  ///< Of histograms: upper bounds, ascending, finite.

  constexpr size_t label_count() const {
    size_t count = 0;
    while (count < kLabelsMax && !labels[count].empty())
      ++count;
    return count;
  }
};

/// Names several metrics of one module, for the list of all of them.
using MetricList = std::span<const MetricDef* const>;

/// Bounds for durations of work that waits for a disk.
inline constexpr std::array<double, 13> kDurationBuckets = {
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};

/// What is wrong with a declaration by the rules above; empty if nothing is.
std::string_view DefProblem(const MetricDef& def);

}  // namespace tapelake::metrics
