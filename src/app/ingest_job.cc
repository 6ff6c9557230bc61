#include "app/ingest_job.h"

#include <utility>

#include "app/interrupt.h"
#include "app/lake.h"

namespace tapelake::app {
namespace {

constexpr int64_t kIdleMicros = 10'000;

Result<TableWorker::Parts> OpenTable(World& world, const TablePlan& plan,
                                     const TableRunOptions& options) {
  TableWorker::Parts parts;
  parts.table = plan.definition.QualifiedName();
  parts.limits = options.limits;
  TAPELAKE_ASSIGN_OR_RAISE(
      parts.ingest,
      ingest::TableIngest::Open(world.table_environment(), plan.definition,
                                {.lake_path = options.lake_path,
                                 .horizon_micros = options.ingest.horizon.micros,
                                 .index_bytes_max = options.ingest.index_bytes_max.bytes,
                                 .threads = static_cast<int>(options.ingest.threads),
                                 .hand_over = options.hand_over,
                                 .buckets_stated = plan.buckets_stated}));
  if (!options.count_rows) return parts;
  const std::string path = TablePath(options.lake_path, plan.definition);
  TAPELAKE_ASSIGN_OR_RAISE(const auto table, hudi::Table::Open(world.table_environment(), path));
  TAPELAKE_ASSIGN_OR_RAISE(const hudi::Snapshot snapshot, table->LatestSnapshot());
  TAPELAKE_ASSIGN_OR_RAISE(parts.rows_before, CountRows(world.files, path, snapshot));
  return parts;
}

}  // namespace

CommitLimits CommitLimitsOf(const config::CommitConfig& config) {
  return {.interval_micros = config.interval.micros,
          .changes_max = config.changes_max,
          .bytes_max = config.bytes_max.bytes};
}

Result<std::unique_ptr<TableWorker>> OpenFilesWorker(World& world, const TablePlan& plan,
                                                     const TableRunOptions& options,
                                                     const std::vector<std::string>& paths,
                                                     const FilesFeedOptions& feed) {
  // The files first: a mistyped path must not leave an empty table behind.
  for (const std::string& path : paths) {
    TAPELAKE_RETURN_NOT_OK(source::ListInputFiles(world.files, path).status());
  }
  TAPELAKE_ASSIGN_OR_RAISE(TableWorker::Parts parts, OpenTable(world, plan, options));
  const ingest::TableIngest* ingest = parts.ingest.get();
  TAPELAKE_ASSIGN_OR_RAISE(parts.feed,
                           FilesFeed::Make(world, paths, feed, [ingest](const std::string& id) {
                             return ingest->CommittedOffset(id);
                           }));
  return std::make_unique<TableWorker>(world.clock, std::move(parts));
}

Result<std::unique_ptr<TableWorker>> OpenSimulatorWorker(
    World& world, const TablePlan& plan, const TableRunOptions& options,
    const source::SimulatorOptions& simulator) {
  TAPELAKE_ASSIGN_OR_RAISE(TableWorker::Parts parts, OpenTable(world, plan, options));
  TAPELAKE_ASSIGN_OR_RAISE(parts.feed, SimulatorFeed::Make(simulator, world.clock));
  return std::make_unique<TableWorker>(world.clock, std::move(parts));
}

Status RunToEnd(World& world, TableWorker* worker,
                const std::function<bool(const TableProgress&)>& keep_on) {
  while (!Interrupted()) {
    TAPELAKE_ASSIGN_OR_RAISE(const bool progressed, worker->Step());
    const TableProgress progress = worker->progress();
    if (!keep_on(progress) || progress.at_end) break;
    if (!progressed) world.clock.Sleep(kIdleMicros);
  }
  return worker->Drain();
}

}  // namespace tapelake::app
