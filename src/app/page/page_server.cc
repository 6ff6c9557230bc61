#include "app/page/page_server.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "app/lake_folder.h"
#include "base/json.h"
#include "io/local_socket.h"
#include "serve/http/listen_address.h"
#include "serve/metrics.h"

namespace tapelake::app {
namespace {

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
  const config::Config& config = parts.config;
  std::unique_ptr<PageServer> server(new PageServer(config.lake.path));
  TAPELAKE_RETURN_NOT_OK(server->KeepToken(config.dashboard));
  server->hot_ = std::make_unique<LanesHot>(config.lake.path, parts.lanes);
  server->data_ = std::make_unique<PageData>(
      PageData::Parts{.clock = server->world_.clock,
                      .version = parts.version,
                      .lake_path = config.lake.path,
                      .lanes = parts.lanes,
                      .market = parts.market,
                      .market_table = parts.market_table,
                      .monitoring = parts.monitoring,
                      .sql = {.lake_path = config.lake.path,
                              .threads = static_cast<int>(config.query.threads),
                              .check_files = config.query.check_files,
                              .metrics = &parts.monitoring.registry()},
                      .hot = config.query.hot ? server->hot_.get() : nullptr});
  server->dashboard_ =
      std::make_unique<serve::Dashboard>(serve::Dashboard::Parts{.data = *server->data_,
                                                                 .clock = server->world_.clock,
                                                                 .random = server->world_.random,
                                                                 .assets = parts.assets},
                                         server->OptionsOf(config.dashboard, parts.monitoring));
  parts.monitoring.registry().AddCollector(
      [raw = server.get()](metrics::Collection& out) { raw->Collect(out); });
  return server;
}

serve::DashboardOptions PageServer::OptionsOf(const config::DashboardConfig& config,
                                              Monitoring& monitoring) {
  serve::DashboardOptions options;
  options.http.listen = config.listen;
  options.http.token = token_;
  options.http.connections_max = config.clients_max;
  options.http.requests_per_second = config.requests_per_second;
  options.http.on_answered = [&registry = monitoring.registry()](const std::string& route,
                                                                 int status, int64_t micros) {
    registry.GetCounter(serve::kHttpRequests, {route, std::to_string(status / 100) + "xx"}).Add(1);
    registry.GetHistogram(serve::kHttpDuration, {route}).Observe(static_cast<double>(micros) / 1e6);
  };
  options.sql_timeout_micros = config.sql_timeout.micros;
  options.sql_rows_max = config.sql_rows_max;
  options.metrics_text = [&monitoring] { return monitoring.MetricsText(); };
  return options;
}

Status PageServer::KeepToken(const config::DashboardConfig& config) {
  TAPELAKE_ASSIGN_OR_RAISE(const serve::ListenAddress address,
                           serve::ParseListenAddress(config.listen, "dashboard.listen"));
  token_ = config.token;
  if (address.loopback || !token_.empty()) return Status::OK();
  token_path_ = io::JoinPath(lake_path_, ".tapelake/token");
  auto kept = world_.files.ReadFile(token_path_);
  if (kept.ok() && !WithoutLineEnd(*kept).empty()) {
    token_ = WithoutLineEnd(std::move(*kept));
    return Status::OK();
  }
  token_ = MakeToken(world_.random);
  return world_.files.local().ReplacePrivateFile(token_path_, token_ + "\n");
}

PageServer::~PageServer() {
  Stop();
}

Status PageServer::Start() {
  TAPELAKE_RETURN_NOT_OK(dashboard_->Start());
  serving_ = true;
  const std::string page = url();
  const std::string address = page.substr(page.find("//") + 2);
  std::string json;
  base::JsonWriter(&json)
      .BeginObject()
      .Key("url")
      .String(page)
      .Key("address")
      .String(address.substr(0, address.find('/')))
      .Key("process_id")
      .Int(io::ProcessId())
      .EndObject();
  return world_.files.ReplaceFile(HttpPlacePath(lake_path_), json + "\n");
}

void PageServer::Stop() {
  if (!serving_) return;
  serving_ = false;
  dashboard_->Stop();
  const Status deleted = world_.files.DeleteFile(HttpPlacePath(lake_path_));
  (void)deleted.ok();  // the next start replaces it
}

void PageServer::Collect(metrics::Collection& out) const {
  const serve::HttpCounters http = dashboard_->http_counters();
  const serve::LiveCounters live = dashboard_->live_counters();
  out.Set(serve::kHttpConnections, {}, static_cast<double>(http.connections));
  out.Set(serve::kLiveClients, {}, static_cast<double>(live.clients));
  out.Set(serve::kLiveEvents, {}, static_cast<double>(live.events_total));
  out.Set(serve::kLiveBytes, {}, static_cast<double>(live.bytes_total));
  out.Set(serve::kLiveSkipped, {}, static_cast<double>(live.skipped_ticks_total));
}

}  // namespace tapelake::app
