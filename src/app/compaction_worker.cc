#include "app/compaction_worker.h"

#include <algorithm>
#include <utility>

namespace tapelake::app {
namespace {

constexpr int64_t kRetryPauseMicros = 5'000'000;

}  // namespace

CompactionWorker::CompactionWorker(const hudi::TableEnvironment& environment,
                                   std::string table_path, int threads)
    : environment_(environment), table_path_(std::move(table_path)), threads_(threads) {}

void CompactionWorker::Add(const std::string& instant) {
  const std::scoped_lock lock(mutex_);
  const bool known = std::find(waiting_.begin(), waiting_.end(), instant) != waiting_.end();
  if (!known) waiting_.push_back(instant);
}

std::string CompactionWorker::Next() const {
  const std::scoped_lock lock(mutex_);
  return waiting_.empty() ? std::string() : waiting_.front();
}

Status CompactionWorker::RunNext() {
  TAPELAKE_ASSIGN_OR_RAISE(const auto table, hudi::Table::Open(environment_, table_path_));
  const Status status = table->RunCompaction(Next(), threads_).status();
  // Not there any more: another writer rolled it back or finished it.
  if (!status.ok() && KindOf(status) != ErrorKind::kNotFound) return status;
  const std::scoped_lock lock(mutex_);
  waiting_.pop_front();
  ++done_;
  return Status::OK();
}

Result<bool> CompactionWorker::Step() {
  if (Next().empty() || environment_.clock.SteadyMicros() < retry_micros_) return false;
  const Status status = RunNext();
  if (status.ok()) return true;
  const ErrorKind kind = KindOf(status);
  if (kind != ErrorKind::kUnavailable && kind != ErrorKind::kUnknownOutcome) return status;
  retry_micros_ = environment_.clock.SteadyMicros() + kRetryPauseMicros;
  return false;
}

Status CompactionWorker::Drain() {
  while (!Next().empty())
    TAPELAKE_RETURN_NOT_OK(RunNext());
  return Status::OK();
}

}  // namespace tapelake::app
