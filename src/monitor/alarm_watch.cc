#include "monitor/alarm_watch.h"

#include <algorithm>

#include "config/value.h"
#include "monitor/evaluation.h"
#include "monitor/metrics.h"

namespace tapelake::monitor {
namespace {

bool Covers(const AlarmRule& rule, const metrics::LabelValues& labels) {
  for (size_t i = 0; i < labels.size(); ++i) {
    if (rule.labels[i] && *rule.labels[i] != labels[i]) return false;
  }
  return true;
}

/// The labels of the only alarm of a rule that leaves none open; nullopt for other rules.
std::optional<metrics::LabelValues> OnlyLabels(const AlarmRule& rule) {
  metrics::LabelValues labels;
  for (size_t i = 0; i < rule.metric->label_count(); ++i) {
    if (!rule.labels[i]) return std::nullopt;
    labels.push_back(*rule.labels[i]);
  }
  return labels;
}

std::vector<DataPoint> Judge(const AlarmRule& rule,
                             const std::vector<std::optional<double>>& values) {
  std::vector<DataPoint> points;
  points.reserve(values.size());
  for (const std::optional<double>& value : values) {
    points.push_back(!value                                              ? DataPoint::kMissing
                     : Breaches(*value, rule.comparison, rule.threshold) ? DataPoint::kBreaching
                                                                         : DataPoint::kWithin);
  }
  return points;
}

/// `2 of 3 data points breach: Average 14.2 > 10 seconds, periods of 10s`
std::string Reason(const AlarmRule& rule, const std::vector<DataPoint>& points,
                   std::optional<double> latest) {
  const std::string periods = ", periods of " + config::FormatDuration({rule.period_micros});
  if (!latest) {
    return "no data in the last " + std::to_string(points.size()) + " periods" + periods;
  }
  int real = 0;
  int breaching = 0;
  for (size_t i = 0; i < points.size() && real < rule.evaluation_periods; ++i) {
    real += points[i] != DataPoint::kMissing;
    breaching += points[i] == DataPoint::kBreaching;
  }
  return std::to_string(breaching) + " of " + std::to_string(real) +
         (real == 1 ? " data point breaches " : " data points breach ") +
         StatisticText(rule.statistic) + " " + std::string(ComparisonSign(rule.comparison)) + " " +
         config::FormatNumber(rule.threshold) + " (newest " + config::FormatNumber(*latest) + " " +
         std::string(rule.metric->unit) + ", " + std::to_string(rule.datapoints_to_alarm) + " of " +
         std::to_string(rule.evaluation_periods) + " make an alarm" + periods + ")";
}

}  // namespace

AlarmWatch::AlarmWatch(io::Clock& clock, metrics::Registry& registry, std::vector<AlarmRule> rules,
                       OnTransition on_transition)
    : clock_(clock), registry_(registry), on_transition_(std::move(on_transition)) {
  for (AlarmRule& rule : rules) {
    Watched& watched = watched_.emplace_back();
    watched.rule = std::move(rule);
    const std::optional<metrics::LabelValues> labels = OnlyLabels(watched.rule);
    if (labels) watched.alarms.emplace(*labels, MakeAlarm(watched.rule, *labels));
  }
  Publish({});
}

AlarmWatch::Alarm AlarmWatch::MakeAlarm(const AlarmRule& rule,
                                        const metrics::LabelValues& labels) const {
  Alarm alarm{.view = {.name = rule.name,
                       .since_micros = clock_.WallMicros(),
                       .reason = "no period has ended yet",
                       .metric = std::string(rule.metric->name),
                       .unit = std::string(rule.metric->unit),
                       .threshold = rule.threshold,
                       .comparison = rule.comparison},
              .history = MetricHistory({.period_micros = rule.period_micros,
                                        .periods = rule.evaluation_periods + kExtraPeriods,
                                        .statistic = rule.statistic,
                                        .bounds = rule.metric->buckets}),
              .evaluated_period = clock_.SteadyMicros() / rule.period_micros};
  for (size_t i = 0; i < labels.size(); ++i)
    alarm.view.labels.emplace_back(rule.metric->labels[i], labels[i]);
  return alarm;
}

AlarmWatch::Alarm* AlarmWatch::FindAlarm(Watched* watched,
                                         const metrics::LabelValues& labels) const {
  const auto found = watched->alarms.find(labels);
  if (found != watched->alarms.end()) return &found->second;
  if (watched->alarms.size() >= kAlarmsPerRuleMax) {
    ++watched->refused;
    return nullptr;
  }
  return &watched->alarms.emplace(labels, MakeAlarm(watched->rule, labels)).first->second;
}

void AlarmWatch::TakeSample(const metrics::MetricDef& def, const metrics::Sample& sample,
                            Alarm* alarm) const {
  const int64_t now = *sampled_micros_;
  switch (def.kind) {
    case metrics::MetricKind::kGauge:
      alarm->history.Add(now, sample.value);
      return;
    case metrics::MetricKind::kCounter: {
      const bool known = alarm->last_count || counts_are_known_;
      const double before = alarm->last_count.value_or(0);
      // A count that went back began anew.
      const double increase = sample.value < before ? sample.value : sample.value - before;
      if (known) alarm->history.Add(now, increase);
      alarm->last_count = sample.value;
      return;
    }
    case metrics::MetricKind::kHistogram: {
      const bool known = alarm->last_histogram || counts_are_known_;
      const metrics::HistogramCounts before =
          alarm->last_histogram.value_or(metrics::HistogramCounts{});
      if (known) alarm->history.Add(now, sample.histogram.Since(before));
      alarm->last_histogram = sample.histogram;
      return;
    }
  }
}

void AlarmWatch::TakeFamily(const metrics::Family& family, Watched* watched) const {
  for (const metrics::Sample& sample : family.samples) {
    if (!Covers(watched->rule, sample.labels)) continue;
    Alarm* alarm = FindAlarm(watched, sample.labels);
    if (alarm != nullptr) TakeSample(*family.def, sample, alarm);
  }
}

bool AlarmWatch::Evaluate(const Watched& watched, Alarm* alarm,
                          std::vector<Change>* changes) const {
  const AlarmRule& rule = watched.rule;
  const int64_t period = *sampled_micros_ / rule.period_micros;
  if (period == alarm->evaluated_period) return false;
  alarm->evaluated_period = period;
  const std::vector<std::optional<double>> values = alarm->history.Points(*sampled_micros_);
  const auto newest = std::find_if(values.begin(), values.end(),
                                   [](const auto& value) { return value.has_value(); });
  AlarmView& view = alarm->view;
  view.latest = newest == values.end() ? std::nullopt : *newest;
  const std::vector<DataPoint> points = Judge(rule, values);
  view.reason = Reason(rule, points, view.latest);
  const std::optional<AlarmState> state =
      EvaluatePoints(points, rule.evaluation_periods, rule.datapoints_to_alarm, rule.missing_data);
  if (!state || *state == view.state) return true;
  const AlarmState from = view.state;
  view.state = *state;
  view.since_micros = clock_.WallMicros();
  changes->push_back({&rule, {.at_micros = view.since_micros, .from = from, .alarm = view}});
  return true;
}

bool AlarmWatch::Step() {
  const int64_t now = clock_.SteadyMicros();
  if (sampled_micros_ && now - *sampled_micros_ < kSampleMicros) return false;
  sampled_micros_ = now;
  const std::vector<metrics::Family> families = registry_.Collect();
  std::vector<Change> changes;
  bool evaluated = false;
  for (Watched& watched : watched_) {
    watched.refused = 0;
    const auto family = std::find_if(families.begin(), families.end(), [&](const auto& candidate) {
      return candidate.def == watched.rule.metric;
    });
    if (family != families.end()) TakeFamily(*family, &watched);
    for (auto& [labels, alarm] : watched.alarms)
      evaluated = Evaluate(watched, &alarm, &changes) || evaluated;
  }
  counts_are_known_ = true;
  if (evaluated) Publish(changes);
  Count(changes);
  for (const Change& change : changes) {
    if (on_transition_) on_transition_(*change.rule, change.transition);
  }
  return true;
}

void AlarmWatch::Publish(const std::vector<Change>& changes) {
  for (const Change& change : changes) {
    if (change.rule->actions.page) history_.push_front(change.transition);
  }
  if (history_.size() > kHistoryMax) history_.resize(kHistoryMax);
  auto snapshot = std::make_shared<AlarmSnapshot>();
  snapshot->version = ++version_;
  snapshot->history.assign(history_.begin(), history_.end());
  for (const Watched& watched : watched_) {
    if (!watched.rule.actions.page) continue;
    for (const auto& [labels, alarm] : watched.alarms)
      snapshot->alarms.push_back(alarm.view);
  }
  const std::scoped_lock lock(mutex_);
  snapshot_ = std::move(snapshot);
}

void AlarmWatch::Count(const std::vector<Change>& changes) {
  for (const Change& change : changes) {
    const std::string state(AlarmStateText(change.transition.alarm.state));
    registry_.GetCounter(kTransitions, {change.rule->name, state}).Add();
  }
  for (const Watched& watched : watched_) {
    const auto active = std::count_if(
        watched.alarms.begin(), watched.alarms.end(),
        [](const auto& entry) { return entry.second.view.state == AlarmState::kAlarm; });
    registry_.GetGauge(kActiveAlarms, {watched.rule.name}).Set(static_cast<double>(active));
    registry_.GetGauge(kRefusedAlarms, {watched.rule.name})
        .Set(static_cast<double>(watched.refused));
  }
}

std::shared_ptr<const AlarmSnapshot> AlarmWatch::snapshot() const {
  const std::scoped_lock lock(mutex_);
  return snapshot_;
}

}  // namespace tapelake::monitor
