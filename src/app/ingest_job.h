#pragma once

/// A table with its feed, and runs of it that end.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/feed.h"
#include "app/table_plan.h"
#include "app/table_worker.h"
#include "app/world.h"
#include "base/status.h"
#include "config/config.h"
#include "delivery/delivery.h"

namespace tapelake::app {

/// What every run that opens a table needs.
struct TableRunOptions {
  std::string lake_path;
  config::Config config;  ///< Sections commit, ingest, delivery, compaction and history count.
  CommitLimits limits;
  bool hand_over = false;   ///< Accept another record shape than the table's last one.
  bool count_rows = false;  ///< Read the table first, so that progress knows its rows.
};

/// The commit limits of the configuration.
CommitLimits CommitLimitsOf(const config::CommitConfig& config);

/// The table services' limits of the configuration.
ServicePolicies ServicePoliciesOf(const config::Config& config);

/// How ingest opens the table of `plan`. `hot` may be nullptr.
ingest::IngestOptions IngestOptionsOf(const TablePlan& plan, const TableRunOptions& options,
                                      hot::HotTable* hot);

/// Rows of the table of `plan` now; 0 if it does not exist. Errors: those of hudi::Table.
Result<int64_t> CountTableRows(World& world, const std::string& lake_path, const TablePlan& plan);

/// A run that ends: the lock of the lake, a delivery that only keeps error objects, the worker.
struct TableRun {
  std::unique_ptr<io::FileLock> lock;
  std::unique_ptr<delivery::Delivery> delivery;
  std::unique_ptr<TableWorker> worker;
};

/// Open (or create) a table and read `paths` into it. `world` must outlive the run.
/// Errors: kConflict (another process writes to the lake), those of ingest::TableIngest::Open and
/// FilesFeed::Make.
Result<TableRun> OpenFilesRun(World& world, const TablePlan& plan, const TableRunOptions& options,
                              const std::vector<std::string>& paths, const FilesFeedOptions& feed);

/// Step `worker` on this thread until its feed ends, `keep_on` returns false or Ctrl-C; then drain
/// it. `keep_on` is called after every step. Errors: those of the worker.
Status RunToEnd(World& world, TableWorker* worker,
                const std::function<bool(const TableProgress&)>& keep_on);

}  // namespace tapelake::app
