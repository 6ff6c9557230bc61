#include "app/pipeline.h"

#include <utility>

#include <pthread.h>

#include "app/lake_folder.h"

namespace tapelake::app {
namespace {

constexpr int64_t kIdleMicros = 5'000;
constexpr int kWorkOffStepsMax = 100'000;
constexpr size_t kThreadNameBytesMax = 15;

}  // namespace

Result<std::unique_ptr<Pipeline>> Pipeline::Open(World& world, const config::Config& config,
                                                 const std::vector<TablePlan>& plans) {
  std::unique_ptr<Pipeline> pipeline(new Pipeline());
  for (const TablePlan& plan : plans) {
    if (plan.source.kind == "none") continue;
    if (pipeline->lock_ == nullptr) {
      TAPELAKE_ASSIGN_OR_RAISE(pipeline->lock_, LockLake(world.files, config.lake.path));
    }
    TAPELAKE_ASSIGN_OR_RAISE(auto lane, TableLane::Open(config, plan));
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
  return pipeline;
}

Pipeline::~Pipeline() {
  const Status status = StopAndJoin();
  (void)status.ok();  // who wants it has called StopAndJoin()
}

void Pipeline::Start() {
  for (const auto& post : posts_) {
    post->thread = std::thread([this, post = post.get()] { Run(post); });
    const std::string name = post->worker->name().substr(0, kThreadNameBytesMax);
    pthread_setname_np(post->thread.native_handle(), name.c_str());
  }
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
    if (!progressed) break;
  }
  return post->worker->Drain();
}

std::vector<TableProgress> Pipeline::progress() const {
  std::vector<TableProgress> all;
  for (const auto& lane : lanes_)
    all.push_back(lane->progress());
  return all;
}

Status Pipeline::StopAndJoin() {
  Status first;
  for (const auto& post : posts_) {
    post->stop.store(true);
    if (post->thread.joinable()) post->thread.join();
    if (first.ok()) first = post->status;
  }
  return first;
}

}  // namespace tapelake::app
