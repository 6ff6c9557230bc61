#pragma once

/// A table with its feed, and runs of it that end.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/table_plan.h"
#include "app/table_worker.h"
#include "app/world.h"
#include "base/status.h"
#include "config/config.h"

namespace tapelake::app {

/// What both kinds of runs need to open a table.
struct TableRunOptions {
  std::string lake_path;
  config::IngestConfig ingest;
  CommitLimits limits;
  bool hand_over = false;   ///< Accept another record shape than the table's last one.
  bool count_rows = false;  ///< Read the footers first, so that progress knows the table's rows.
};

/// The commit limits of the configuration.
CommitLimits CommitLimitsOf(const config::CommitConfig& config);

/// Open (or create) a table and read `paths` into it. `world` must outlive the worker.
/// Errors: those of ingest::TableIngest::Open and FilesFeed::Make.
Result<std::unique_ptr<TableWorker>> OpenFilesWorker(World& world, const TablePlan& plan,
                                                     const TableRunOptions& options,
                                                     const std::vector<std::string>& paths,
                                                     const FilesFeedOptions& feed);

/// Open (or create) a table and feed it from the live simulator.
Result<std::unique_ptr<TableWorker>> OpenSimulatorWorker(World& world, const TablePlan& plan,
                                                         const TableRunOptions& options,
                                                         const source::SimulatorOptions& simulator);

/// Step `worker` on this thread until its feed ends, `keep_on` returns false or Ctrl-C; then drain
/// it. `keep_on` is called after every step. Errors: those of the worker.
Status RunToEnd(World& world, TableWorker* worker,
                const std::function<bool(const TableProgress&)>& keep_on);

}  // namespace tapelake::app
