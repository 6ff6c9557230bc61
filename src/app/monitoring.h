#pragma once

/// Metrics and alarms of the running pipeline, put together.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/metrics_collector.h"
#include "app/worker.h"
#include "base/status.h"
#include "config/config.h"
#include "config/parse.h"
#include "io/file_system.h"
#include "metrics/registry.h"
#include "monitor/alarm_log.h"
#include "monitor/alarm_watch.h"
#include "monitor/curl_poster.h"
#include "monitor/webhook_sender.h"
#include "serve/dashboard/dashboard_data.h"

namespace tapelake::app {

/// The rules of a configuration over AllMetrics(); see monitor::PlanAlarms.
std::vector<monitor::AlarmRule> PlanAlarms(const config::Config& config,
                                           std::vector<config::Problem>* problems);

/// `<lake>/.tapelake/alarms.ndjson`.
std::string AlarmLogPath(const std::string& lake_path);

/// What the page shows of a snapshot.
serve::AlarmStatus AlarmStatusOf(const monitor::AlarmSnapshot& snapshot);

/// Owns the registry, its collector, the alarms and the webhook, and has a worker for the alarms
/// and one for the webhook, which may block as long as its timeout.
///
/// Whoever counts (the HTTP port, SQL) gets its counters from registry(). Any thread, except for
/// the workers.
class Monitoring {
 public:
  /// `files` and `clock` must outlive it. Errors: kInvalid (the configuration's alarms), those of
  /// monitor::CurlPoster::Make.
  static Result<std::unique_ptr<Monitoring>> Open(io::FileSystem& files, io::Clock& clock,
                                                  const config::Config& config,
                                                  MetricsCollector::Sources sources);
  ~Monitoring();

  /// Call `on_news` for every alarm that begins or ends and has the action `log`, with one line for
  /// people, on the thread of the alarms. Before the workers start.
  void OnNews(std::function<void(const std::string& words)> on_news) {
    on_news_ = std::move(on_news);
  }

  metrics::Registry& registry() { return registry_; }

  /// What `/metrics` says; its content type is metrics::kPrometheusContentType.
  std::string MetricsText() { return metrics::PrometheusText(registry_.Collect()); }

  serve::AlarmStatus Alarms() const { return AlarmStatusOf(*watch_->snapshot()); }

  /// To be ended last, after what they watch.
  std::vector<Worker*> workers();

 private:
  class AlarmWorker;
  class WebhookWorker;

  Monitoring(io::FileSystem& files, io::Clock& clock, const config::Config& config,
             MetricsCollector::Sources sources);
  void OnTransition(const monitor::AlarmRule& rule, const monitor::AlarmTransition& change);

  metrics::Registry registry_;
  MetricsCollector collector_;
  std::function<void(const std::string& words)> on_news_;
  monitor::AlarmLog log_;
  metrics::Counter& log_failures_;
  std::unique_ptr<monitor::CurlPoster> poster_;     // nullptr: no webhook
  std::unique_ptr<monitor::WebhookSender> sender_;  // nullptr: no webhook
  std::unique_ptr<monitor::AlarmWatch> watch_;
  std::unique_ptr<Worker> alarm_worker_;
  std::unique_ptr<Worker> webhook_worker_;
};

}  // namespace tapelake::app
