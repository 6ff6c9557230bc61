#pragma once

/// An alarm watch over one metric whose value the test sets, with a clock of its own.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "monitor/alarm_watch.h"
#include "testing/fake_clock.h"

namespace tapelake::testing {

class AlarmWatchFixture {
 public:
  static constexpr int64_t kSecond = 1'000'000;

  explicit AlarmWatchFixture(monitor::AlarmRule rule) : def_(*rule.metric) {
    registry_.AddCollector([this](metrics::Collection& collection) {
      for (const auto& [labels, value] : values_)
        collection.Set(def_, labels, value);
    });
    watch_ = std::make_unique<monitor::AlarmWatch>(
        clock_, registry_, std::vector<monitor::AlarmRule>{std::move(rule)},
        [this](const monitor::AlarmRule&, const monitor::AlarmTransition& change) {
          changes_.push_back(change);
        });
  }

  void Set(const metrics::LabelValues& labels, double value) { values_[labels] = value; }
  void Add(const metrics::LabelValues& labels, double amount) { values_[labels] += amount; }
  void Remove(const metrics::LabelValues& labels) { values_.erase(labels); }

  /// Let seconds pass, a sample in each; `each` is called before it.
  template <typename Each>
  void Run(int64_t seconds, Each each) {
    for (int64_t i = 0; i < seconds; ++i) {
      each();
      watch_->Step();
      clock_.Advance(kSecond);
    }
  }
  void Run(int64_t seconds) {
    Run(seconds, [] {});
  }

  monitor::AlarmWatch& watch() { return *watch_; }
  metrics::Registry& registry() { return registry_; }
  std::vector<monitor::AlarmTransition>& changes() { return changes_; }

  /// The states that alarms went to, in order: `OK ALARM`.
  std::string States() const {
    std::string states;
    for (const monitor::AlarmTransition& change : changes_)
      states.append(states.empty() ? "" : " ").append(monitor::AlarmStateText(change.alarm.state));
    return states;
  }

 private:
  const metrics::MetricDef& def_;
  FakeClock clock_{1'795'370'400'000'000};
  metrics::Registry registry_;
  std::map<metrics::LabelValues, double> values_;
  std::vector<monitor::AlarmTransition> changes_;
  std::unique_ptr<monitor::AlarmWatch> watch_;
};

}  // namespace tapelake::testing
