#include "app/monitoring.h"
#include "base/json.h"
#include "cli/report.h"
#include "cli/verb.h"
#include "monitor/alarm_message.h"
#include "monitor/webhook_url.h"

namespace tapelake::cli {
namespace {

std::vector<monitor::AlarmRule> RulesOf(const Context& context) {
  std::vector<config::Problem> problems;  // none: LoadConfig has looked
  return app::PlanAlarms(context.config, &problems);
}

/// `tapelake_x_seconds{consumer="ingest"}`
std::string SeriesWords(const monitor::AlarmRule& rule) {
  std::string out(rule.metric->name);
  bool any = false;
  for (size_t i = 0; i < rule.metric->label_count(); ++i) {
    if (!rule.labels[i]) continue;
    out.append(any ? "," : "{").append(rule.metric->labels[i]).append("=").append(*rule.labels[i]);
    any = true;
  }
  return any ? out + "}" : out;
}

/// `Average > 10 in 2 of 3 periods of 10s`
std::string ConditionWords(const monitor::AlarmRule& rule) {
  return monitor::StatisticText(rule.statistic) + " " +
         std::string(monitor::ComparisonSign(rule.comparison)) + " " +
         config::FormatNumber(rule.threshold) + " in " + std::to_string(rule.datapoints_to_alarm) +
         " of " + std::to_string(rule.evaluation_periods) +
         (rule.evaluation_periods == 1 ? " period of " : " periods of ") +
         config::FormatDuration({rule.period_micros});
}

std::string RuleJson(const monitor::AlarmRule& rule) {
  std::string out;
  base::JsonWriter writer(&out);
  writer.BeginObject();
  writer.Key("name").String(rule.name);
  writer.Key("metric").String(rule.metric->name);
  writer.Key("labels").BeginObject();
  for (size_t i = 0; i < rule.metric->label_count(); ++i)
    writer.Key(rule.metric->labels[i]).String(rule.labels[i].value_or("*"));
  writer.EndObject();
  writer.Key("statistic").String(monitor::StatisticText(rule.statistic));
  writer.Key("period_ms").Int(rule.period_micros / 1'000);
  writer.Key("evaluation_periods").Int(rule.evaluation_periods);
  writer.Key("datapoints_to_alarm").Int(rule.datapoints_to_alarm);
  writer.Key("comparison").String(monitor::ComparisonSign(rule.comparison));
  writer.Key("threshold").Double(rule.threshold);
  writer.EndObject();
  return out;
}

class AlarmsListCommand : public Command {
 public:
  void Declare(Options& options) override {
    options.Flag(
        {.name = "--json", .placeholder = "", .sentence = "One JSON object per rule and line."},
        &json_);
  }
  Result<int> Run(Context& context) override {
    for (const monitor::AlarmRule& rule : RulesOf(context)) {
      Print(json_ ? RuleJson(rule) + "\n"
                  : rule.name + ": " + SeriesWords(rule) + " " + ConditionWords(rule) + "\n");
    }
    return kExitOk;
  }

 private:
  bool json_ = false;
};

class AlarmsTestCommand : public Command {
 public:
  void Declare(Options&) override {}
  Result<int> Run(Context& context) override {
    const config::AlarmsConfig& alarms = context.config.alarms;
    if (alarms.webhook.empty()) {
      return MakeError(ErrorKind::kInvalid,
                       "no webhook is configured\nhint: set 'alarms: {webhook: URL}'");
    }
    TAPELAKE_ASSIGN_OR_RAISE(const auto poster, monitor::CurlPoster::Make(
                                                    alarms.webhook, alarms.webhook_timeout.micros));
    TAPELAKE_ASSIGN_OR_RAISE(const int status, poster->Post(Message(context)));
    const std::string host = monitor::ShownWebhookUrl(alarms.webhook);
    if (status < 200 || status > 299) {
      return MakeError(ErrorKind::kUnavailable, "the webhook at " + host + " answered " +
                                                    std::to_string(status) +
                                                    "\nhint: check its path and what it expects");
    }
    Print("the webhook at " + host + " took a test message (" + std::to_string(status) + ")\n");
    return kExitOk;
  }

 private:
  static std::string Message(Context& context) {
    static constexpr metrics::MetricDef kTest{
        .name = "tapelake_monitor_test_messages", .unit = "messages", .help = "A test message."};
    monitor::AlarmTransition change;
    change.at_micros = context.world.clock.WallMicros();
    change.alarm.name = "test";
    change.alarm.state = monitor::AlarmState::kOk;
    change.alarm.reason = "a test message; nothing is wrong";
    change.alarm.metric = kTest.name;
    change.alarm.unit = kTest.unit;
    return monitor::TransitionJson({.name = "test", .metric = &kTest}, change);
  }
};

}  // namespace

std::unique_ptr<Command> MakeAlarmsListCommand() {
  return std::make_unique<AlarmsListCommand>();
}

std::unique_ptr<Command> MakeAlarmsTestCommand() {
  return std::make_unique<AlarmsTestCommand>();
}

}  // namespace tapelake::cli
