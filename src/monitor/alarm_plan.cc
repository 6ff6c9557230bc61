#include "monitor/alarm_plan.h"

#include <algorithm>
#include <set>
#include <utility>

#include "config/nearest.h"
#include "monitor/webhook_url.h"

namespace tapelake::monitor {
namespace {

/// Turns one rule of the configuration into an AlarmRule, collecting what is wrong with it.
class RulePlanner {
 public:
  RulePlanner(const config::AlarmRuleConfig& given, metrics::MetricList known,
              std::vector<config::Problem>* problems)
      : given_(given), known_(known), problems_(*problems) {}

  AlarmRule Plan() {
    rule_.name = given_.name;
    rule_.period_micros = given_.period.micros;
    rule_.threshold = given_.threshold;
    PlanMetric();
    if (rule_.metric != nullptr) {
      for (const std::string& label : given_.labels)
        PlanLabel(label);
    }
    PlanChoices();
    PlanPeriods();
    PlanActions();
    return std::move(rule_);
  }

 private:
  void Add(const std::string& what, std::string hint) {
    problems_.push_back({"alarm '" + given_.name + "': " + what, given_.place, std::move(hint)});
  }

  static std::string HintFrom(std::string_view word, const std::vector<std::string>& known,
                              const std::string& otherwise) {
    const std::string nearest = config::Nearest(word, known);
    return nearest.empty() ? otherwise : "did you mean '" + nearest + "'?";
  }

  void PlanMetric() {
    std::vector<std::string> names;
    for (const metrics::MetricDef* def : known_) {
      if (def->name == given_.metric) rule_.metric = def;
      names.emplace_back(def->name);
    }
    if (rule_.metric != nullptr) return;
    Add("there is no metric '" + given_.metric + "'",
        HintFrom(given_.metric, names, "'tapelake metrics list' shows them"));
  }

  void PlanLabel(const std::string& text) {
    const size_t equals = text.find('=');
    if (equals == std::string::npos) {
      Add("label '" + text + "' has no value", "write name=value, or name=* for each value");
      return;
    }
    const std::string name = text.substr(0, equals);
    const std::string value = text.substr(equals + 1);
    std::vector<std::string> names;
    for (size_t i = 0; i < rule_.metric->label_count(); ++i) {
      names.emplace_back(rule_.metric->labels[i]);
      if (names.back() != name) continue;
      if (value != "*") rule_.labels[i] = value;
      return;
    }
    std::string all = names.empty() ? "it has none" : "it has:";
    for (const std::string& known : names)
      all += " " + known;
    Add(given_.metric + " has no label '" + name + "'", HintFrom(name, names, all));
  }

  void PlanChoices() {
    const std::optional<Statistic> statistic = ParseStatistic(given_.statistic);
    if (!statistic) {
      Add("statistic '" + given_.statistic + "' is not known",
          "one of: Average, Sum, Minimum, Maximum, SampleCount, or a percentile such as p99");
    }
    rule_.statistic = statistic.value_or(Statistic{});
    // The configuration has checked both.
    rule_.comparison = ParseComparison(given_.comparison).value_or(Comparison::kGreater);
    rule_.missing_data =
        ParseMissingData(given_.treat_missing_data).value_or(MissingData::kMissing);
  }

  void PlanPeriods() {
    rule_.evaluation_periods = static_cast<int>(given_.evaluation_periods);
    rule_.datapoints_to_alarm = static_cast<int>(given_.datapoints_to_alarm);
    if (rule_.datapoints_to_alarm == 0) rule_.datapoints_to_alarm = rule_.evaluation_periods;
    if (rule_.datapoints_to_alarm <= rule_.evaluation_periods) return;
    Add("datapoints_to_alarm = " + std::to_string(rule_.datapoints_to_alarm) +
            " is more than evaluation_periods = " + std::to_string(rule_.evaluation_periods),
        "it could never begin; raise evaluation_periods");
  }

  void PlanActions() {
    rule_.actions = {.log = false, .webhook = false, .page = false};
    for (const std::string& action : given_.actions) {
      if (action == "log") {
        rule_.actions.log = true;
      } else if (action == "webhook") {
        rule_.actions.webhook = true;
      } else if (action == "page") {
        rule_.actions.page = true;
      } else {
        Add("action '" + action + "' is not known", "one of: log, webhook, page");
      }
    }
  }

  const config::AlarmRuleConfig& given_;
  metrics::MetricList known_;
  std::vector<config::Problem>& problems_;
  AlarmRule rule_;
};

std::vector<AlarmRule> PlanDefaults(const config::Config& config,
                                    std::vector<config::Problem>* problems) {
  const config::AlarmsConfig& alarms = config.alarms;
  std::vector<AlarmRule> rules = DefaultRules(config);
  std::vector<std::string> names;
  for (const AlarmRule& rule : rules)
    names.push_back(rule.name);
  for (const std::string& name : alarms.without) {
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;
    const std::string nearest = config::Nearest(name, names);
    problems->push_back({"alarms.without: there is no default rule '" + name + "'", "",
                         nearest.empty() ? "'tapelake alarms list' shows them"
                                         : "did you mean '" + nearest + "'?"});
  }
  if (!alarms.defaults) return {};
  std::erase_if(rules, [&alarms](const AlarmRule& rule) {
    const auto replaced = [&rule](const auto& own) { return own.name == rule.name; };
    return std::find(alarms.without.begin(), alarms.without.end(), rule.name) !=
               alarms.without.end() ||
           std::any_of(alarms.rules.begin(), alarms.rules.end(), replaced);
  });
  return rules;
}

}  // namespace

std::vector<AlarmRule> PlanAlarms(const config::Config& config, metrics::MetricList known,
                                  std::vector<config::Problem>* problems) {
  const config::AlarmsConfig& alarms = config.alarms;
  std::vector<AlarmRule> rules = PlanDefaults(config, problems);
  std::set<std::string> names;
  for (const config::AlarmRuleConfig& given : alarms.rules) {
    if (!names.insert(given.name).second) {
      problems->push_back({"alarm '" + given.name + "' is declared twice", given.place,
                           "give each rule its own name"});
    }
    rules.push_back(RulePlanner(given, known, problems).Plan());
  }
  if (!alarms.webhook.empty()) {
    const Status url = CheckWebhookUrl(alarms.webhook);
    if (!url.ok()) {
      problems->push_back({"alarms.webhook: " + url.message(), "",
                           "write an address such as https://alerts.example/hook"});
    }
  }
  return rules;
}

}  // namespace tapelake::monitor
