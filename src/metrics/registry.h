#pragma once

#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "metrics/instruments.h"
#include "metrics/metric.h"

namespace tapelake::metrics {

/// The values of a series' labels, in the order of MetricDef::labels.
using LabelValues = std::vector<std::string>;

/// One series at one moment.
struct Sample {
  LabelValues labels;
  double value = 0;           ///< Of counters and gauges.
  HistogramCounts histogram;  ///< Of histograms.
};

/// A metric with all its series, ordered by their labels.
struct Family {
  const MetricDef* def = nullptr;
  std::vector<Sample> samples;
};

/// Series of one metric beyond which further ones are refused, so that names from outside (pairs,
/// types of errors) cannot fill the memory of whoever reads the metrics.
inline constexpr size_t kSeriesMax = 10'000;

/// How often a series was refused for that limit.
inline constexpr MetricDef kRefusedSeries{
    .name = "tapelake_metrics_refused_series_total",
    .kind = MetricKind::kCounter,
    .unit = "series",
    .help = "Times that a series was left out because its metric had too many.",
    .labels = {"metric"}};
inline constexpr std::array kMetricsMetrics = {&kRefusedSeries};

class Registry;

/// Receives what collectors find. Of one Collect(); one thread.
class Collection {
 public:
  /// The value of a counter or gauge. A NaN is left out: there is no value.
  void Set(const MetricDef& def, LabelValues labels, double value);
  /// The state of a histogram.
  void Set(const MetricDef& def, LabelValues labels, HistogramCounts counts);

 private:
  friend class Registry;
  explicit Collection(size_t series_max) : series_max_(series_max) {}
  void Add(const MetricDef& def, Sample sample);

  size_t series_max_;
  std::map<std::string_view, Family> families_;             // by name
  std::map<std::string_view, std::set<LabelValues>> seen_;  // by name
  std::map<std::string_view, int64_t> refused_;             // by name
};

/// All metrics of a process: those that code counts, and collectors that are asked only when
/// somebody reads, so that paths whose numbers exist already need no second counter.
///
/// Any thread. Instruments live as long as the registry.
class Registry {
 public:
  using Collector = std::function<void(Collection& collection)>;

  explicit Registry(size_t series_max = kSeriesMax) : series_max_(series_max) {}

  /// The instrument of one series; the same one for the same labels. Keep the reference: finding it
  /// takes a lock. Beyond the limit of series the instrument works but is not shown, and that is
  /// counted. `def` must be of that kind, with as many labels.
  Counter& GetCounter(const MetricDef& def, const LabelValues& labels = {});
  Gauge& GetGauge(const MetricDef& def, const LabelValues& labels = {});
  Histogram& GetHistogram(const MetricDef& def, const LabelValues& labels = {});

  /// Call `collector` in every Collect(), never two at once. What it refers to must live as long as
  /// the registry is read. It must not call the registry.
  void AddCollector(Collector collector);

  /// Everything, ordered by name; metrics without a series are absent.
  std::vector<Family> Collect();

 private:
  template <typename Instrument>
  struct Table {
    std::map<std::string_view, const MetricDef*> defs;
    std::map<std::string_view, std::map<LabelValues, std::unique_ptr<Instrument>>> series;
    std::map<std::string_view, std::unique_ptr<Instrument>> beyond;  // shared, not shown
  };
  template <typename Instrument>
  Instrument& Get(Table<Instrument>& table, const MetricDef& def, const LabelValues& labels);
  void CollectInstruments(Collection* collection);
  void CollectRefused(Collection* collection);

  const size_t series_max_;
  std::mutex collecting_;  // held over the collectors; taken before mutex_
  std::mutex mutex_;       // guards the rest
  Table<Counter> counters_;
  Table<Gauge> gauges_;
  Table<Histogram> histograms_;
  std::vector<Collector> collectors_;
  std::map<std::string, int64_t> refused_;  // metric -> times
};

/// The text that Prometheus scrapes (exposition format 0.0.4), one family after the other.
std::string PrometheusText(const std::vector<Family>& families);
/// Its HTTP content type.
inline constexpr std::string_view kPrometheusContentType =
    "text/plain; version=0.0.4; charset=utf-8";

/// The reference page of `defs`, in their order, as Markdown.
std::string MetricsMarkdown(MetricList defs);

}  // namespace tapelake::metrics
