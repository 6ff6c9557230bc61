#include "app/ingest_job.h"

#include <algorithm>
#include <utility>

#include "app/delivery_plan.h"
#include "app/interrupt.h"
#include "app/lake.h"
#include "app/lake_folder.h"

namespace tapelake::app {
namespace {

constexpr int64_t kIdleMicros = 10'000;
/// Without it a base file would be written again for every minute of commits each two seconds,
/// however little they bring (docs/reports/days-bench.md).
constexpr double kSmallLogShare = 1.0 / 16;
/// No byte is written again but into a file twice as big.
constexpr double kMergedShareMax = 0.5;
/// Opening files takes time, too, on S3 a few requests each.
constexpr int64_t kMergedFilesMax = 64;
constexpr int64_t kMicrosPerHour = 3'600'000'000;

void SetHistory(const config::HistoryConfig& history, ServicePolicies* policies) {
  hudi::CleaningPolicy& cleaning = policies->cleaning;
  cleaning.commits_retained = history.commits_retained;
  cleaning.hours_retained = history.hours_retained;
  cleaning.file_versions_retained = history.file_versions_retained;
  cleaning.reader_micros = history.readers.micros;
  hudi::ArchivalPolicy& archival = policies->archival;
  archival.instants_keep_min = history.instants_min;
  archival.instants_keep_max = history.instants_max;
  archival.reader_micros = history.readers.micros;
  if (history.policy == "KEEP_LATEST_FILE_VERSIONS") {
    cleaning.kind = hudi::CleaningKind::kLatestFileVersions;
  } else if (history.policy == "KEEP_LATEST_BY_HOURS") {
    cleaning.kind = hudi::CleaningKind::kLatestByHours;
    // Cleaning knows active commits only: those of the hours must be.
    archival.reader_micros =
        std::max(archival.reader_micros, history.hours_retained * kMicrosPerHour);
  }
}

}  // namespace

CommitLimits CommitLimitsOf(const config::CommitConfig& config) {
  return {.interval_micros = config.interval.micros,
          .changes_max = config.changes_max,
          .bytes_max = config.bytes_max.bytes};
}

ServicePolicies ServicePoliciesOf(const config::Config& config) {
  ServicePolicies policies;
  policies.compaction.log_files_max = config.compaction.log_files_max;
  policies.compaction.log_bytes_max = config.compaction.log_bytes_max.bytes;
  policies.compaction.small_log_share = kSmallLogShare;
  policies.compaction.age_micros_max = config.compaction.interval.micros;
  SetHistory(config.history, &policies);
  if (config.clustering.enabled) {
    policies.clustering = {.small_file_bytes = config.clustering.small_file_bytes.bytes,
                           .files_min = config.clustering.files_min,
                           .largest_share_max = kMergedShareMax,
                           .bytes_max = config.clustering.bytes_max.bytes,
                           .files_max = std::max(kMergedFilesMax, config.clustering.files_min)};
  }
  return policies;
}

ingest::IngestOptions IngestOptionsOf(const TablePlan& plan, const TableRunOptions& options,
                                      hot::HotTable* hot) {
  const config::IngestConfig& ingest = options.config.ingest;
  return {.lake_path = options.lake_path,
          .horizon_micros = ingest.horizon.micros,
          .index_bytes_max = ingest.index_bytes_max.bytes,
          .threads = static_cast<int>(ingest.threads),
          .hand_over = options.hand_over,
          .buckets_stated = plan.buckets_stated,
          .type = plan.type,
          .type_stated = plan.type_stated,
          .index = plan.index,
          .index_stated = plan.index_stated,
          .change_data = plan.change_data,
          .change_data_stated = plan.change_data_stated,
          .hot = hot};
}

Result<int64_t> CountTableRows(World& world, const std::string& lake_path, const TablePlan& plan) {
  const std::string path = TablePath(lake_path, plan.definition);
  TAPELAKE_ASSIGN_OR_RAISE(const bool exists, world.files.Exists(io::JoinPath(path, ".hoodie")));
  if (!exists) return 0;
  TAPELAKE_ASSIGN_OR_RAISE(const auto table, hudi::Table::Open(world.table_environment(), path));
  TAPELAKE_ASSIGN_OR_RAISE(const hudi::Snapshot snapshot, table->LatestSnapshot());
  return CountRows(world.files, path, snapshot);
}

Result<TableRun> OpenFilesRun(World& world, const TablePlan& plan, const TableRunOptions& options,
                              const std::vector<std::string>& paths, const FilesFeedOptions& feed) {
  // The files first: a mistyped path must not leave an empty table behind.
  for (const std::string& path : paths) {
    TAPELAKE_RETURN_NOT_OK(source::ListInputFiles(world.files, path).status());
  }
  TableRun run;
  TAPELAKE_ASSIGN_OR_RAISE(run.lock, LockLake(world.files, options.lake_path));
  TableWorker::Parts parts;
  if (options.count_rows) {
    TAPELAKE_ASSIGN_OR_RAISE(parts.rows_before, CountTableRows(world, options.lake_path, plan));
  }
  TAPELAKE_ASSIGN_OR_RAISE(const delivery::DeliveryOptions configured,
                           DeliveryOptionsOf(options.config, plan.definition.QualifiedName()));
  TAPELAKE_ASSIGN_OR_RAISE(run.delivery,
                           delivery::Delivery::Open(world.files, world.clock, plan.definition,
                                                    {.lake_path = options.lake_path,
                                                     .stream = plan.definition.QualifiedName(),
                                                     .raw = false,
                                                     .layout = configured.layout}));
  parts.table = plan.definition.QualifiedName();
  parts.limits = options.limits;
  parts.services = ServicePoliciesOf(options.config);
  parts.delivery = run.delivery.get();
  parts.delivers = true;
  parts.open_ingest = [&world, definition = plan.definition,
                       ingest = IngestOptionsOf(plan, options, nullptr)]() mutable {
    auto opened = ingest::TableIngest::Open(world.table_environment(), definition, ingest);
    ingest.hand_over = false;  // once
    return opened;
  };
  parts.open_feed = [&world, paths, feed](const FeedStart& start) -> Result<std::unique_ptr<Feed>> {
    return FilesFeed::Make(world, paths, feed, start.offset);
  };
  TAPELAKE_ASSIGN_OR_RAISE(run.worker, TableWorker::Open(world.clock, std::move(parts)));
  return run;
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
