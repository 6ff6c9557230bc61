#include "serve/http/task_pool.h"

#include <pthread.h>

#include <utility>

namespace tapelake::serve {
namespace {

constexpr size_t kThreadNameBytesMax = 15;

}  // namespace

void NameThread(std::thread* thread, const std::string& name) {
  const std::string kept = name.substr(0, kThreadNameBytesMax);
  pthread_setname_np(thread->native_handle(), kept.c_str());  // a nameless one works as well
}

TaskPool::TaskPool(const Options& options) : options_(options) {
  for (int i = 0; i < options_.threads; ++i) {
    threads_.emplace_back([this] { Run(); });
    if (!options_.name.empty()) NameThread(&threads_.back(), options_.name);
  }
}

TaskPool::~TaskPool() {
  Stop();
}

bool TaskPool::Submit(std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    if (stopped_ || waiting_.size() >= options_.waiting_max) return false;
    waiting_.push_back(std::move(task));
  }
  changed_.notify_one();
  return true;
}

void TaskPool::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_)
    thread.join();
  threads_.clear();
}

void TaskPool::Run() {
  while (true) {
    std::function<void()> task;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stopped_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      task = std::move(waiting_.front());
      waiting_.pop_front();
    }
    task();
  }
}

}  // namespace tapelake::serve
