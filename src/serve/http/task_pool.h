#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace tapelake::serve {

/// A few threads and a bounded queue. Any thread may submit.
class TaskPool {
 public:
  struct Options {
    int threads = 2;
    size_t waiting_max = 64;  ///< Tasks that no thread has taken yet.
    std::string name = {};    ///< Of its threads, for who looks at the process.
  };
  explicit TaskPool(const Options& options);
  /// Stops.
  ~TaskPool();

  /// Run `task` on one of the threads. False, and nothing happens, if too many wait or Stop() came.
  bool Submit(std::function<void()> task);

  /// Take no more tasks, run what waits, and wait for the threads. By one thread; again: nothing.
  void Stop();

 private:
  void Run();

  const Options options_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> waiting_;
  bool stopped_ = false;
  std::vector<std::thread> threads_;
};

/// Name a thread; the system keeps 15 bytes of it.
void NameThread(std::thread* thread, const std::string& name);

}  // namespace tapelake::serve
