#include "metrics/metric.h"

#include <algorithm>
#include <cmath>

namespace tapelake::metrics {
namespace {

constexpr std::string_view kTotal = "_total";

bool IsName(std::string_view text) {
  const bool starts = !text.empty() && text.front() >= 'a' && text.front() <= 'z';
  return starts && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
         });
}

bool BucketsAscend(std::span<const double> buckets) {
  for (size_t i = 0; i < buckets.size(); ++i) {
    if (!std::isfinite(buckets[i]) || (i > 0 && buckets[i] <= buckets[i - 1])) return false;
  }
  return true;
}

std::string_view LabelProblem(const MetricDef& def) {
  for (size_t i = 0; i < kLabelsMax; ++i) {
    const std::string_view label = def.labels[i];
    if (label.empty()) continue;
    if (i >= def.label_count()) return "an empty label stands before another one";
    if (!IsName(label)) return "a label is no lower-case name";
    if (label == "le" || label == "quantile") return "a label has a name that Prometheus keeps";
    if (std::count(def.labels.begin(), def.labels.end(), label) > 1) return "a label comes twice";
  }
  return "";
}

}  // namespace

std::string_view MetricKindText(MetricKind kind) {
  switch (kind) {
    case MetricKind::kCounter:
      return "counter";
    case MetricKind::kGauge:
      return "gauge";
    case MetricKind::kHistogram:
      return "histogram";
  }
  return "";
}

std::string_view DefProblem(const MetricDef& def) {
  std::string_view stem = def.name;
  if (!IsName(def.name)) return "the name is no lower-case name";
  if (!stem.starts_with("tapelake_")) return "the name does not begin with 'tapelake_'";
  const bool total = stem.ends_with(kTotal);
  if (total != (def.kind == MetricKind::kCounter))
    return "counters, and no others, end in '_total'";
  if (total) stem.remove_suffix(kTotal.size());
  if (def.unit.empty() || !stem.ends_with(def.unit) ||
      !stem.substr(0, stem.size() - def.unit.size()).ends_with('_')) {
    return "the name does not end in the unit";
  }
  if (!def.help.ends_with('.')) return "the help does not end with a period";
  if (def.help.find('\n') != std::string_view::npos) return "the help has more than one line";
  if (def.buckets.empty() == (def.kind == MetricKind::kHistogram)) {
    return "histograms, and no others, have buckets";
  }
  if (!BucketsAscend(def.buckets)) return "the buckets do not ascend";
  return LabelProblem(def);
}

}  // namespace tapelake::metrics
