#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/compaction_worker.h"
#include "app/market/market_desk.h"
#include "app/market/market_feed.h"
#include "app/market/market_worker.h"
#include "app/table_plan.h"
#include "app/world.h"
#include "base/status.h"
#include "config/config.h"
#include "hot/hot_table.h"
#include "query/hudi_snapshot_provider.h"
#include "stream/stream.h"

namespace tapelake::app {

/// The table whose rows are the market's trades: the configured one, else the first that has a
/// source and the columns. nullptr: the market is off, or there is none. Errors: kInvalid
/// (`market.table` is not declared, has no source, or holds no trades; says which).
Result<const TablePlan*> FindMarketTable(const config::Config& config,
                                         const std::vector<TablePlan>& plans);

/// Everything that works for the market of one table: its feed, desk, tables and workers.
class MarketLane {
 public:
  /// Open the market's tables and read what it needs of the lake. Nothing runs yet. `hot` and
  /// `stream` (nullptr: the table is fed from files) must outlive the lane. Errors: those of
  /// MarketWorker::Open.
  static Result<std::unique_ptr<MarketLane>> Open(const config::Config& config,
                                                  const TablePlan& plan, hot::HotTable* hot,
                                                  stream::Stream* stream);

  MarketFeed& feed() { return *feed_; }
  MarketDesk& desk() { return *desk_; }

  /// In the order of the end.
  std::vector<Worker*> workers();

 private:
  MarketLane() = default;
  MarketWorker::Parts PartsOf(const config::Config& config, const TablePlan& plan,
                              hot::HotTable* hot, stream::Stream* stream);

  World world_;           // of the market's worker: randomness belongs to one thread
  World bars_world_;      // of the compaction of the bars
  World measures_world_;  // of the compaction of the measures
  std::unique_ptr<query::HudiSnapshotProvider> provider_;
  std::unique_ptr<MarketFeed> feed_;
  std::unique_ptr<MarketDesk> desk_;
  std::unique_ptr<CompactionWorker> bars_compaction_;
  std::unique_ptr<CompactionWorker> measures_compaction_;
  std::unique_ptr<MarketWorker> worker_;
};

}  // namespace tapelake::app
