#include "metrics/registry.h"

#include <algorithm>
#include <cmath>
#include <type_traits>
#include <utility>

#include "base/assert.h"

namespace tapelake::metrics {
namespace {

std::unique_ptr<Counter> Make(const MetricDef&, Counter*) {
  return std::make_unique<Counter>();
}
std::unique_ptr<Gauge> Make(const MetricDef&, Gauge*) {
  return std::make_unique<Gauge>();
}
std::unique_ptr<Histogram> Make(const MetricDef& def, Histogram*) {
  return std::make_unique<Histogram>(def);
}

}  // namespace

void Collection::Set(const MetricDef& def, LabelValues labels, double value) {
  TAPELAKE_ASSERT(def.kind != MetricKind::kHistogram);
  if (std::isnan(value)) return;
  Add(def, {.labels = std::move(labels), .value = value, .histogram = {}});
}

void Collection::Set(const MetricDef& def, LabelValues labels, HistogramCounts counts) {
  TAPELAKE_ASSERT(def.kind == MetricKind::kHistogram);
  TAPELAKE_ASSERT(counts.buckets.size() == def.buckets.size() + 1);
  Add(def, {.labels = std::move(labels), .value = 0, .histogram = std::move(counts)});
}

void Collection::Add(const MetricDef& def, Sample sample) {
  TAPELAKE_ASSERT(sample.labels.size() == def.label_count());
  Family& family = families_[def.name];
  family.def = &def;
  std::set<LabelValues>& seen = seen_[def.name];
  if (seen.size() >= series_max_ && !seen.contains(sample.labels)) {
    ++refused_[def.name];
    return;
  }
  // Two series of the same labels would make the whole page unreadable for Prometheus.
  if (seen.insert(sample.labels).second) family.samples.push_back(std::move(sample));
}

template <typename Instrument>
Instrument& Registry::Get(Table<Instrument>& table, const MetricDef& def,
                          const LabelValues& labels) {
  TAPELAKE_ASSERT(labels.size() == def.label_count());
  const std::scoped_lock lock(mutex_);
  const auto declared = table.defs.emplace(def.name, &def).first;
  TAPELAKE_ASSERT(declared->second == &def);
  auto& series = table.series[def.name];
  const auto found = series.find(labels);
  if (found != series.end()) return *found->second;
  std::unique_ptr<Instrument>* place = nullptr;
  if (series.size() < series_max_) {
    place = &series[labels];
  } else {
    ++refused_[std::string(def.name)];
    place = &table.beyond[def.name];
  }
  if (*place == nullptr) *place = Make(def, static_cast<Instrument*>(nullptr));
  return **place;
}

Counter& Registry::GetCounter(const MetricDef& def, const LabelValues& labels) {
  TAPELAKE_ASSERT(def.kind == MetricKind::kCounter);
  return Get(counters_, def, labels);
}
Gauge& Registry::GetGauge(const MetricDef& def, const LabelValues& labels) {
  TAPELAKE_ASSERT(def.kind == MetricKind::kGauge);
  return Get(gauges_, def, labels);
}
Histogram& Registry::GetHistogram(const MetricDef& def, const LabelValues& labels) {
  TAPELAKE_ASSERT(def.kind == MetricKind::kHistogram);
  return Get(histograms_, def, labels);
}

void Registry::AddCollector(Collector collector) {
  const std::scoped_lock lock(collecting_);
  collectors_.push_back(std::move(collector));
}

void Registry::CollectInstruments(Collection* collection) {
  const std::scoped_lock lock(mutex_);
  const auto each = [collection](const auto& table, const auto& read) {
    for (const auto& [name, series] : table.series) {
      for (const auto& [labels, instrument] : series)
        collection->Set(*table.defs.at(name), labels, read(*instrument));
    }
  };
  each(counters_, [](const Counter& counter) { return static_cast<double>(counter.value()); });
  each(gauges_, [](const Gauge& gauge) { return gauge.value(); });
  each(histograms_, [](const Histogram& histogram) { return histogram.Read(); });
}

void Registry::CollectRefused(Collection* collection) {
  const std::scoped_lock lock(mutex_);
  for (const auto& [name, times] : collection->refused_)
    refused_[std::string(name)] += times;
  for (const auto& [name, times] : refused_)
    collection->Set(kRefusedSeries, {name}, static_cast<double>(times));
}

std::vector<Family> Registry::Collect() {
  const std::scoped_lock lock(collecting_);
  Collection collection(series_max_);
  CollectInstruments(&collection);
  for (const Collector& collector : collectors_)
    collector(collection);
  CollectRefused(&collection);
  std::vector<Family> families;
  for (auto& [name, family] : collection.families_) {
    if (family.samples.empty()) continue;
    std::sort(family.samples.begin(), family.samples.end(),
              [](const Sample& a, const Sample& b) { return a.labels < b.labels; });
    families.push_back(std::move(family));
  }
  return families;
}

}  // namespace tapelake::metrics
