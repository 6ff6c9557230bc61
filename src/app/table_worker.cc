#include "app/table_worker.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "ingest/metrics.h"

namespace tapelake::app {
namespace {

constexpr int64_t kRetryPauseMicrosMin = 500'000;
constexpr int64_t kRetryPauseMicrosMax = 30'000'000;
/// How often a table without commits is looked at before a log reaches the age of compaction.
constexpr int64_t kQuietLooksPerAge = 4;
constexpr int64_t kQuietMarksMicros = 5'000'000;
constexpr char kIngestConsumer[] = "ingest";
constexpr char kDeliveryConsumer[] = "delivery";
constexpr char kMarketConsumer[] = "market";

/// Whether opening the table again later can help.
bool MayPass(const Status& failure) {
  const ErrorKind kind = KindOf(failure);
  return kind == ErrorKind::kUnavailable || kind == ErrorKind::kThrottled ||
         kind == ErrorKind::kUnknownOutcome;
}

}  // namespace

TableWorker::TableWorker(io::Clock& clock, Parts parts)
    : clock_(clock),
      parts_(std::move(parts)),
      pacer_(parts_.limits, clock.SteadyMicros()),
      services_(parts_.services, parts_.on_compaction),
      commit_durations_(ingest::kCommitDuration) {
  now_.table = parts_.table;
  now_.rows = parts_.rows_before;
}

Result<std::unique_ptr<TableWorker>> TableWorker::Open(io::Clock& clock, Parts parts) {
  std::unique_ptr<TableWorker> worker(new TableWorker(clock, std::move(parts)));
  TAPELAKE_RETURN_NOT_OK(worker->OpenParts());
  worker->Publish();
  return worker;
}

uint64_t TableWorker::DeliveryOffset(const std::string& source) const {
  const auto added = added_.find(source);
  return added == added_.end() ? parts_.delivery->DeliveredOffset(source) : added->second;
}

/// Where the slowest of the three is.
uint64_t TableWorker::NeededOffset(const std::string& source) const {
  const uint64_t offset = std::min(ingest_->CommittedOffset(source), DeliveryOffset(source));
  if (parts_.market == nullptr) return offset;
  return std::min(offset, parts_.market->TakenOffset(source));
}

/// Where the fastest of the three is.
uint64_t TableWorker::NewestOffset(const std::string& source) const {
  const uint64_t offset = std::max(ingest_->CommittedOffset(source), DeliveryOffset(source));
  if (parts_.market == nullptr) return offset;
  return std::max(offset, parts_.market->TakenOffset(source));
}

Status TableWorker::OpenParts() {
  TAPELAKE_ASSIGN_OR_RAISE(ingest_, parts_.open_ingest());
  marks_.Clear();
  const auto needed = [this](const std::string& source) { return NeededOffset(source); };
  const auto newest = [this](const std::string& source) { return NewestOffset(source); };
  TAPELAKE_ASSIGN_OR_RAISE(
      feed_, parts_.open_feed({.offset = needed, .newest = newest, .marks = ingest_->marks()}));
  const std::string& source = feed_->source_id();
  feed_->Taken(kIngestConsumer, ingest_->CommittedOffset(source));
  feed_->Taken(kDeliveryConsumer, parts_.delivery->DeliveredOffset(source));
  if (parts_.market != nullptr) {
    feed_->Taken(kMarketConsumer, parts_.market->StoredOffset(source));
  }
  PlanServing();
  return services_.Begin(ingest_->table());
}

Result<bool> TableWorker::Step() {
  if (retry_micros_ && clock_.SteadyMicros() < *retry_micros_) return false;
  if (retry_micros_) {
    const Status opened = OpenParts();
    if (!opened.ok()) return Retry(opened);
    retry_micros_.reset();
  }
  const Result<bool> worked = Work();
  if (!worked.ok()) return Retry(worked.status());
  retry_pause_micros_ = 0;
  Publish();
  return worked;
}

Result<bool> TableWorker::Retry(const Status& failure) {
  if (!parts_.retries || !MayPass(failure)) return failure;
  if (ingest_ != nullptr) counts_before_.Add(ingest_->totals());
  if (feed_ != nullptr) lost_before_ += feed_->lost_records();
  // What it had taken and not committed comes again: the feed begins where the commits end.
  feed_.reset();
  ingest_.reset();
  retry_pause_micros_ =
      std::clamp(2 * retry_pause_micros_, kRetryPauseMicrosMin, kRetryPauseMicrosMax);
  retry_micros_ = clock_.SteadyMicros() + retry_pause_micros_;
  ++now_.retries;
  now_.last_failure = failure.message();
  Publish();
  return false;
}

Result<bool> TableWorker::Work() {
  TAPELAKE_ASSIGN_OR_RAISE(const bool read, Read());
  TAPELAKE_RETURN_NOT_OK(parts_.delivery->Cut(/*flush=*/false));
  TAPELAKE_ASSIGN_OR_RAISE(const bool delivered, DeliverSelf());
  // Not only with commits: a stream full of what is not taken gives nothing more to commit.
  const std::string& source = feed_->source_id();
  feed_->Taken(kDeliveryConsumer, parts_.delivery->DeliveredOffset(source));
  if (parts_.market != nullptr) {
    feed_->Taken(kMarketConsumer, parts_.market->StoredOffset(source));
  }
  const int64_t now = clock_.SteadyMicros();
  if (now - last_hot_micros_ >= parts_.hot_micros) {
    TAPELAKE_RETURN_NOT_OK(ingest_->PublishHot());
    HandOver(/*last=*/false);
    last_hot_micros_ = now;
  }
  if (services_wait_) {
    TAPELAKE_RETURN_NOT_OK(Serve());
    return true;
  }
  if (serve_micros_ != 0 && now >= serve_micros_) {
    PlanServing();
    TAPELAKE_RETURN_NOT_OK(services_.CompactWhatIsDue(ingest_->table()));
  }
  const bool due = pacer_.ShouldCommit(now, ingest_->pending_records(), ingest_->pending_bytes());
  if (due || MarksMayMove(now)) TAPELAKE_RETURN_NOT_OK(Commit());
  return read || delivered || due;
}

bool TableWorker::HasRoom() const {
  return parts_.delivery->CanAdd() && (parts_.market == nullptr || parts_.market->CanAdd());
}

Result<bool> TableWorker::Read() {
  if (!HasRoom()) return false;
  TAPELAKE_ASSIGN_OR_RAISE(const bool more, feed_->Next(&block_));
  now_.at_end = !more;
  if (!block_.entries.empty()) TAPELAKE_RETURN_NOT_OK(TakeBlock());
  TakeNews();
  return !block_.entries.empty();
}

void TableWorker::TakeNews() {
  for (FeedMark& news : feed_->TakeMarks()) {
    // Numbers before it that nobody has were jumped over: what is counted anew begins above all
    // that anybody took. Or the mark would be ahead of some reader for ever.
    PassTo(news.source_id, news.mark.offset);
    marks_.Add(news.source_id, std::move(news.mark));
  }
  for (const std::string& source : feed_->TakeForgotten()) {
    marks_.Forget(source);
    ingest_->Forget(source);
  }
}

/// Whether it is time to look if marks of a source that became quiet have moved: delivery and
/// market are behind the last commit, and what it says must not fall behind what the service keeps.
bool TableWorker::MarksMayMove(int64_t now_micros) {
  const bool quiet = ingest_->pending_records() == 0 && !marks_.sources().empty();
  return quiet && now_micros >= quiet_marks_micros_;
}

/// Let the commit say where each source is read on: where the slowest reader is for good.
void TableWorker::SetMarks() {
  for (const std::string& source : marks_.sources()) {
    uint64_t offset =
        std::min(ingest_->CommittedOffset(source), parts_.delivery->DeliveredOffset(source));
    if (parts_.market != nullptr) {
      offset = std::min(offset, parts_.market->StoredOffset(source));
    }
    const record::LogMark* mark = marks_.Reach(source, offset);
    if (mark != nullptr) ingest_->SetMark(source, *mark);
  }
}

Status TableWorker::TakeBlock() {
  const std::string& source = feed_->source_id();
  const uint64_t ingest_from = ingest_->CommittedOffset(source);
  const uint64_t delivery_from = DeliveryOffset(source);
  const bool market = parts_.market != nullptr;
  const uint64_t market_from = market ? parts_.market->TakenOffset(source) : 0;
  for (const record::RecordBlock::Entry& entry : block_.entries) {
    Takers takers{.ingest = entry.offset >= ingest_from, .delivery = entry.offset >= delivery_from};
    // What ingest takes again after a failure the market must hear again: it may end otherwise.
    takers.market = market && (takers.ingest || entry.offset >= market_from);
    TAPELAKE_RETURN_NOT_OK(TakeRecord(entry, takers));
    now_.read_bytes += static_cast<int64_t>(entry.size) + 1;
  }
  now_.read_records += static_cast<int64_t>(block_.entries.size());
  const bool waits = block_.end_offset > ingest_from;
  if (waits && now_.waiting_since_micros == 0) now_.waiting_since_micros = clock_.WallMicros();
  PassTo(source, block_.end_offset);
  return Status::OK();
}

/// Everything of `source` before `offset` was given to all three.
void TableWorker::PassTo(const std::string& source, uint64_t offset) {
  if (offset > ingest_->CommittedOffset(source)) ingest_->Advance(source, offset);
  if (offset > DeliveryOffset(source)) {
    parts_.delivery->Advance(source, offset);
    added_[source] = offset;
  }
  const bool market = parts_.market != nullptr;
  if (market && offset > parts_.market->TakenOffset(source)) parts_.market->Advance(source, offset);
}

Status TableWorker::TakeRecord(const record::RecordBlock::Entry& entry, const Takers& takers) {
  const std::string_view bytes = block_.bytes(entry);
  ingest::Refusal refusal{parser_.Parse(bytes), ""};
  if (refusal.refused()) {
    refusal.reason = parser_.reason();
  } else {
    refusal = ingest_->Check(parser_.change());
  }
  std::optional<ingest::Verdict> verdict;
  if (takers.ingest) {
    if (refusal.refused()) {
      ingest_->CountError(refusal.error);
    } else {
      TAPELAKE_ASSIGN_OR_RAISE(verdict, ingest_->Take(parser_.change()));
    }
  }
  if (takers.market && !refusal.refused()) parts_.market->Add(parser_.change(), verdict);
  if (!takers.delivery) return Status::OK();
  const delivery::DeliveredRecord record{
      .source = feed_->source_id(), .offset = entry.offset, .place = feed_->place(), .raw = bytes};
  if (refusal.refused()) {
    parts_.delivery->AddError(refusal.error, refusal.reason, record);
  } else {
    parts_.delivery->Add(parser_.change(), record);
  }
  return Status::OK();
}

/// Tell the market what was read. After PublishHot() or Commit(): what it then reads of the table
/// holds all of it.
void TableWorker::HandOver(bool last) {
  if (parts_.market == nullptr) return;
  const bool committed = ingest_->pending_records() == 0;
  if (last) {
    parts_.market->HandOverLast(committed);
  } else {
    parts_.market->HandOver(committed);
  }
}

Result<bool> TableWorker::DeliverSelf() {
  return parts_.delivers ? parts_.delivery->Step() : Result<bool>(false);
}

Status TableWorker::Commit() {
  const int64_t begin_micros = clock_.SteadyMicros();
  SetMarks();
  TAPELAKE_ASSIGN_OR_RAISE(const ingest::CommitReport report, ingest_->Commit());
  const int64_t end_micros = clock_.SteadyMicros();
  pacer_.OnCommitted(begin_micros, end_micros);
  quiet_marks_micros_ = end_micros + kQuietMarksMicros;
  HandOver(/*last=*/false);
  now_.waiting_since_micros = 0;
  if (report.instant.empty()) return Status::OK();
  feed_->Taken(kIngestConsumer, ingest_->CommittedOffset(feed_->source_id()));
  feed_->Committed(ingest_->marks());
  now_.last_instant = report.instant;
  now_.last_commit_wall_micros = clock_.WallMicros();
  now_.last_commit_took_micros = end_micros - begin_micros;
  commit_durations_.Observe(static_cast<double>(end_micros - begin_micros) / 1e6);
  now_.watermark_micros = report.watermark_micros;
  services_wait_ = true;
  return Status::OK();
}

/// The logs of a table that gets no more commits grow old, too.
void TableWorker::PlanServing() {
  const int64_t age_micros = parts_.services.compaction.age_micros_max;
  serve_micros_ = age_micros == 0 ? 0 : clock_.SteadyMicros() + age_micros / kQuietLooksPerAge;
}

Status TableWorker::Serve() {
  services_wait_ = false;
  PlanServing();
  TAPELAKE_ASSIGN_OR_RAISE(const TableServices::Done done, services_.Run(ingest_->table()));
  now_.merged_files += done.merged_files;
  now_.cleaned_files += done.cleaned_files;
  now_.archived_instants += done.archived_instants;
  return Status::OK();
}

Status TableWorker::Drain() {
  if (ingest_ == nullptr) {
    return MakeError(ErrorKind::kUnavailable,
                     "not everything is committed: " + now_.last_failure +
                         "\nhint: nothing is lost; start again once the cause is gone");
  }
  Status status = Commit();
  if (status.ok()) HandOver(/*last=*/true);
  if (status.ok() && services_wait_) status = Serve();
  Publish();
  TAPELAKE_RETURN_NOT_OK(status);
  TAPELAKE_RETURN_NOT_OK(parts_.delivery->Cut(/*flush=*/true));
  while (parts_.delivers && !parts_.delivery->idle())
    TAPELAKE_RETURN_NOT_OK(parts_.delivery->Step().status());
  Publish();
  return CountRows();
}

/// Delivery and market have all of it now, and so the marks may say.
Status TableWorker::Settle() {
  if (ingest_ == nullptr) return Status::OK();
  SetMarks();
  return ingest_->Commit().status();
}

Status TableWorker::CountRows() {
  if (!parts_.count_rows) return Status::OK();
  TAPELAKE_ASSIGN_OR_RAISE(const int64_t rows, parts_.count_rows());
  const std::lock_guard<std::mutex> lock(mutex_);
  published_.rows = rows;
  published_.rows_exact = true;
  return Status::OK();
}

void TableWorker::Publish() {
  now_.counts = counts_before_;
  if (ingest_ != nullptr) now_.counts.Add(ingest_->totals());
  now_.rows = parts_.rows_before + now_.counts.inserted_rows - now_.counts.deleted_rows;
  if (ingest_ != nullptr) {
    now_.rows_exact = ingest_->table().config().type == hudi::TableType::kCopyOnWrite;
  }
  if (feed_ != nullptr) {
    now_.sources = feed_->sources();
    now_.sources_done = feed_->sources_done();
    now_.pull = feed_->pull_figures();
  }
  now_.lost_records = lost_before_ + (feed_ == nullptr ? 0 : feed_->lost_records());
  const delivery::DeliveryCounts delivered = parts_.delivery->counts();
  now_.raw_objects = delivered.raw_objects;
  now_.error_objects = delivered.error_objects;
  const std::lock_guard<std::mutex> lock(mutex_);
  published_ = now_;
}

TableProgress TableWorker::progress() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return published_;
}

}  // namespace tapelake::app
