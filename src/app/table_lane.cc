#include "app/table_lane.h"

#include <algorithm>
#include <utility>

#include "app/delivery_plan.h"
#include "app/kafka_plan.h"
#include "app/lake_folder.h"
#include "app/pull_feed.h"
#include "app/s3_plan.h"
#include "app/stream_feed.h"
#include "app/stream_plan.h"

namespace tapelake::app {
namespace {

constexpr size_t kBlockBytes = size_t{1} << 20;
constexpr int64_t kGroupCommitWaitMicros = 50'000;
constexpr double kHistoryChangesMax = 400'000;
constexpr double kMicrosPerSecond = 1e6;

/// `is_new`: the table has no changes yet, so they may begin in the past.
source::SimulatorOptions SimulatorOptionsOf(const config::Config& config, const TablePlan& plan,
                                            bool is_new) {
  source::SimulatorOptions options;
  options.seed = static_cast<uint64_t>(config.simulator.seed);
  options.changes_per_second = static_cast<double>(config.simulator.changes_per_second);
  options.shape = ShapeOf(plan.source.shape);
  if (is_new) {
    const double past_max = kHistoryChangesMax / options.changes_per_second * kMicrosPerSecond;
    options.history_micros =
        std::min(config.simulator.history.micros, static_cast<int64_t>(past_max));
  }
  return options;
}

FilesFeedOptions FilesFeedOptionsOf(const config::SourceConfig& source) {
  return {.format = FileOptionsOf(source),
          .speed = ParseSpeed(source.speed).value_or(0),
          .follow = true};
}

}  // namespace

Result<std::unique_ptr<TableLane>> TableLane::Open(const config::Config& config,
                                                   const TablePlan& plan, bool with_market) {
  std::unique_ptr<TableLane> lane(new TableLane());
  lane->name_ = plan.definition.QualifiedName();
  lane->world_.files.StateS3(S3SettingsOf(config.s3));  // where objects may be delivered to
  Status status;
  if (IsPulled(plan.source)) {
    lane->OpenPull(config, plan);
  } else if (plan.source.kind != "files") {
    status = lane->OpenStream(config, plan);
  }
  if (status.ok() && with_market) {
    auto market = MarketLane::Open(config, plan, &lane->hot_, lane->stream_.get());
    status = market.status();
    if (market.ok()) lane->market_ = std::move(*market);
  }
  if (status.ok()) status = lane->OpenTable(config, plan);
  if (!status.ok()) return WithContext(status, "cannot open " + lane->name_);
  return lane;
}

Status TableLane::OpenStream(const config::Config& config, const TablePlan& plan) {
  TAPELAKE_ASSIGN_OR_RAISE(const stream::StreamOptions options,
                           StreamOptionsOf(world_, config.lake.path, config.stream));
  TAPELAKE_ASSIGN_OR_RAISE(
      stream_, stream::Stream::Open(world_.files, world_.clock, StreamPath(config.lake.path, name_),
                                    name_, options, &stream_report_));
  stream_writer_ = std::make_unique<stream::StreamWriter>(*stream_);
  stream_worker_ = std::make_unique<StreamWorker>(*stream_, *stream_writer_, world_.clock,
                                                  kGroupCommitWaitMicros);
  if (plan.source.kind != "simulator") return Status::OK();
  const bool is_new = stream_->facts().next_sequence == 1;
  if (is_new) past_until_micros_ = world_.clock.WallMicros();
  TAPELAKE_ASSIGN_OR_RAISE(
      auto simulator, MakeLiveSimulator(SimulatorOptionsOf(config, plan, is_new), world_.clock));
  source_worker_ =
      std::make_unique<SourceWorker>("simulator", std::move(simulator), *stream_writer_);
  return Status::OK();
}

void TableLane::OpenPull(const config::Config& config, const TablePlan& plan) {
  if (plan.source.kind == "kafka") {
    pull_worker_ = std::make_unique<PullWorker>(
        "source", [this, plan](const PullWorker::Marks& marks, bool again) {
          return MakeKafkaLog(plan, pull_clock_, /*patient=*/again, marks);
        });
    return;
  }
  aws_ = std::make_unique<AwsWorld>(config.s3.ca_file, config.s3.profile);
  pull_worker_ = std::make_unique<PullWorker>(
      "source", [this, source = plan.source](const PullWorker::Marks& marks, bool again) {
        return aws_->MakeLog(source, /*patient=*/again, marks);
      });
}

Status TableLane::OpenTable(const config::Config& config, const TablePlan& plan) {
  const std::string& lake_path = config.lake.path;
  TAPELAKE_ASSIGN_OR_RAISE(delivery::DeliveryOptions options, DeliveryOptionsOf(config, name_));
  const config::TransformConfig& transform = TransformOf(config, name_);
  if (!transform.function.empty()) {
    transform_aws_ = std::make_unique<AwsWorld>(config.s3.ca_file, config.s3.profile);
    TAPELAKE_ASSIGN_OR_RAISE(options.transform.function, transform_aws_->MakeFunction(transform));
  }
  TAPELAKE_ASSIGN_OR_RAISE(
      delivery_, delivery::Delivery::Open(world_.files, world_.clock, plan.definition, options));
  delivery_worker_ = std::make_unique<DeliveryWorker>(*delivery_, world_.clock);
  compaction_worker_ = std::make_unique<CompactionWorker>(
      compaction_world_.table_environment(), TablePath(lake_path, plan.definition),
      static_cast<int>(config.compaction.threads));

  const TableRunOptions run{.lake_path = lake_path, .config = config};
  TableWorker::Parts parts;
  parts.table = name_;
  parts.limits = CommitLimitsOf(config.commit);
  parts.services = ServicePoliciesOf(config);
  parts.delivery = delivery_.get();
  parts.market = market_ == nullptr ? nullptr : &market_->feed();
  parts.reads_off = stream_ != nullptr;
  parts.retries = true;
  parts.on_compaction = [this](const std::string& instant) { compaction_worker_->Add(instant); };
  parts.open_ingest = [this, definition = plan.definition,
                       ingest = IngestOptionsOf(plan, run, &hot_)] {
    return ingest::TableIngest::Open(world_.table_environment(), definition, ingest);
  };
  parts.open_feed =
      [this, source = plan.source](const FeedStart& start) -> Result<std::unique_ptr<Feed>> {
    if (pull_worker_ != nullptr) return std::make_unique<PullFeed>(*pull_worker_, start);
    if (stream_ != nullptr) return StreamFeed::Make(*stream_, start.offset, kBlockBytes);
    return FilesFeed::Make(world_, source.paths, FilesFeedOptionsOf(source), start.offset);
  };
  TAPELAKE_ASSIGN_OR_RAISE(parts.rows_before, CountTableRows(world_, lake_path, plan));
  parts.count_rows = [this, lake_path, plan] { return CountTableRows(world_, lake_path, plan); };
  TAPELAKE_ASSIGN_OR_RAISE(table_worker_, TableWorker::Open(world_.clock, std::move(parts)));
  return Status::OK();
}

std::vector<Worker*> TableLane::workers() {
  std::vector<Worker*> workers = {source_worker_.get(), pull_worker_.get(), stream_worker_.get(),
                                  table_worker_.get()};
  if (market_ != nullptr) {
    for (Worker* worker : market_->workers())
      workers.push_back(worker);
  }
  workers.push_back(delivery_worker_.get());
  workers.push_back(compaction_worker_.get());
  std::erase(workers, nullptr);
  return workers;
}

}  // namespace tapelake::app
