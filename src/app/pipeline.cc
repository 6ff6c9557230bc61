#include "app/pipeline.h"

#include <algorithm>
#include <utility>

#include <pthread.h>

#include "app/lake_folder.h"
#include "app/page/market_figures.h"
#include "app/stream_feed.h"

namespace tapelake::app {
namespace {

constexpr int64_t kIdleMicros = 5'000;
constexpr int kWorkOffStepsMax = 100'000;
constexpr size_t kThreadNameBytesMax = 15;

}  // namespace

Result<std::unique_ptr<Pipeline>> Pipeline::Open(World& world, const config::Config& config,
                                                 const std::vector<TablePlan>& plans,
                                                 const serve::AssetStore* page_files) {
  std::unique_ptr<Pipeline> pipeline(new Pipeline());
  TAPELAKE_ASSIGN_OR_RAISE(const TablePlan* market, FindMarketTable(config, plans));
  for (const TablePlan& plan : plans) {
    if (plan.source.kind == "none") continue;
    if (pipeline->lock_ == nullptr) {
      TAPELAKE_ASSIGN_OR_RAISE(pipeline->lock_, LockLake(world.files, config.lake.path));
    }
    TAPELAKE_ASSIGN_OR_RAISE(auto lane, TableLane::Open(config, plan, &plan == market));
    for (Worker* worker : lane->workers()) {
      auto post = std::make_unique<Post>();
      post->worker = worker;
      post->table = lane->table_name();
      pipeline->posts_.push_back(std::move(post));
    }
    pipeline->lanes_.push_back(std::move(lane));
  }
  if (pipeline->lanes_.empty()) {
    return MakeError(ErrorKind::kInvalid,
                     "no configured table has a source, so there is nothing to run\nhint: give a "
                     "table 'source: {kind: simulator}' or 'source: {kind: files, paths: [...]}'");
  }
  TAPELAKE_RETURN_NOT_OK(pipeline->OpenMonitoring(world, config));
  if (config.dashboard.enabled) {
    TAPELAKE_RETURN_NOT_OK(pipeline->OpenPage(config, page_files));
  }
  if (config.doors.aws.enabled) TAPELAKE_RETURN_NOT_OK(pipeline->OpenAws(config));
  pipeline->OpenDoor(world, config.lake.path);
  return pipeline;
}

Status Pipeline::OpenMonitoring(World& world, const config::Config& config) {
  const auto tables = [this] {
    std::vector<TableFigures> figures;
    for (const auto& lane : lanes_)
      figures.push_back(FiguresOf(*lane));
    return figures;
  };
  const auto market_figures = [this]() -> std::optional<MarketFigures> {
    if (market() == nullptr) return std::nullopt;
    return MarketFiguresOf(*market(), market_table(), StreamSourceId(market_table()));
  };
  TAPELAKE_ASSIGN_OR_RAISE(monitoring_, Monitoring::Open(world.files, world.clock, config,
                                                         {.tables = tables,
                                                          .market = market_figures,
                                                          .lake_path = config.lake.path}));
  for (Worker* worker : monitoring_->workers()) {
    auto post = std::make_unique<Post>();
    post->worker = worker;
    post->table = worker->name();
    posts_.push_back(std::move(post));
  }
  return Status::OK();
}

std::vector<TableLane*> Pipeline::LanePointers() const {
  std::vector<TableLane*> lanes;
  for (const auto& lane : lanes_)
    lanes.push_back(lane.get());
  return lanes;
}

Status Pipeline::OpenAws(const config::Config& config) {
  return AwsServer::Open({.config = config,
                          .lanes = LanePointers(),
                          .monitoring = *monitoring_,
                          .version = TAPELAKE_VERSION})
      .Value(&aws_);
}

Status Pipeline::OpenPage(const config::Config& config, const serve::AssetStore* page_files) {
  return PageServer::Open({.config = config,
                           .lanes = LanePointers(),
                           .market = market(),
                           .market_table = market_table(),
                           .monitoring = *monitoring_,
                           .assets = page_files,
                           .version = TAPELAKE_VERSION})
      .Value(&page_);
}

void Pipeline::OpenDoor(World& world, const std::string& lake_path) {
  const auto find = [this](std::string_view name) {
    const auto found = std::find_if(lanes_.begin(), lanes_.end(), [name](const auto& lane) {
      return lane->table_name() == name;
    });
    return found == lanes_.end() ? nullptr : found->get();
  };
  serve::LocalDoorLookups lookups;
  lookups.find_stream = [find](std::string_view name) -> stream::StreamWriter* {
    TableLane* lane = find(name);
    return lane == nullptr ? nullptr : lane->stream_writer();
  };
  lookups.find_log = [find](std::string_view name) -> stream::Stream* {
    TableLane* lane = find(name);
    return lane == nullptr ? nullptr : lane->stream();
  };
  lookups.find_table = [find](std::string_view name) -> const hot::HotTable* {
    TableLane* lane = find(name);
    return lane == nullptr ? nullptr : &lane->hot();
  };
  if (page_ != nullptr) {
    lookups.ask_page = [this](std::string_view target) { return page_->Answer(target); };
  }
  door_ = std::make_unique<serve::LocalDoor>(
      world.clock,
      serve::LocalDoorOptions{.socket_path = SocketPath(lake_path),
                              .program_version = TAPELAKE_VERSION},
      std::move(lookups));
}

Pipeline::~Pipeline() {
  const Status status = StopAndJoin();
  (void)status.ok();  // who wants it has called StopAndJoin()
}

Status Pipeline::Start() {
  TAPELAKE_RETURN_NOT_OK(door_->Start());
  if (page_ != nullptr) TAPELAKE_RETURN_NOT_OK(page_->Start());
  if (aws_ != nullptr) TAPELAKE_RETURN_NOT_OK(aws_->Start());
  for (const auto& post : posts_) {
    post->thread = std::thread([this, post = post.get()] { Run(post); });
    const std::string name = post->worker->name().substr(0, kThreadNameBytesMax);
    pthread_setname_np(post->thread.native_handle(), name.c_str());
  }
  return Status::OK();
}

void Pipeline::Run(Post* post) {
  io::SystemClock clock;
  while (!post->stop.load()) {
    const Result<bool> progressed = post->worker->Step();
    if (!progressed.ok()) {
      post->status = WithContext(progressed.status(), post->table);
      failed_.store(true);
      return;
    }
    if (!*progressed) clock.Sleep(kIdleMicros);
  }
  const Status ended = WorkOff(post);
  if (!ended.ok()) post->status = WithContext(ended, post->table);
}

Status Pipeline::WorkOff(Post* post) {
  // Nothing new comes in any more, so this ends; the bound is for a worker that misbehaves.
  for (int i = 0; i < kWorkOffStepsMax && post->worker->has_backlog(); ++i) {
    TAPELAKE_ASSIGN_OR_RAISE(const bool progressed, post->worker->Step());
    if (progressed) continue;
    if (!post->worker->is_held_up()) break;
    io::SystemClock().Sleep(kIdleMicros);
  }
  return post->worker->Drain();
}

std::vector<TableProgress> Pipeline::progress() const {
  std::vector<TableProgress> all;
  for (const auto& lane : lanes_)
    all.push_back(lane->progress());
  return all;
}

TableLane* Pipeline::market_lane() const {
  const auto found = std::find_if(lanes_.begin(), lanes_.end(),
                                  [](const auto& lane) { return lane->market() != nullptr; });
  return found == lanes_.end() ? nullptr : found->get();
}

MarketDesk* Pipeline::market() const {
  TableLane* lane = market_lane();
  return lane == nullptr ? nullptr : lane->market();
}

std::string Pipeline::market_table() const {
  TableLane* lane = market_lane();
  return lane == nullptr ? "" : lane->table_name();
}

Status Pipeline::StopAndJoin() {
  Status first;
  // First the doors: their puts still find a stream that takes them.
  if (door_ != nullptr) door_->Stop();
  if (aws_ != nullptr) aws_->Stop();
  if (page_ != nullptr) page_->Stop();
  for (const auto& post : posts_) {
    post->stop.store(true);
    if (post->thread.joinable()) post->thread.join();
    if (first.ok()) first = post->status;
  }
  for (const auto& post : posts_) {
    if (first.ok()) first = WithContext(post->worker->Settle(), post->table);
  }
  return first;
}

}  // namespace tapelake::app
