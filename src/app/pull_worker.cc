#include "app/pull_worker.h"

#include <utility>

namespace tapelake::app {

void PullWorker::Begin(Marks marks) {
  const std::lock_guard<std::mutex> lock(mutex_);
  ++begun_;
  marks_ = std::move(marks);
  committed_.reset();
  waiting_.clear();
  waiting_bytes_ = 0;
}

std::optional<source::PullBatch> PullWorker::Take() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (waiting_.empty()) return std::nullopt;
  std::optional<source::PullBatch> batch(std::move(waiting_.front()));
  waiting_.pop_front();
  waiting_bytes_ -= batch->block.buffer.size();
  return batch;
}

void PullWorker::Committed(const Marks& marks) {
  const std::lock_guard<std::mutex> lock(mutex_);
  committed_ = marks;
}

source::PullFigures PullWorker::figures() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return log_ == nullptr ? before_ : source::FiguresAfter(before_, log_->figures());
}

bool PullWorker::HasRoom() const {
  return waiting_.size() < kBatchesMax && waiting_bytes_ < kBytesMax;
}

bool PullWorker::is_held_up() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return !HasRoom();
}

void PullWorker::Push(source::PullBatch batch, int64_t begun) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (begun != begun_) return;  // the table's worker began anew meanwhile
  waiting_bytes_ += batch.block.buffer.size();
  waiting_.push_back(std::move(batch));
}

Result<bool> PullWorker::Step() {
  Marks marks;
  std::optional<Marks> committed;
  int64_t begun = 0;
  bool has_room = false;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    begun = begun_;
    if (begun == 0) return false;
    has_room = HasRoom();
    if (begun != log_begun_) marks = marks_;
    if (begun == log_begun_) committed = std::exchange(committed_, std::nullopt);
  }
  if (committed) log_->Committed(*committed);
  if (!has_room) {
    if (log_ != nullptr) log_->Hold();
    return false;
  }
  if (begun != log_begun_) {
    TAPELAKE_ASSIGN_OR_RAISE(auto log, open_(marks, has_read_));
    std::unique_ptr<source::PullLog> ended;  // without the lock: to leave a group takes its time
    const std::lock_guard<std::mutex> lock(mutex_);
    if (log_ != nullptr) before_ = source::FiguresAfter(before_, log_->figures());
    ended = std::exchange(log_, std::move(log));
    log_begun_ = begun;
  }
  source::PullBatch batch;
  TAPELAKE_ASSIGN_OR_RAISE(const bool brought, log_->Read(&batch));
  has_read_ = has_read_ || brought;
  if (brought) Push(std::move(batch), begun);
  return brought;
}

}  // namespace tapelake::app
