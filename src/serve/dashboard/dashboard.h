#pragma once

/// The HTTP port of the running program: the page, its API, the live stream, `/metrics`.

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "base/status.h"
#include "io/clock.h"
#include "io/random.h"
#include "serve/dashboard/dashboard_data.h"
#include "serve/dashboard/live_hub.h"
#include "serve/http/asset_store.h"
#include "serve/http/http_server.h"
#include "serve/http/router.h"

namespace tapelake::serve {

struct DashboardOptions {
  HttpServerOptions http;
  LiveStateOptions live;
  int64_t tick_micros = 100'000;  ///< Between two publications of the live stream.
  int64_t sql_timeout_micros = 30'000'000;
  int64_t sql_rows_max = 10'000;              ///< Of a result on the page.
  std::function<std::string()> metrics_text;  ///< What `/metrics` says, from any thread.
};

/// Serves docs/internals/live-api.md over DashboardData. Start() and Stop() belong to one thread.
/// It has a thread for the live stream beside those of HttpServer.
class Dashboard {
 public:
  /// What a dashboard is made of. `data`, `clock` and `assets` must outlive it; `random` is used
  /// by the constructor only.
  struct Parts {
    DashboardData& data;
    io::Clock& clock;
    io::Random& random;
    const AssetStore* assets = nullptr;  ///< The page; nullptr: the API alone.
  };
  Dashboard(const Parts& parts, DashboardOptions options);
  /// Stops.
  ~Dashboard();

  /// Begin to serve. Errors: those of HttpServer::Start.
  Status Start();

  /// Say `bye` to the live stream, interrupt statements, answer what is under way, close.
  void Stop();

  /// What the API answers to a GET of `target` (`/api/v1/overview`), without the port: for the
  /// local door. Any thread; may take as long as the handler. Errors: as the API says.
  Result<std::string> Answer(std::string_view target) const;

  /// After Start(): `http://127.0.0.1:8990/`.
  std::string url() const;
  uint16_t port() const { return server_->port(); }
  LiveCounters live_counters() const { return hub_.counters(); }
  HttpCounters http_counters() const { return server_->counters(); }

 private:
  void TickLoop();

  DashboardData& data_;
  io::Clock& clock_;
  const DashboardOptions options_;
  LiveHub hub_;
  std::unique_ptr<const Router> api_;  // for Answer()
  std::unique_ptr<HttpServer> server_;

  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  std::thread ticker_;
};

}  // namespace tapelake::serve
