#include "app/records_worker.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "record/table_definition.h"

namespace tapelake::app {
namespace {

constexpr size_t kBlockBytes = size_t{1} << 20;
constexpr int64_t kRetryPauseMicros = 1'000'000;

void AddCounts(const delivery::DeliveryCounts& more, delivery::DeliveryCounts* sum) {
  sum->lines += more.lines;
  sum->raw_objects += more.raw_objects;
  sum->raw_bytes += more.raw_bytes;
  sum->error_lines += more.error_lines;
  sum->error_objects += more.error_objects;
}

}  // namespace

Result<std::unique_ptr<RecordsWorker>> RecordsWorker::Open(
    const Parts& parts, const delivery::DeliveryOptions& options) {
  std::unique_ptr<RecordsWorker> worker(new RecordsWorker(parts));
  worker->options_ = options;
  TAPELAKE_RETURN_NOT_OK(worker->OpenAsAsked());
  return worker;
}

/// Open delivery by the options of now, if that is not done. A cut that was announced is finished
/// as it was begun; all other records come again from the log.
Status RecordsWorker::OpenAsAsked() {
  delivery::DeliveryOptions options;
  int64_t asked = 0;
  {
    const std::scoped_lock lock(mutex_);
    if (opened_ == asked_options_) return Status::OK();
    if (delivery_ != nullptr) {
      AddCounts(delivery_->counts(), &counts_before_);
      delivery_.reset();
    }
    options = options_;
    asked = asked_options_;
  }
  TAPELAKE_ASSIGN_OR_RAISE(
      auto delivery,
      delivery::Delivery::Open(parts_.files, parts_.clock, record::TableDefinition(), options));
  const auto start = [&](const std::string& source) {
    return std::max(delivery->DeliveredOffset(source), parts_.from);
  };
  TAPELAKE_ASSIGN_OR_RAISE(feed_, StreamFeed::Make(parts_.log, start, kBlockBytes));
  fed_ = start(feed_->source_id());
  opened_ = asked;
  {
    const std::scoped_lock lock(mutex_);
    delivery_ = std::move(delivery);
  }
  TellTaken();
  return Status::OK();
}

void RecordsWorker::TellTaken() {
  const uint64_t delivered = std::max(delivery_->DeliveredOffset(feed_->source_id()), parts_.from);
  feed_->Taken(parts_.consumer, delivered);
  const std::scoped_lock lock(mutex_);
  delivered_ = delivered;
}

Result<bool> RecordsWorker::Step() {
  if (parts_.clock.SteadyMicros() < retry_micros_) return false;
  const Result<bool> worked = Work();
  const std::scoped_lock lock(mutex_);
  if (!worked.ok()) {
    ++failures_;
    failure_ = worked.status();
  }
  settled_.notify_all();
  // A bucket that is not there or cannot be reached may be there soon; the records wait.
  if (worked.ok() || KindOf(worked.status()) == ErrorKind::kCorrupt) return worked;
  retry_micros_ = parts_.clock.SteadyMicros() + kRetryPauseMicros;
  return false;
}

Result<bool> RecordsWorker::Work() {
  TAPELAKE_RETURN_NOT_OK(OpenAsAsked());
  bool progressed = false;
  if (delivery_->CanAdd()) {
    TAPELAKE_ASSIGN_OR_RAISE(progressed, Take());
  }
  TAPELAKE_RETURN_NOT_OK(delivery_->Cut(FlushIsDue()));
  bool delivered = false;
  while (true) {
    TAPELAKE_ASSIGN_OR_RAISE(const bool more, delivery_->Step());
    if (!more) break;
    delivered = true;
  }
  if (delivered) TellTaken();
  return progressed || delivered;
}

Result<bool> RecordsWorker::Take() {
  TAPELAKE_RETURN_NOT_OK(feed_->Next(&block_).status());
  if (block_.entries.empty()) return false;
  const std::string& source = feed_->source_id();
  for (const auto& entry : block_.entries) {
    delivery_->AddRecord({.source = source,
                          .offset = entry.offset,
                          .place = feed_->place(),
                          .raw = block_.bytes(entry)});
  }
  delivery_->Advance(source, block_.end_offset);
  fed_ = block_.end_offset;
  return true;
}

bool RecordsWorker::FlushIsDue() const {
  const std::scoped_lock lock(mutex_);
  return delivered_ < flush_until_ && fed_ >= flush_until_;
}

void RecordsWorker::Change(const delivery::DeliveryOptions& options) {
  const std::scoped_lock lock(mutex_);
  options_ = options;
  ++asked_options_;
  has_asked_ = true;
  asked_.notify_all();
}

Status RecordsWorker::Flush() {
  const uint64_t until = parts_.log.facts().next_sequence;
  std::unique_lock lock(mutex_);
  const int64_t failures = failures_;
  flush_until_ = std::max(flush_until_, until);
  has_asked_ = true;
  asked_.notify_all();
  settled_.wait(lock, [&] { return ended_ || delivered_ >= until || failures_ > failures; });
  if (delivered_ >= until) return Status::OK();
  if (failures_ > failures) return failure_;
  return MakeError(ErrorKind::kShuttingDown, "delivery has ended");
}

void RecordsWorker::WaitForWork(int64_t micros) {
  std::unique_lock lock(mutex_);
  asked_.wait_for(lock, std::chrono::microseconds(micros), [this] { return has_asked_; });
  has_asked_ = false;
}

void RecordsWorker::End() {
  const std::scoped_lock lock(mutex_);
  ended_ = true;
  has_asked_ = true;
  asked_.notify_all();
  settled_.notify_all();
}

delivery::DeliveryCounts RecordsWorker::counts() const {
  const std::scoped_lock lock(mutex_);
  delivery::DeliveryCounts counts = counts_before_;
  if (delivery_ == nullptr) return counts;
  const delivery::DeliveryCounts now = delivery_->counts();
  AddCounts(now, &counts);
  counts.open_since_micros = now.open_since_micros;
  return counts;
}

}  // namespace tapelake::app
