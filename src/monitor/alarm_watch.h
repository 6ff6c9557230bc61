#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "io/clock.h"
#include "metrics/registry.h"
#include "monitor/alarm_rule.h"
#include "monitor/metric_history.h"

namespace tapelake::monitor {

/// Names and values of the labels that tell an alarm from the others of its rule.
using Labels = std::vector<std::pair<std::string, std::string>>;

/// One alarm as the page shows it.
struct AlarmView {
  std::string name;  ///< Of the rule.
  Labels labels;
  AlarmState state = AlarmState::kInsufficientData;
  int64_t since_micros = 0;  ///< Wall time of the last change of state, or of the start.
  std::string reason;        ///< For people.
  std::string metric;
  std::string unit;
  double threshold = 0;
  Comparison comparison = Comparison::kGreater;
  std::optional<double> latest;  ///< The newest data point that decided.
};

/// A change of state.
struct AlarmTransition {
  int64_t at_micros = 0;  ///< Wall time.
  AlarmState from = AlarmState::kInsufficientData;
  AlarmView alarm;  ///< After it.

  /// Whether an alarm begins or ends: what people want to be told of. The others are first data
  /// after a start, or its end.
  bool is_news() const { return from == AlarmState::kAlarm || alarm.state == AlarmState::kAlarm; }
};

struct AlarmSnapshot {
  std::vector<AlarmView> alarms;         ///< Rules with the action `page`, in their order.
  std::vector<AlarmTransition> history;  ///< Of those, newest first, at most kHistoryMax.
  uint64_t version = 0;                  ///< Grows with every change.
};
inline constexpr size_t kHistoryMax = 200;
/// Alarms of one rule; series beyond have none and are counted.
inline constexpr size_t kAlarmsPerRuleMax = 2'000;
inline constexpr int64_t kSampleMicros = 1'000'000;

/// Samples the registry once a second and moves the alarms between their states.
///
/// Gauges are sampled as they are, counters by their increase, histograms by what they observed
/// meanwhile. Only whole periods count, so an alarm changes at the border of a period. A rule that
/// names all labels of its metric has its alarm from the start; others get one when a series
/// appears, and keep it. Step() belongs to one thread; snapshot() may be called from any.
class AlarmWatch {
 public:
  using OnTransition = std::function<void(const AlarmRule& rule, const AlarmTransition& change)>;

  /// `clock` and `registry` must outlive it. `on_transition` is called in Step(), after the
  /// snapshot shows the change.
  AlarmWatch(io::Clock& clock, metrics::Registry& registry, std::vector<AlarmRule> rules,
             OnTransition on_transition);

  /// Take samples if a second has passed since the last ones, and evaluate every rule that has a
  /// new whole period. Returns whether it did.
  bool Step();

  std::shared_ptr<const AlarmSnapshot> snapshot() const;

 private:
  struct Alarm {
    AlarmView view;
    MetricHistory history;
    std::optional<double> last_count;  // of a counter
    std::optional<metrics::HistogramCounts> last_histogram;
    int64_t evaluated_period = -1;
  };
  struct Watched {
    AlarmRule rule;
    std::map<metrics::LabelValues, Alarm> alarms;
    size_t refused = 0;  // series without an alarm at the last look
  };

  /// A transition and the rule it happened to.
  struct Change {
    const AlarmRule* rule = nullptr;
    AlarmTransition transition;
  };

  Alarm MakeAlarm(const AlarmRule& rule, const metrics::LabelValues& labels) const;
  Alarm* FindAlarm(Watched* watched, const metrics::LabelValues& labels) const;
  void TakeFamily(const metrics::Family& family, Watched* watched) const;
  void TakeSample(const metrics::MetricDef& def, const metrics::Sample& sample, Alarm* alarm) const;
  /// Returns whether any alarm had a new period.
  bool Evaluate(const Watched& watched, Alarm* alarm, std::vector<Change>* changes) const;
  void Publish(const std::vector<Change>& changes);
  void Count(const std::vector<Change>& changes);

  io::Clock& clock_;
  metrics::Registry& registry_;
  OnTransition on_transition_;
  std::vector<Watched> watched_;
  std::optional<int64_t> sampled_micros_;  // steady
  bool counts_are_known_ = false;          // a counter without one before began at 0
  std::deque<AlarmTransition> history_;    // newest first
  uint64_t version_ = 0;

  mutable std::mutex mutex_;  // guards snapshot_
  std::shared_ptr<const AlarmSnapshot> snapshot_;
};

}  // namespace tapelake::monitor
