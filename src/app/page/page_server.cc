#include "app/page/page_server.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include "app/lake_folder.h"
#include "app/metrics.h"
#include "app/page/market_figures.h"
#include "base/json.h"
#include "io/local_socket.h"
#include "monitor/alarm_message.h"
#include "monitor/alarm_plan.h"
#include "monitor/curl_poster.h"
#include "serve/http/listen_address.h"
#include "serve/metrics.h"

namespace tapelake::app {
namespace {

constexpr int64_t kIdleMicros = 50'000;
constexpr int kTokenWords = 4;

std::string MakeToken(io::Random& random) {
  std::string token;
  for (int i = 0; i < kTokenWords; ++i) {
    std::array<char, 17> word = {};
    std::snprintf(word.data(), word.size(), "%016llx",
                  static_cast<unsigned long long>(random.Next()));
    token += word.data();
  }
  return token;
}

std::string WithoutLineEnd(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r'))
    text.pop_back();
  return text;
}

}  // namespace

Result<hot::HotView> LanesHot::View(const std::string& path) {
  for (TableLane* lane : lanes_) {
    std::string below = lane->table_name();
    std::replace(below.begin(), below.end(), '.', '/');
    if (io::JoinPath(lake_path_, below) == path) return lane->hot().View();
  }
  return hot::HotView{};
}

Result<std::unique_ptr<PageServer>> PageServer::Open(Parts parts) {
  std::unique_ptr<PageServer> server(new PageServer());
  server->lake_path_ = parts.config.lake.path;
  server->lanes_ = std::move(parts.lanes);
  server->market_ = parts.market;
  server->market_table_ = parts.market_table;
  server->assets_ = parts.assets;
  server->version_ = parts.version;
  server->on_alarm_ = std::move(parts.on_alarm);
  server->hot_ = std::make_unique<LanesHot>(server->lake_path_, server->lanes_);
  TAPELAKE_RETURN_NOT_OK(server->OpenAlarms(parts.config));
  if (parts.config.dashboard.enabled) TAPELAKE_RETURN_NOT_OK(server->OpenDashboard(parts.config));
  return server;
}

Status PageServer::OpenAlarms(const config::Config& config) {
  std::vector<config::Problem> problems;
  std::vector<monitor::AlarmRule> rules = monitor::PlanAlarms(config, AllMetrics(), &problems);
  if (!problems.empty()) {
    return MakeError(ErrorKind::kInvalid, problems.front().place + ": " + problems.front().what);
  }
  MetricsCollector::Sources sources;
  sources.lake_path = lake_path_;
  sources.tables = [this] {
    std::vector<TableFigures> tables;
    for (TableLane* lane : lanes_)
      tables.push_back(FiguresOf(*lane));
    return tables;
  };
  if (market_ != nullptr) {
    sources.market = [this]() -> std::optional<MarketFigures> {
      return MarketFiguresOf(*market_, market_table_, world_.clock.WallMicros());
    };
  }
  collector_ = std::make_unique<MetricsCollector>(world_.clock, std::move(sources));
  registry_.AddCollector([this](metrics::Collection& out) { collector_->Collect(out); });
  registry_.AddCollector([this](metrics::Collection& out) { CollectHttp(out); });
  log_ = std::make_unique<monitor::AlarmLog>(
      world_.files, io::JoinPath(lake_path_, ".tapelake/alarms.ndjson"));
  if (!config.alarms.webhook.empty()) {
    TAPELAKE_ASSIGN_OR_RAISE(poster_,
                             monitor::CurlPoster::Make(config.alarms.webhook,
                                                       config.alarms.webhook_timeout.micros));
    webhooks_ = std::make_unique<monitor::WebhookSender>(world_.clock, *poster_, registry_,
                                                         monitor::WebhookOptions());
  }
  alarms_ = std::make_unique<monitor::AlarmWatch>(
      world_.clock, registry_, std::move(rules),
      [this](const monitor::AlarmRule& rule, const monitor::AlarmTransition& change) {
        OnTransition(rule, change);
      });
  return Status::OK();
}

Status PageServer::OpenDashboard(const config::Config& config) {
  const config::DashboardConfig& page = config.dashboard;
  TAPELAKE_RETURN_NOT_OK(KeepToken(page));
  data_ = std::make_unique<PageData>(PageData::Parts{
      .clock = world_.clock,
      .version = version_,
      .lake_path = lake_path_,
      .lanes = lanes_,
      .market = market_,
      .market_table = market_table_,
      .book = {},
      .alarms = [this] { return alarms_->snapshot(); },
      .sql = {.lake_path = lake_path_,
              .threads = static_cast<int>(config.query.threads),
              .check_files = config.query.check_files},
      .hot = config.query.hot ? hot_.get() : nullptr});
  serve::DashboardOptions options;
  options.http.listen = page.listen;
  options.http.token = token_;
  options.http.connections_max = page.clients_max;
  options.http.requests_per_second = page.requests_per_second;
  options.http.on_answered = [this](std::string_view route, int status, int64_t micros) {
    const std::string route_text(route);
    registry_
        .GetCounter(serve::kHttpRequests,
                    {route_text, std::to_string(status / 100) + "xx"})
        .Add(1);
    registry_.GetHistogram(serve::kHttpDuration, {route_text})
        .Observe(static_cast<double>(micros) / 1e6);
  };
  options.sql_timeout_micros = page.sql_timeout.micros;
  options.sql_rows_max = page.sql_rows_max;
  options.metrics_text = [this] { return metrics::PrometheusText(registry_.Collect()); };
  dashboard_ = std::make_unique<serve::Dashboard>(
      serve::Dashboard::Parts{
          .data = *data_, .clock = world_.clock, .random = world_.random, .assets = assets_},
      std::move(options));
  return Status::OK();
}

Status PageServer::KeepToken(const config::DashboardConfig& config) {
  TAPELAKE_ASSIGN_OR_RAISE(const serve::ListenAddress address,
                           serve::ParseListenAddress(config.listen));
  token_ = config.token;
  if (address.loopback || !token_.empty()) return Status::OK();
  token_path_ = io::JoinPath(lake_path_, ".tapelake/token");
  auto kept = world_.files.ReadFile(token_path_);
  if (kept.ok() && !WithoutLineEnd(*kept).empty()) {
    token_ = WithoutLineEnd(std::move(*kept));
    return Status::OK();
  }
  token_ = MakeToken(world_.random);
  return world_.files.ReplacePrivateFile(token_path_, token_ + "\n");
}

PageServer::~PageServer() {
  Stop();
}

Status PageServer::Start() {
  if (dashboard_ != nullptr) {
    TAPELAKE_RETURN_NOT_OK(dashboard_->Start());
    serving_ = true;
    std::string json;
    base::JsonWriter(&json)
        .BeginObject()
        .Key("url")
        .String(dashboard_->url())
        .Key("address")
        .String(url().substr(url().find("//") + 2, url().size() - url().find("//") - 3))
        .Key("process_id")
        .Int(io::ProcessId())
        .EndObject();
    TAPELAKE_RETURN_NOT_OK(
        world_.files.ReplaceFile(HttpPlacePath(lake_path_), json + "\n"));
  }
  watcher_ = std::thread([this] { Watch(); });
  if (webhooks_ != nullptr) sender_ = std::thread([this] { SendWebhooks(); });
  return Status::OK();
}

void PageServer::Stop() {
  if (serving_.exchange(false)) {
    dashboard_->Stop();
    const Status deleted = world_.files.DeleteFile(HttpPlacePath(lake_path_));
    (void)deleted.ok();  // a stale one is replaced by the next start
  }
  stopping_ = true;
  if (watcher_.joinable()) watcher_.join();
  if (sender_.joinable()) sender_.join();
}

std::string PageServer::url() const {
  return dashboard_ == nullptr || !serving_ ? "" : dashboard_->url();
}

Result<std::string> PageServer::Answer(std::string_view target) {
  if (dashboard_ == nullptr || !serving_) {
    return MakeError(ErrorKind::kNotFound,
                     "this pipeline has no page\nhint: set 'dashboard: {enabled: true}'");
  }
  return dashboard_->Answer(target);
}

void PageServer::CollectHttp(metrics::Collection& out) {
  if (dashboard_ == nullptr || !serving_) return;
  const serve::HttpCounters http = dashboard_->http_counters();
  out.Set(serve::kHttpConnections, {}, static_cast<double>(http.connections));
  const serve::LiveCounters live = dashboard_->live_counters();
  out.Set(serve::kLiveClients, {}, static_cast<double>(live.clients));
  out.Set(serve::kLiveBytes, {}, static_cast<double>(live.bytes_total));
  out.Set(serve::kLiveSkipped, {}, static_cast<double>(live.skipped_ticks_total));
  out.Set(serve::kLiveEvents, {}, static_cast<double>(live.events_total));
}

void PageServer::OnTransition(const monitor::AlarmRule& rule,
                              const monitor::AlarmTransition& change) {
  const std::string json = monitor::TransitionJson(rule, change);
  if (rule.actions.log) {
    const Status logged = log_->Append(json);
    if (!logged.ok()) registry_.GetCounter(monitor::kLogFailures).Add(1);
    if (on_alarm_ && change.is_news()) on_alarm_(monitor::TransitionWords(change));
  }
  if (rule.actions.webhook && webhooks_ != nullptr && change.is_news()) webhooks_->Enqueue(json);
}

void PageServer::Watch() {
  while (!stopping_) {
    if (!alarms_->Step()) world_.clock.Sleep(kIdleMicros);
  }
}

void PageServer::SendWebhooks() {
  while (!stopping_) {
    if (!webhooks_->Step()) world_.clock.Sleep(kIdleMicros);
  }
  webhooks_->Drain();
}

}  // namespace tapelake::app
