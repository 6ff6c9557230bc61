#include "source/pull/shard_log.h"

#include <algorithm>
#include <utility>

namespace tapelake::source {
namespace {

constexpr int64_t kMicrosPerMilli = 1'000;
constexpr int64_t kMicrosPerSecond = 1'000'000;
constexpr int64_t kIdlePauseMicrosMax = 1'000'000;
constexpr int64_t kBackOffMicrosMax = 10'000'000;
/// A shard that is missing from so many listings in a row is gone.
constexpr int kMissesMax = 3;
/// Clocks differ, and records are dropped when the service gets to it.
constexpr int64_t kRetentionMarginMicros = 10 * 60 * kMicrosPerSecond;
/// How often the mark of an idle shard says that it still has nothing more.
constexpr int64_t kIdleMarkMicros = 60 * kMicrosPerSecond;
/// A shard is asked that often at least: a smaller lag is none.
constexpr int64_t kTipMicros = 2 * kMicrosPerSecond;

/// Whether the place is told by a record, and so the same one for ever.
bool IsNamed(const ShardPlace& place) {
  return place.kind == ShardPlace::Kind::kAfter || place.kind == ShardPlace::Kind::kAt;
}

/// What comes next at the place was written at this time or later; 0: not known.
int64_t FromMillis(const ShardPlace& place) {
  return std::max(place.next_from_millis, place.time_millis);
}

}  // namespace

struct ShardLog::Shard {
  std::string source_id;
  std::string id;
  std::vector<std::string> parents;  // source ids
  State state = State::kWaiting;
  bool closed = false;
  int misses = 0;  // listings in a row without it
  ShardPlace place;
  uint64_t count = 0;   // records handed out
  bool fresh = false;   // the count says nothing to those who counted before
  bool checks = false;  // the next record must be that of `place`, or there is a gap
  bool anew = false;    // begun with what a gap left: its parents say nothing of that
  std::string iterator;
  int64_t due_micros = 0;     // steady
  int64_t pause_micros = 0;   // of growing ones; 0: the last call brought something
  int64_t marked_micros = 0;  // steady
  bool at_tip = false;
  int64_t called_wall_micros = 0;
  int64_t newest_wall_micros = 0;  // when the newest record read was written; 0: none was
};

ShardLog::ShardLog(std::unique_ptr<ShardApi> api, io::Clock& clock, io::Random& random,
                   ShardLogOptions options, const std::map<std::string, record::LogMark>& marks)
    : api_(std::move(api)), clock_(clock), random_(random), options_(std::move(options)) {
  for (const auto& [source, mark] : marks) {
    if (source.starts_with(options_.prefix)) marks_.emplace(source, mark);
  }
  is_first_ = marks_.empty();
}

ShardLog::~ShardLog() = default;

PullFigures ShardLog::figures() const {
  const int64_t wall = clock_.WallMicros();
  const std::lock_guard<std::mutex> lock(mutex_);
  PullFigures figures = published_;
  const int64_t lag = read_until_micros_ == 0 ? 0 : wall - read_until_micros_;
  figures.lag_micros = lag > kTipMicros ? lag : 0;
  return figures;
}

void ShardLog::UpdateFigures() {
  int64_t until = 0;
  now_.parts = 0;
  for (const auto& [source, shard] : shards_) {
    if (shard->state == State::kEnded) continue;
    ++now_.parts;
    const int64_t known = shard->at_tip ? shard->called_wall_micros : shard->newest_wall_micros;
    if (known != 0 && (until == 0 || known < until)) until = known;
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  published_ = now_;
  read_until_micros_ = until;
}

Status ShardLog::Fail(const Status& failure, bool may_be_fatal) {
  const ErrorKind kind = KindOf(failure);
  if (may_be_fatal && IsWrongSetting(failure)) return failure;
  kind == ErrorKind::kThrottled ? ++now_.throttled : ++now_.failures;
  now_.last_failure = failure.message();
  return Status::OK();
}

Result<bool> ShardLog::Read(PullBatch* batch) {
  *batch = PullBatch();
  const auto brought = [batch] {
    return !batch->block.entries.empty() || !batch->marks.empty() || !batch->forgotten.empty();
  };
  if (clock_.SteadyMicros() >= listing_due_micros_) {
    const Status discovered = Discover(batch);
    if (!discovered.ok()) {
      TAPELAKE_RETURN_NOT_OK(Fail(discovered, !listed_ && !options_.patient));
      listing_pause_micros_ =
          std::clamp(2 * listing_pause_micros_, kMicrosPerSecond, kBackOffMicrosMax);
      listing_due_micros_ = clock_.SteadyMicros() + listing_pause_micros_;
    }
    UpdateFigures();
    if (brought()) return true;
  }
  Shard* shard = NextDue();
  if (shard == nullptr) {
    UpdateFigures();
    return false;
  }
  const Result<bool> read = ReadShard(shard, batch);
  if (!read.ok()) {
    TAPELAKE_RETURN_NOT_OK(Fail(read.status(), /*may_be_fatal=*/false));
    shard->iterator.clear();
    BackOff(shard);
  }
  UpdateFigures();
  return brought();
}

Result<bool> ShardLog::ReadListing(PullBatch* batch) {
  *batch = PullBatch();
  const Status discovered = Discover(batch);
  const Status failed =
      discovered.ok() ? discovered : Fail(discovered, !listed_ && !options_.patient);
  UpdateFigures();
  TAPELAKE_RETURN_NOT_OK(failed);
  return discovered.ok();
}

/// Shards that the commits know; those that are listed no more among them.
Status ShardLog::TakeMarks(const std::string& incarnation, PullBatch* batch) {
  for (const auto& [source, mark] : marks_) {
    auto shard = std::make_unique<Shard>();
    shard->source_id = source;
    const size_t slash = source.rfind('/');
    shard->id = slash == std::string::npos ? source : source.substr(slash + 1);
    const auto place = ParsePlace(mark.text);
    if (!place.ok()) return WithContext(place.status(), "mark of '" + source + "'");
    shard->place = *place;
    shard->count = mark.offset;
    shard->state = mark.at_end ? State::kEnded : State::kWaiting;
    // Nothing of an earlier stream of this name will come back.
    const bool is_old = !source.starts_with(options_.prefix + incarnation + "/");
    shard->misses = is_old ? kMissesMax : 0;
    // A place that no record names cannot be looked at again, and no service says of it what was
    // dropped there meanwhile.
    if (!mark.at_end && !is_old && !IsNamed(shard->place) && !IsKept(*shard)) {
      Gap("", shard.get());
      BeginAnew(shard.get(), batch);
    }
    shards_.emplace(source, std::move(shard));
  }
  marks_.clear();
  return Status::OK();
}

Status ShardLog::Discover(PullBatch* batch) {
  TAPELAKE_ASSIGN_OR_RAISE(const ShardListing listing, api_->List());
  retention_micros_ = listing.retention_micros;
  if (!listed_) TAPELAKE_RETURN_NOT_OK(TakeMarks(listing.incarnation, batch));
  for (const auto& [source, shard] : shards_)
    ++shard->misses;
  std::vector<Shard*> added;
  for (const ShardInfo& info : listing.shards) {
    Shard* shard = Add(listing.incarnation, info);
    if (shard != nullptr) added.push_back(shard);
  }
  for (Shard* shard : added) {
    // A child whose parents we read begins with its first record, today as in an earlier life of
    // the process. Where else we begin is where somebody said, or what is left: records that may
    // have had other numbers before.
    const bool has_parents = std::ranges::any_of(
        shard->parents, [this](const auto& parent) { return shards_.contains(parent); });
    if (!is_first_) shard->place.next_from_millis = ParentsFromMillis(*shard);
    Remark(*shard, /*fresh=*/is_first_ || !has_parents, batch);
  }
  DropVanished(batch);
  Release(batch);
  listed_ = true;
  is_first_ = false;
  listing_pause_micros_ = 0;
  listing_due_micros_ = clock_.SteadyMicros() + options_.listing_micros;
  return Status::OK();
}

/// The shard if it is new.
ShardLog::Shard* ShardLog::Add(const std::string& incarnation, const ShardInfo& info) {
  const std::string begin = options_.prefix + incarnation + "/";
  std::unique_ptr<Shard>& shard = shards_[begin + info.id];
  const bool is_new = shard == nullptr;
  if (is_new) {
    shard = std::make_unique<Shard>();
    shard->source_id = begin + info.id;
    shard->id = info.id;
    if (is_first_) shard->place = options_.start;
    // What is asked for and not kept any more was never ours to lose.
    if (!IsKept(*shard)) shard->place = ShardPlace();
  }
  shard->misses = 0;
  shard->closed = info.closed;
  shard->parents.clear();
  for (const std::string& parent : info.parents)
    shard->parents.push_back(begin + parent);
  return is_new ? shard.get() : nullptr;
}

void ShardLog::DropVanished(PullBatch* batch) {
  for (auto at = shards_.begin(); at != shards_.end();) {
    Shard& shard = *at->second;
    if (shard.misses < kMissesMax) {
      ++at;
      continue;
    }
    if (shard.state != State::kEnded) {
      ++now_.gaps;
      now_.last_gap = options_.place + ", " + shard.id +
                      ": the shard is gone before it was read to its end (" +
                      FormatPlace(shard.place) + ")";
    }
    batch->forgotten.push_back(shard.source_id);
    at = shards_.erase(at);
  }
}

/// The first record of a child was written after its parents were closed.
int64_t ShardLog::ParentsFromMillis(const Shard& shard) const {
  int64_t from_millis = 0;
  for (const std::string& parent : shard.parents) {
    const auto found = shards_.find(parent);
    if (found == shards_.end()) continue;
    from_millis = std::max(from_millis, FromMillis(found->second->place));
  }
  return from_millis;
}

/// Let those begin whose parents have ended.
void ShardLog::Release(PullBatch* batch) {
  for (const auto& [source, shard] : shards_) {
    if (shard->state != State::kWaiting || shard->misses > 0) continue;
    const bool ready = std::ranges::all_of(shard->parents, [this](const std::string& parent) {
      const auto found = shards_.find(parent);
      return found == shards_.end() || found->second->state == State::kEnded;
    });
    if (!ready) continue;
    shard->state = State::kReading;
    const int64_t from_millis = ParentsFromMillis(*shard);
    const bool begins = shard->place.kind == ShardPlace::Kind::kOldest && !shard->anew;
    if (!begins || from_millis <= shard->place.next_from_millis) continue;
    shard->place.next_from_millis = from_millis;
    Remark(*shard, /*fresh=*/false, batch);
  }
}

ShardLog::Shard* ShardLog::NextDue() {
  const int64_t now = clock_.SteadyMicros();
  Shard* next = nullptr;
  for (const auto& [source, shard] : shards_) {
    if (shard->state != State::kReading || shard->due_micros > now) continue;
    if (next == nullptr || shard->due_micros < next->due_micros) next = shard.get();
  }
  return next;
}

Result<bool> ShardLog::ReadShard(Shard* shard, PullBatch* batch) {
  if (shard->iterator.empty()) {
    DoubtPlace(shard, batch);
    TAPELAKE_ASSIGN_OR_RAISE(const ShardAnswer begun,
                             api_->GetIterator(shard->id, shard->place, shard->checks));
    if (begun.fault != ShardFault::kNone) return Meet(begun, shard, batch);
    shard->iterator = begun.iterator;
  }
  TAPELAKE_ASSIGN_OR_RAISE(ShardAnswer answer, api_->GetRecords(shard->iterator));
  if (answer.fault != ShardFault::kNone) return Meet(answer, shard, batch);
  return TakePage(std::move(answer.page), shard, batch);
}

bool ShardLog::Meet(const ShardAnswer& answer, Shard* shard, PullBatch* batch) {
  if (answer.fault == ShardFault::kThrottled) {
    ++now_.throttled;
    BackOff(shard);  // the iterator is good still
    return false;
  }
  shard->iterator.clear();
  if (answer.fault == ShardFault::kExpired) {
    BackOff(shard);
    return false;
  }
  if (answer.fault == ShardFault::kGone) {
    // The next listing says whether that is so, and what became of it.
    listing_due_micros_ = std::min(listing_due_micros_, clock_.SteadyMicros() + kMicrosPerSecond);
    now_.last_failure = options_.place + ", " + shard->id + ": " + answer.words;
    ++now_.failures;
    BackOff(shard);
    return false;
  }
  Gap(answer.words, shard);
  BeginAnew(shard, batch);
  return true;
}

bool ShardLog::IsKept(const Shard& shard) const {
  const int64_t from_millis = FromMillis(shard.place);
  if (from_millis == 0 && shard.place.kind == ShardPlace::Kind::kOldest) return true;
  const int64_t age = clock_.WallMicros() - from_millis * kMicrosPerMilli;
  return age < retention_micros_ - kRetentionMarginMicros;
}

/// Go on with what is left, numbered afresh.
void ShardLog::BeginAnew(Shard* shard, PullBatch* batch) const {
  shard->place = ShardPlace();
  shard->checks = false;
  shard->fresh = false;
  shard->anew = true;
  Remark(*shard, /*fresh=*/true, batch);
}

void ShardLog::Gap(const std::string& words, Shard* shard) {
  ++now_.gaps;
  now_.last_gap = options_.place + ", " + shard->id + ": records behind '" +
                  FormatPlace(shard->place) + "' are not kept any more" +
                  (words.empty() ? "" : ": " + words);
  shard->fresh = true;
}

/// Where a service goes on in silence with the oldest record it has, a place that was left alone
/// for too long is not believed: the record that names it is read again.
void ShardLog::DoubtPlace(Shard* shard, PullBatch* batch) {
  shard->checks = options_.trims_silently && !IsKept(*shard);
  if (!shard->checks || IsNamed(shard->place)) return;
  Gap("", shard);
  BeginAnew(shard, batch);
}

/// Whether the records continue where we stood: with the record that we stand behind.
void ShardLog::CheckContinuity(ShardPage* page, bool ended, Shard* shard) {
  // An empty page before the end says nothing yet.
  if (!shard->checks || (page->records.empty() && !ended && page->behind_micros != 0)) return;
  shard->checks = false;
  if (page->records.empty() || page->records.front().sequence != shard->place.sequence) {
    Gap("", shard);
    return;
  }
  if (shard->place.kind == ShardPlace::Kind::kAt) return;  // it is wanted itself
  const auto known = static_cast<std::ptrdiff_t>(page->records.front().pieces);
  page->pieces.erase(page->pieces.begin(), page->pieces.begin() + known);
  page->records.erase(page->records.begin());
}

void ShardLog::PassOverOlder(ShardPage* page, const ShardPlace& place) {
  size_t records = 0;
  size_t pieces = 0;
  for (const ShardPage::Record& record : page->records) {
    // A record whose time is not known is not passed over.
    if (record.time_micros == 0) break;
    if (record.time_micros >= place.time_millis * kMicrosPerMilli) break;
    pieces += record.pieces;
    ++records;
  }
  const auto drop = [](auto* from, size_t count) {
    from->erase(from->begin(), from->begin() + static_cast<std::ptrdiff_t>(count));
  };
  drop(&page->pieces, pieces);
  drop(&page->records, records);
}

void ShardLog::Remark(const Shard& shard, bool fresh, PullBatch* batch) const {
  batch->marks.push_back({.source_id = shard.source_id,
                          .mark = {.offset = shard.count,
                                   .text = FormatPlace(shard.place),
                                   .at_end = shard.state == State::kEnded},
                          .fresh = fresh});
}

bool ShardLog::TakePage(ShardPage page, Shard* shard, PullBatch* batch) {
  shard->called_wall_micros = clock_.WallMicros();
  const bool had_records = !page.records.empty();
  // Some servers give iterators for ever; but behind the end of a closed shard there is nothing.
  const bool drained = shard->closed && page.behind_micros == 0 && !had_records;
  const bool ended = drained || page.next_iterator.empty();
  CheckContinuity(&page, ended, shard);
  if (options_.filters_time && shard->place.kind == ShardPlace::Kind::kTime) {
    PassOverOlder(&page, shard->place);
  }
  NameBeginning(page, shard, batch);
  record::RecordBlock& block = batch->block;
  for (const ShardPage::Piece& piece : page.pieces)
    block.entries.push_back({piece.begin, piece.size, shard->count++});
  block.buffer = std::move(page.buffer);
  block.end_offset = shard->count;
  if (!block.entries.empty()) {
    batch->source_id = shard->source_id;
    batch->place = options_.place + ", " + shard->id;
  }
  Pace(page, had_records, shard);
  if (!page.records.empty()) {
    const ShardPage::Record& last = page.records.back();
    shard->newest_wall_micros = last.time_micros;
    shard->place = {.kind = ShardPlace::Kind::kAfter,
                    .sequence = last.sequence,
                    .next_from_millis = last.time_micros / kMicrosPerMilli};
  }
  // At the end, where the service says that it is there, nothing older than now will come. No
  // records alone do not say that: DynamoDB Streams gives empty pages in between, too. And what
  // comes behind a closed shard is its children's, and may be old.
  if (page.behind_micros == 0 && !ended && !shard->closed) {
    shard->place.next_from_millis = shard->called_wall_micros / kMicrosPerMilli;
  }
  shard->iterator = page.next_iterator;
  const int64_t now = clock_.SteadyMicros();
  if (ended) {
    shard->state = State::kEnded;
    listing_due_micros_ = std::min(listing_due_micros_, now);  // its children
  }
  if (!page.records.empty() || ended || now - shard->marked_micros >= kIdleMarkMicros) {
    shard->marked_micros = now;
    Remark(*shard, /*fresh=*/false, batch);
  }
  if (ended) Release(batch);
  return !batch->block.entries.empty() || !batch->marks.empty();
}

/// A place that names no record is another one once records are dropped, and then the same numbers
/// would mean others. So the first record that is found there gives it its name.
void ShardLog::NameBeginning(const ShardPage& page, Shard* shard, PullBatch* batch) {
  if (IsNamed(shard->place) && !shard->fresh) return;
  if (page.records.empty()) {
    if (shard->fresh) BeginAnew(shard, batch);
    return;
  }
  const ShardPage::Record& first = page.records.front();
  shard->place = {.kind = ShardPlace::Kind::kAt,
                  .sequence = first.sequence,
                  .next_from_millis = first.time_micros / kMicrosPerMilli};
  Remark(*shard, std::exchange(shard->fresh, false), batch);
}

void ShardLog::Pace(const ShardPage& page, bool had_records, Shard* shard) {
  shard->at_tip = page.behind_micros ? *page.behind_micros == 0 : !had_records;
  int64_t wait = options_.call_micros;
  if (!had_records && shard->at_tip) {
    shard->pause_micros =
        std::clamp(2 * shard->pause_micros, options_.call_micros, kIdlePauseMicrosMax);
    wait = shard->pause_micros;
  } else {
    shard->pause_micros = 0;
    const int64_t bytes = page.wire_bytes;
    wait = std::max(wait, bytes * kMicrosPerSecond / options_.bytes_per_second);
  }
  shard->due_micros = clock_.SteadyMicros() + wait;
}

/// Full jitter, but never sooner than the pace allows.
void ShardLog::BackOff(Shard* shard) {
  shard->pause_micros =
      std::clamp(2 * shard->pause_micros, 2 * options_.call_micros, kBackOffMicrosMax);
  const auto span = static_cast<uint64_t>(shard->pause_micros);
  shard->due_micros =
      clock_.SteadyMicros() + options_.call_micros + static_cast<int64_t>(random_.Below(span));
}

}  // namespace tapelake::source
