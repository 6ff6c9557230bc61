#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "app/metrics_collector.h"
#include "app/page/page_data.h"
#include "app/table_lane.h"
#include "app/world.h"
#include "base/status.h"
#include "config/config.h"
#include "metrics/registry.h"
#include "monitor/alarm_log.h"
#include "monitor/alarm_watch.h"
#include "monitor/webhook_sender.h"
#include "query/hot_provider.h"
#include "serve/dashboard/dashboard.h"

namespace tapelake::app {

/// The hot rows of the lanes of this process. Any thread.
class LanesHot : public query::HotProvider {
 public:
  /// The lanes must outlive it.
  LanesHot(std::string lake_path, std::vector<TableLane*> lanes)
      : lake_path_(std::move(lake_path)), lanes_(std::move(lanes)) {}
  Result<hot::HotView> View(const std::string& path) override;

 private:
  const std::string lake_path_;
  const std::vector<TableLane*> lanes_;
};

/// What watches a running pipeline and shows it: metrics, alarms with their actions, and the HTTP
/// port with page, API and `/metrics`.
///
/// Threads: one samples metrics and moves alarms, one sends webhooks, those of serve::Dashboard.
/// All public functions but Answer() belong to one thread.
class PageServer {
 public:
  struct Parts {
    const config::Config& config;  ///< Used by Open() only.
    std::vector<TableLane*> lanes;  ///< Must outlive the server.
    MarketDesk* market = nullptr;   ///< Must outlive it; nullptr: there is none.
    std::string market_table;       ///< Of its trades.
    const serve::AssetStore* assets = nullptr;  ///< The page; must outlive it.
    std::string version;                        ///< Of the program.
    /// Gets a line for people at each change of an alarm; any thread. May be empty.
    std::function<void(std::string_view)> on_alarm;
  };

  /// Make everything; nothing runs yet. The caller holds the lake's lock. Errors: kInvalid (the
  /// webhook, the address), kUnavailable (the token cannot be kept).
  static Result<std::unique_ptr<PageServer>> Open(Parts parts);
  /// Stops.
  ~PageServer();

  /// Begin to watch and, if `dashboard.enabled`, to serve; `<lake>/.tapelake/http.json` then says
  /// where. Errors: those of serve::Dashboard::Start; then nothing runs.
  Status Start();

  /// End statements and streams, answer what is under way, send the webhooks that wait.
  void Stop();

  /// Where the page is, after Start(); empty if it is off.
  std::string url() const;
  /// The token that clients must show, and where it is kept; empty if none is needed.
  const std::string& token_path() const { return token_path_; }

  /// What the API answers to a GET of `target`. Any thread. Errors: as in the API; kNotFound.
  Result<std::string> Answer(std::string_view target);

 private:
  PageServer() = default;
  Status OpenAlarms(const config::Config& config);
  Status OpenDashboard(const config::Config& config);
  Status KeepToken(const config::DashboardConfig& config);
  void CollectMarket(metrics::Collection& out);
  void CollectHttp(metrics::Collection& out);
  void OnTransition(const monitor::AlarmRule& rule, const monitor::AlarmTransition& change);
  void Watch();
  void SendWebhooks();

  World world_;
  std::string lake_path_;
  std::string token_;
  std::string token_path_;
  std::vector<TableLane*> lanes_;
  MarketDesk* market_ = nullptr;
  std::string market_table_;
  const serve::AssetStore* assets_ = nullptr;
  std::string version_;
  std::function<void(std::string_view)> on_alarm_;

  metrics::Registry registry_;
  std::unique_ptr<MetricsCollector> collector_;
  std::unique_ptr<monitor::AlarmLog> log_;
  std::unique_ptr<monitor::HttpPoster> poster_;          // nullptr: no webhook
  std::unique_ptr<monitor::WebhookSender> webhooks_;     // nullptr: no webhook
  std::unique_ptr<monitor::AlarmWatch> alarms_;
  std::unique_ptr<LanesHot> hot_;
  std::unique_ptr<PageData> data_;
  std::unique_ptr<serve::Dashboard> dashboard_;  // nullptr: off
  std::atomic<bool> stopping_{false};
  std::atomic<bool> serving_{false};
  std::thread watcher_;
  std::thread sender_;
};

}  // namespace tapelake::app
