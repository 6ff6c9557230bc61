#include "app/monitoring.h"

#include <utility>

#include "app/metrics.h"
#include "monitor/alarm_message.h"
#include "monitor/alarm_plan.h"
#include "monitor/metrics.h"

namespace tapelake::app {

std::vector<monitor::AlarmRule> PlanAlarms(const config::Config& config,
                                           std::vector<config::Problem>* problems) {
  return monitor::PlanAlarms(config, AllMetrics(), problems);
}

std::string AlarmLogPath(const std::string& lake_path) {
  return io::JoinPath(lake_path, ".tapelake/alarms.ndjson");
}

serve::AlarmStatus AlarmStatusOf(const monitor::AlarmSnapshot& snapshot) {
  serve::AlarmStatus status;
  for (const monitor::AlarmView& alarm : snapshot.alarms) {
    status.alarms.push_back({.name = alarm.name,
                             .state = std::string(monitor::AlarmStateText(alarm.state)),
                             .since_ms = alarm.since_micros / 1'000,
                             .reason = alarm.reason,
                             .metric = alarm.metric,
                             .labels = alarm.labels,
                             .threshold = alarm.threshold,
                             .comparison = std::string(monitor::ComparisonSign(alarm.comparison)),
                             .latest = alarm.latest});
  }
  for (const monitor::AlarmTransition& change : snapshot.history) {
    status.history.push_back({.at_ms = change.at_micros / 1'000,
                              .name = change.alarm.name,
                              .from = std::string(monitor::AlarmStateText(change.from)),
                              .to = std::string(monitor::AlarmStateText(change.alarm.state)),
                              .reason = change.alarm.reason});
  }
  return status;
}

class Monitoring::AlarmWorker : public Worker {
 public:
  explicit AlarmWorker(monitor::AlarmWatch& watch) : watch_(watch) {}
  std::string name() const override { return "alarms"; }
  Result<bool> Step() override { return watch_.Step(); }
  Status Drain() override { return Status::OK(); }

 private:
  monitor::AlarmWatch& watch_;
};

class Monitoring::WebhookWorker : public Worker {
 public:
  explicit WebhookWorker(monitor::WebhookSender& sender) : sender_(sender) {}
  std::string name() const override { return "webhook"; }
  Result<bool> Step() override { return sender_.Step(); }
  Status Drain() override {
    sender_.Drain();
    return Status::OK();
  }

 private:
  monitor::WebhookSender& sender_;
};

Monitoring::Monitoring(io::FileSystem& files, io::Clock& clock, const config::Config& config,
                       MetricsCollector::Sources sources)
    : collector_(clock, std::move(sources)),
      log_(files, AlarmLogPath(config.lake.path)),
      log_failures_(registry_.GetCounter(monitor::kLogFailures)) {
  registry_.AddCollector([this](metrics::Collection& out) { collector_.Collect(out); });
}

Monitoring::~Monitoring() = default;

Result<std::unique_ptr<Monitoring>> Monitoring::Open(io::FileSystem& files, io::Clock& clock,
                                                     const config::Config& config,
                                                     MetricsCollector::Sources sources) {
  std::vector<config::Problem> problems;
  std::vector<monitor::AlarmRule> rules = PlanAlarms(config, &problems);
  if (!problems.empty()) {
    return MakeError(ErrorKind::kInvalid, problems[0].what + "\nhint: " + problems[0].hint);
  }
  std::unique_ptr<Monitoring> monitoring(new Monitoring(files, clock, config, std::move(sources)));
  Monitoring& self = *monitoring;
  if (!config.alarms.webhook.empty()) {
    TAPELAKE_ASSIGN_OR_RAISE(
        self.poster_,
        monitor::CurlPoster::Make(config.alarms.webhook, config.alarms.webhook_timeout.micros));
    self.sender_ = std::make_unique<monitor::WebhookSender>(clock, *self.poster_, self.registry_,
                                                            monitor::WebhookOptions{});
    self.webhook_worker_ = std::make_unique<WebhookWorker>(*self.sender_);
  }
  self.watch_ = std::make_unique<monitor::AlarmWatch>(
      clock, self.registry_, std::move(rules),
      [&self](const monitor::AlarmRule& rule, const monitor::AlarmTransition& change) {
        self.OnTransition(rule, change);
      });
  self.alarm_worker_ = std::make_unique<AlarmWorker>(*self.watch_);
  return monitoring;
}

std::vector<Worker*> Monitoring::workers() {
  std::vector<Worker*> workers = {alarm_worker_.get()};
  if (webhook_worker_ != nullptr) workers.push_back(webhook_worker_.get());
  return workers;
}

void Monitoring::OnTransition(const monitor::AlarmRule& rule,
                              const monitor::AlarmTransition& change) {
  if (rule.actions.log) {
    // A disk that is full must not end the pipeline for the sake of its log.
    if (!log_.Append(monitor::TransitionJson(rule, change)).ok()) log_failures_.Add();
    if (change.is_news() && on_news_) on_news_(monitor::TransitionWords(change));
  }
  if (rule.actions.webhook && change.is_news() && sender_ != nullptr) {
    sender_->Enqueue(monitor::TransitionJson(rule, change));
  }
}

}  // namespace tapelake::app
