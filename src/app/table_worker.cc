#include "app/table_worker.h"

#include <utility>

namespace tapelake::app {

TableWorker::TableWorker(io::Clock& clock, Parts parts)
    : clock_(clock), parts_(std::move(parts)), pacer_(parts_.limits, clock.SteadyMicros()) {
  now_.table = parts_.table;
  now_.rows = parts_.rows_before;
  Publish();
}

Result<bool> TableWorker::Step() {
  TAPELAKE_ASSIGN_OR_RAISE(const bool more, parts_.feed->Next(&block_));
  now_.at_end = !more;
  const bool filled = !block_.entries.empty();
  if (filled) {
    TAPELAKE_RETURN_NOT_OK(
        parts_.ingest->Append(block_, parts_.feed->source_id(), parts_.feed->place()));
    now_.read_records += static_cast<int64_t>(block_.entries.size());
    for (const record::RecordBlock::Entry& entry : block_.entries) {
      now_.read_bytes += static_cast<int64_t>(entry.size) + 1;
    }
  }
  const bool due = pacer_.ShouldCommit(clock_.SteadyMicros(), parts_.ingest->pending_records(),
                                       parts_.ingest->pending_bytes());
  if (due) TAPELAKE_RETURN_NOT_OK(Commit());
  Publish();
  return filled || due;
}

Status TableWorker::Drain() {
  const Status status = Commit();
  Publish();
  return status;
}

Status TableWorker::Commit() {
  const int64_t begin_micros = clock_.SteadyMicros();
  TAPELAKE_ASSIGN_OR_RAISE(const ingest::CommitReport report, parts_.ingest->Commit());
  const int64_t end_micros = clock_.SteadyMicros();
  pacer_.OnCommitted(begin_micros, end_micros);
  if (report.instant.empty()) return Status::OK();
  now_.last_instant = report.instant;
  now_.last_commit_wall_micros = clock_.WallMicros();
  now_.last_commit_took_micros = end_micros - begin_micros;
  now_.watermark_micros = report.watermark_micros;
  return Status::OK();
}

void TableWorker::Publish() {
  now_.counts = parts_.ingest->totals();
  now_.rows = parts_.rows_before + now_.counts.inserted_rows - now_.counts.deleted_rows;
  now_.sources = parts_.feed->sources();
  now_.sources_done = parts_.feed->sources_done();
  const std::lock_guard<std::mutex> lock(mutex_);
  published_ = now_;
}

TableProgress TableWorker::progress() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return published_;
}

}  // namespace tapelake::app
