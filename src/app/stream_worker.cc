#include "app/stream_worker.h"

namespace tapelake::app {
namespace {

constexpr int64_t kDropMicros = 10'000'000;
constexpr int64_t kRetryPauseMicros = 1'000'000;

}  // namespace

Result<bool> StreamWorker::Step() {
  Result<bool> wrote = Work();
  // Nobody writes what waits in the queue any more: who waits for it must hear of it.
  if (!wrote.ok()) writer_.Close();
  return wrote;
}

Result<bool> StreamWorker::Work() {
  TAPELAKE_ASSIGN_OR_RAISE(const bool wrote, writer_.Step(wait_micros_));
  const int64_t now = clock_.SteadyMicros();
  if (now - last_drop_micros_ >= kDropMicros) {
    last_drop_micros_ = now;
    const Status dropped = stream_.DropExpired().status();
    // Old segments that stay for a while are no reason to stop.
    if (!dropped.ok() && KindOf(dropped) != ErrorKind::kUnavailable) return dropped;
  }
  return wrote;
}

Status StreamWorker::Drain() {
  writer_.Close();
  return Status::OK();
}

Result<bool> DeliveryWorker::Step() {
  if (clock_.SteadyMicros() < retry_micros_) return false;
  const Result<bool> worked = delivery_.Step();
  if (worked.ok()) return worked;
  const ErrorKind kind = KindOf(worked.status());
  if (kind != ErrorKind::kUnavailable && kind != ErrorKind::kThrottled &&
      kind != ErrorKind::kUnknownOutcome) {
    return worked;
  }
  retry_micros_ = clock_.SteadyMicros() + kRetryPauseMicros;
  return false;
}

Status DeliveryWorker::Drain() {
  while (!delivery_.idle())
    TAPELAKE_RETURN_NOT_OK(delivery_.Step().status());
  return Status::OK();
}

}  // namespace tapelake::app
