#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/monitoring.h"
#include "app/page/page_data.h"
#include "app/table_lane.h"
#include "app/world.h"
#include "base/status.h"
#include "config/config.h"
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

/// The HTTP port of a running pipeline: page, API, live stream and `/metrics`.
///
/// All public functions but Answer() belong to one thread.
class PageServer {
 public:
  struct Parts {
    const config::Config& config;   ///< Used by Open() only.
    std::vector<TableLane*> lanes;  ///< Must outlive the server, as all pointers and references.
    MarketDesk* market = nullptr;   ///< nullptr: there is none.
    std::string market_table;       ///< Of its trades.
    Monitoring& monitoring;
    const serve::AssetStore* assets = nullptr;  ///< The page.
    std::string version;                        ///< Of the program.
  };

  /// Make everything; nothing runs yet. The caller holds the lake's lock. Errors: kInvalid (the
  /// address), kUnavailable (the token cannot be kept).
  static Result<std::unique_ptr<PageServer>> Open(Parts parts);
  /// Stops.
  ~PageServer();

  /// Begin to serve; `<lake>/.tapelake/http.json` then says where. Errors: those of
  /// serve::Dashboard::Start; then nothing runs.
  Status Start();

  /// End statements and streams, answer what is under way, close.
  void Stop();

  /// Where the page is, after Start().
  std::string url() const { return dashboard_->url(); }
  /// Where the token is kept that clients must show; empty if none is needed, or the configuration
  /// holds it.
  const std::string& token_path() const { return token_path_; }

  /// What the API answers to a GET of `target`. Any thread. Errors: as in the API.
  Result<std::string> Answer(std::string_view target) { return dashboard_->Answer(target); }

 private:
  explicit PageServer(std::string lake_path) : lake_path_(std::move(lake_path)) {}
  Status KeepToken(const config::DashboardConfig& config);
  serve::DashboardOptions OptionsOf(const config::DashboardConfig& config, Monitoring& monitoring);
  void Collect(metrics::Collection& out) const;

  World world_;
  const std::string lake_path_;
  std::string token_;
  std::string token_path_;
  std::unique_ptr<LanesHot> hot_;
  std::unique_ptr<PageData> data_;
  std::unique_ptr<serve::Dashboard> dashboard_;
  bool serving_ = false;
};

}  // namespace tapelake::app
