#include "app/pipeline.h"

#include <utility>

#include <pthread.h>

#include "app/interrupt.h"

namespace tapelake::app {
namespace {

constexpr int64_t kIdleMicros = 10'000;
constexpr size_t kThreadNameBytesMax = 15;

Result<std::unique_ptr<TableWorker>> OpenWorker(World& world, const config::Config& config,
                                                const TablePlan& plan) {
  const TableRunOptions options{.lake_path = config.lake.path,
                                .ingest = config.ingest,
                                .limits = CommitLimitsOf(config.commit),
                                .hand_over = false,
                                .count_rows = true};
  if (plan.source.kind == "simulator") {
    source::SimulatorOptions simulator;
    simulator.seed = static_cast<uint64_t>(config.simulator.seed);
    simulator.changes_per_second = static_cast<double>(config.simulator.changes_per_second);
    simulator.shape = ShapeOf(plan.source.shape);
    return OpenSimulatorWorker(world, plan, options, simulator);
  }
  FilesFeedOptions feed{.format = FileOptionsOf(plan.source),
                        .speed = ParseSpeed(plan.source.speed).value_or(0),
                        .follow = true};
  return OpenFilesWorker(world, plan, options, plan.source.paths, feed);
}

}  // namespace

source::FileSourceOptions FileOptionsOf(const config::SourceConfig& source) {
  source::FileSourceOptions options;
  options.shape = ShapeOf(source.shape);
  if (!source.exchange.empty()) options.exchange = source.exchange;
  options.pair = source.pair;
  return options;
}

Result<std::unique_ptr<Pipeline>> Pipeline::Open(const config::Config& config,
                                                 const std::vector<TablePlan>& plans) {
  std::unique_ptr<Pipeline> pipeline(new Pipeline());
  for (const TablePlan& plan : plans) {
    if (plan.source.kind == "none") continue;
    auto lane = std::make_unique<Lane>();
    Result<std::unique_ptr<TableWorker>> worker = OpenWorker(lane->world, config, plan);
    if (!worker.ok()) {
      return WithContext(worker.status(), "cannot open " + plan.definition.QualifiedName());
    }
    lane->worker = std::move(*worker);
    pipeline->lanes_.push_back(std::move(lane));
  }
  if (pipeline->lanes_.empty()) {
    return MakeError(ErrorKind::kInvalid,
                     "no configured table has a source, so there is nothing to run\nhint: give a "
                     "table 'source: {kind: simulator}' or 'source: {kind: files, paths: [...]}'");
  }
  return pipeline;
}

Pipeline::~Pipeline() {
  const Status status = StopAndJoin();
  (void)status.ok();  // who wants it has called StopAndJoin()
}

void Pipeline::Start() {
  for (const auto& lane : lanes_) {
    lane->thread = std::thread([this, lane = lane.get()] { Run(lane); });
    const std::string name = lane->worker->name().substr(0, kThreadNameBytesMax);
    pthread_setname_np(lane->thread.native_handle(), name.c_str());
  }
}

void Pipeline::Run(Lane* lane) {
  while (!stop_.load() && !Interrupted()) {
    const Result<bool> progressed = lane->worker->Step();
    if (!progressed.ok()) {
      lane->status = WithContext(progressed.status(), lane->worker->name());
      stop_.store(true);
      return;
    }
    if (!*progressed) lane->world.clock.Sleep(kIdleMicros);
  }
  const Status drained = lane->worker->Drain();
  if (!drained.ok()) lane->status = WithContext(drained, lane->worker->name());
}

std::vector<TableProgress> Pipeline::progress() const {
  std::vector<TableProgress> all;
  for (const auto& lane : lanes_)
    all.push_back(lane->worker->progress());
  return all;
}

Status Pipeline::StopAndJoin() {
  stop_.store(true);
  Status first;
  for (const auto& lane : lanes_) {
    if (lane->thread.joinable()) lane->thread.join();
    if (first.ok()) first = lane->status;
  }
  return first;
}

}  // namespace tapelake::app
