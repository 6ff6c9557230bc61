#include "tests/sim/plant.h"

#include <utility>

#include "app/lake_folder.h"
#include "app/stream_feed.h"
#include "app/table_plan.h"

namespace tapelake::sim {
namespace {

constexpr int64_t kStartMicros = 1'795'370'400'000'000;  // 2026-11-22T18:00:00Z
constexpr int kWorkOffStepsMax = 100'000;

app::ServicePolicies PoliciesOf(const SimSetup& setup) {
  app::ServicePolicies policies;
  policies.compaction.log_files_max = setup.compaction_log_files;
  policies.compaction.age_micros_max = setup.compaction_age_micros;
  policies.compaction.slices_max = setup.compaction_slices_max;
  policies.clustering = {.small_file_bytes = setup.clustering_small_bytes,
                         .files_min = setup.clustering_files_min,
                         .bytes_max = setup.clustering_bytes_max};
  policies.cleaning.commits_retained = setup.commits_retained;
  policies.archival.instants_keep_min = setup.instants_keep_min;
  policies.archival.instants_keep_max = setup.instants_keep_max;
  policies.commits_between = setup.commits_between_services;
  return policies;
}

}  // namespace

SimWorld::SimWorld(uint64_t seed)
    : clock(kStartMicros),
      disk_random(seed ^ 0x6469'736b),
      id_random(seed ^ 0x6964'7321),
      files(clock, disk_random),
      faults(clock, seed ^ 0x6661'756c) {
  files.SetFaults(&faults);
}

record::TableDefinition SimTable(const SimSetup& setup) {
  record::TableDefinition table = record::CryptoTransactionsTable();
  table.bucket_count = setup.bucket_count;
  return table;
}

std::string SimTablePath() {
  return app::TablePath(kLakePath, record::CryptoTransactionsTable());
}

std::string SimSourceId() {
  return app::StreamSourceId(kStreamName);
}

Plant::~Plant() = default;

Result<std::unique_ptr<Plant>> Plant::Open(SimWorld& world, const SimSetup& setup) {
  std::unique_ptr<Plant> plant(new Plant(world, setup));
  TAPELAKE_ASSIGN_OR_RAISE(plant->lock_, app::LockLake(world.files, kLakePath));
  stream::OpenReport report;
  stream::StreamOptions options = setup.stream;
  options.keys = world.keys;
  TAPELAKE_ASSIGN_OR_RAISE(
      plant->stream_,
      stream::Stream::Open(world.files, world.clock, app::StreamPath(kLakePath, kStreamName),
                           kStreamName, options, &report));
  if (setup.encrypts) {
    const char* const key = world.processes % 3 == 2 ? "" : testing::FakeKeyManagement::kKey;
    TAPELAKE_RETURN_NOT_OK(plant->stream_->SetEncryption(key));
  }
  plant->stream_writer_ = std::make_unique<stream::StreamWriter>(*plant->stream_);
  plant->stream_worker_ = std::make_unique<app::StreamWorker>(
      *plant->stream_, *plant->stream_writer_, world.clock, /*wait_micros=*/0);
  TAPELAKE_RETURN_NOT_OK(plant->OpenTable());
  plant->workers_ = {plant->stream_worker_.get(), plant->table_worker_.get(),
                     plant->delivery_worker_.get(), plant->compaction_worker_.get()};
  return plant;
}

Status Plant::OpenTable() {
  const record::TableDefinition table = SimTable(setup_);
  const auto& layouts = setup_.layouts;
  const size_t process = world_.processes++;
  TAPELAKE_ASSIGN_OR_RAISE(
      delivery_,
      delivery::Delivery::Open(world_.files, world_.clock, table,
                               {.lake_path = kLakePath,
                                .stream = kStreamName,
                                .buffer_bytes = setup_.delivery_buffer_bytes,
                                .buffer_micros = setup_.delivery_buffer_micros,
                                .layout = layouts.empty() ? delivery::LayoutOptions()
                                                          : layouts[process % layouts.size()]}));
  delivery_worker_ = std::make_unique<app::DeliveryWorker>(*delivery_, world_.clock);
  compaction_worker_ = std::make_unique<app::CompactionWorker>(world_.table_environment(),
                                                               SimTablePath(), /*threads=*/1);
  app::TableWorker::Parts parts;
  parts.table = table.QualifiedName();
  parts.limits = {.interval_micros = setup_.commit_interval_micros,
                  .changes_max = setup_.commit_changes_max,
                  .bytes_max = int64_t{64} << 20};
  parts.services = PoliciesOf(setup_);
  parts.delivery = delivery_.get();
  parts.reads_off = true;
  parts.retries = setup_.table_worker_retries;
  if (setup_.compacts_beside) {
    parts.on_compaction = [this](const std::string& instant) { compaction_worker_->Add(instant); };
  }
  parts.open_ingest = [this, table] {
    return ingest::TableIngest::Open(world_.table_environment(), table,
                                     {.lake_path = kLakePath,
                                      .horizon_micros = setup_.horizon_micros,
                                      .index_bytes_max = setup_.index_bytes_max,
                                      .threads = 1,
                                      .index = setup_.index,
                                      .hot = &hot_});
  };
  parts.open_feed = [this](const app::FeedStart& start) -> Result<std::unique_ptr<app::Feed>> {
    return app::StreamFeed::Make(*stream_, start.offset,
                                 static_cast<size_t>(setup_.read_bytes_max));
  };
  TAPELAKE_ASSIGN_OR_RAISE(table_worker_, app::TableWorker::Open(world_.clock, std::move(parts)));
  return Status::OK();
}

Result<bool> Plant::Step(size_t worker) {
  return workers_.at(worker)->Step();
}

Status Plant::Drain() {
  for (app::Worker* worker : workers_) {
    for (int i = 0; i < kWorkOffStepsMax && worker->has_backlog(); ++i) {
      TAPELAKE_ASSIGN_OR_RAISE(const bool progressed, worker->Step());
      if (!progressed) break;
    }
    TAPELAKE_RETURN_NOT_OK(WithContext(worker->Drain(), "draining " + worker->name()));
  }
  return Status::OK();
}

}  // namespace tapelake::sim
