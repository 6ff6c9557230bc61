#include "app/made_log.h"

#include <utility>

namespace tapelake::app {
namespace {

constexpr int64_t kGroupCommitWaitMicros = 50'000;

}  // namespace

MadeLog::MadeLog(std::unique_ptr<stream::Stream> log, io::Clock& clock)
    : log_(std::move(log)),
      writer_(*log_),
      worker_(*log_, writer_, clock, kGroupCommitWaitMicros) {}

MadeLog::~MadeLog() {
  Stop();
}

void MadeLog::Start() {
  const std::scoped_lock lock(mutex_);
  thread_ = std::thread([this] { Run(); });
}

void MadeLog::Stop() {
  const std::scoped_lock lock(mutex_);
  stop_.store(true);
  writer_.Close();
  if (thread_.joinable()) thread_.join();
}

/// Until it is stopped, or the stream is in doubt: then the worker has closed the writer.
void MadeLog::Run() {
  while (!stop_.load()) {
    if (!worker_.Step().ok()) return;
  }
}

}  // namespace tapelake::app
