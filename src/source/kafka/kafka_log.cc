#include "source/kafka/kafka_log.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "record/record_block.h"

namespace tapelake::source {
namespace {

constexpr int64_t kMicrosPerMilli = 1'000;
constexpr int64_t kMicrosPerSecond = 1'000'000;
constexpr int kWaitMillis = 50;
/// Of one round, all partitions together.
constexpr size_t kMessagesMax = 10'000;
constexpr size_t kBytesMax = size_t{4} << 20;
constexpr int64_t kPauseMicrosMin = 1 * kMicrosPerSecond;
constexpr int64_t kPauseMicrosMax = 10 * kMicrosPerSecond;
/// To pause drops what was fetched ahead. So not for every short halt; but well below the five
/// minutes after which the group thinks that a member that does not poll is dead.
constexpr int64_t kHoldMicros = 2 * kMicrosPerSecond;
constexpr int64_t kConfirmMicros = 10 * kMicrosPerSecond;
constexpr int64_t kConfirmPaceMicros = kMicrosPerSecond / 10;
/// A partition's end is confirmed that often at least: a smaller lag is none.
constexpr int64_t kTipMicros = 3 * kConfirmMicros;

}  // namespace

KafkaLog::KafkaLog(MakeConsumer make_consumer, io::Clock& clock, KafkaLogOptions options,
                   const std::map<std::string, record::LogMark>& marks)
    : make_consumer_(std::move(make_consumer)),
      clock_(clock),
      options_(std::move(options)),
      prefix_("kafka:" + options_.topic + "/"),
      adapter_(options_.topic, options_.format) {
  wrong_mark_ = TakeMarks(marks);
}

std::string KafkaLog::SourceOf(int32_t partition) const {
  return prefix_ + std::to_string(partition);
}

Status KafkaLog::TakeMarks(const std::map<std::string, record::LogMark>& marks) {
  for (const auto& [source, mark] : marks) {
    if (!source.starts_with(prefix_)) continue;
    is_first_ = false;
    int32_t number = -1;
    const char* end = source.data() + source.size();
    const auto parsed = std::from_chars(source.data() + prefix_.size(), end, number);
    const auto place = ParseKafkaPlace(mark.text);
    if (!place.ok()) return WithContext(place.status(), "mark of '" + source + "'");
    if (parsed.ec != std::errc() || parsed.ptr != end || number < 0) {
      return MakeError(ErrorKind::kCorrupt, "mark of '" + source + "': that is no partition");
    }
    partitions_.emplace(number,
                        Partition{.source_id = source,
                                  .base = static_cast<int64_t>(mark.offset) - place->reference,
                                  .next = place->next,
                                  .fingerprint = place->fingerprint});
  }
  return Status::OK();
}

PullFigures KafkaLog::figures() const {
  const int64_t wall = clock_.WallMicros();
  const std::lock_guard<std::mutex> lock(mutex_);
  PullFigures figures = published_;
  if (read_until_micros_ != 0) {
    figures.lag_micros = std::max<int64_t>(0, wall - read_until_micros_);
  }
  return figures;
}

void KafkaLog::UpdateFigures() {
  const int64_t wall = clock_.WallMicros();
  int64_t until = 0;
  for (const auto& [number, partition] : partitions_) {
    const bool at_tip = partition.at_end && wall - partition.confirmed_wall_micros < kTipMicros;
    const int64_t known =
        partition.at_end ? partition.confirmed_wall_micros : partition.newest_wall_micros;
    if (at_tip || known == 0) continue;
    if (until == 0 || known < until) until = known;
  }
  now_.parts = static_cast<int64_t>(partitions_.size());
  const std::lock_guard<std::mutex> lock(mutex_);
  published_ = now_;
  read_until_micros_ = until;
}

void KafkaLog::Gap(const std::string& words) {
  ++now_.gaps;
  now_.last_gap = "Kafka topic " + options_.topic + ", " + words;
}

void KafkaLog::Fail(const Status& failure) {
  ++now_.failures;
  now_.last_failure = failure.message();
}

/// The consumer is of no use any more: another one takes over, from where this one got to.
void KafkaLog::Break(const Status& failure) {
  Fail(failure);
  FlushAll();
  consumer_.reset();
  hinted_.clear();
}

Result<bool> KafkaLog::Read(PullBatch* batch) {
  *batch = PullBatch();
  TAPELAKE_RETURN_NOT_OK(wrong_mark_);
  if (consumer_ == nullptr && ready_.empty()) {
    const Result<bool> begun = TryToBegin(batch);
    UpdateFigures();
    return begun;
  }
  if (ready_.empty()) {
    if (std::exchange(held_since_micros_, std::nullopt)) {
      const Status resumed = consumer_->Pause(false);
      if (!resumed.ok()) Fail(resumed);
    }
    Gather();
    UpdateFigures();
  }
  if (ready_.empty()) return false;
  *batch = std::move(ready_.front());
  ready_.pop_front();
  return true;
}

Result<bool> KafkaLog::TryToBegin(PullBatch* batch) {
  if (clock_.SteadyMicros() < begin_due_micros_) return false;
  const Status begun = Begin(batch);
  if (begun.ok()) {
    begin_pause_micros_ = 0;
    return !batch->marks.empty() || !batch->forgotten.empty();
  }
  *batch = PullBatch();
  consumer_.reset();
  if (!has_begun_ && !options_.patient && IsWrongSetting(begun)) return begun;
  Fail(begun);
  begin_pause_micros_ = std::clamp(2 * begin_pause_micros_, kPauseMicrosMin, kPauseMicrosMax);
  begin_due_micros_ = clock_.SteadyMicros() + begin_pause_micros_;
  return false;
}

/// All beginnings are handed on before any record: the first commit that has a record has them.
Status KafkaLog::Begin(PullBatch* batch) {
  TAPELAKE_ASSIGN_OR_RAISE(consumer_, make_consumer_());
  TAPELAKE_ASSIGN_OR_RAISE(const int32_t count, consumer_->CountPartitions());
  std::vector<int64_t> beginnings(static_cast<size_t>(count), 0);
  if (is_first_) {
    TAPELAKE_ASSIGN_OR_RAISE(beginnings, Beginnings(count));
  }
  TAPELAKE_RETURN_NOT_OK(
      consumer_->Subscribe({.on_assigned = [this](int32_t number) { return OnAssigned(number); },
                            .on_revoked = [this](int32_t number) { OnRevoked(number); }}));
  DropVanished(count, batch);
  for (int32_t number = 0; number < count; ++number) {
    if (!partitions_.contains(number)) {
      Add(number, beginnings[static_cast<size_t>(number)], batch);
    }
  }
  for (auto& [number, partition] : partitions_)
    partition.checks = partition.fingerprint.has_value();
  is_first_ = false;
  has_begun_ = true;
  return Status::OK();
}

Result<std::vector<int64_t>> KafkaLog::Beginnings(int32_t partitions) {
  if (!options_.at_end && options_.start.kind == ShardPlace::Kind::kTime) {
    return consumer_->OffsetsAt(options_.start.time_millis, partitions);
  }
  std::vector<int64_t> offsets;
  for (int32_t number = 0; number < partitions; ++number) {
    TAPELAKE_ASSIGN_OR_RAISE(const KafkaRange range, consumer_->RangeOf(number));
    offsets.push_back(options_.at_end ? range.high : range.low);
  }
  return offsets;
}

/// A partition that the table has nothing of. Its mark stands at position 0, whatever offset it
/// begins with: so it can go into a commit before a record of it does.
void KafkaLog::Add(int32_t number, int64_t begin, PullBatch* batch) {
  const std::string source = SourceOf(number);
  partitions_.emplace(number, Partition{.source_id = source, .next = begin});
  batch->marks.push_back(
      {.source_id = source,
       .mark = {.offset = 0, .text = FormatKafkaPlace({.reference = 0, .next = begin})}});
  if (is_first_ || !adapter_.orders_by_offset()) return;
  Fail(MakeError(
      ErrorKind::kConflict,
      "Kafka topic " + options_.topic + " got the partition " + std::to_string(number) +
          ", and changes are ordered by their offsets: of rows whose keys moved to another "
          "partition, changes may be passed over as older (give source.order_field, and load the "
          "table anew)"));
}

/// Topics never lose partitions; one that has fewer of them was made anew.
void KafkaLog::DropVanished(int32_t partitions, PullBatch* batch) {
  for (auto at = partitions_.lower_bound(partitions); at != partitions_.end();) {
    Gap("partition " + std::to_string(at->first) +
        ": the topic has it no more; it was read up to offset " + std::to_string(at->second.next));
    batch->forgotten.push_back(at->second.source_id);
    at = partitions_.erase(at);
  }
}

int64_t KafkaLog::OnAssigned(int32_t number) {
  if (!partitions_.contains(number)) {
    PullBatch batch;
    Add(number, 0, &batch);
    ready_.push_back(std::move(batch));
  }
  Partition& partition = partitions_.at(number);
  partition.assigned = true;
  partition.at_end = false;
  return partition.checks ? partition.next - 1 : partition.next;
}

void KafkaLog::OnRevoked(int32_t number) {
  const auto found = partitions_.find(number);
  if (found == partitions_.end()) return;
  found->second.assigned = false;
  found->second.at_end = false;
}

/// One round: what is there, a block for each partition.
void KafkaLog::Gather() {
  size_t messages = 0;
  building_bytes_ = 0;
  while (messages < kMessagesMax && building_bytes_ < kBytesMax && consumer_ != nullptr) {
    const KafkaEvent event = consumer_->Poll(messages == 0 ? kWaitMillis : 0);
    ++messages;
    if (!Take(event)) break;
  }
  FlushAll();
  if (consumer_ == nullptr) return;
  FindLost();
  ConfirmEnds();
}

/// False: there is nothing more for now.
bool KafkaLog::Take(const KafkaEvent& event) {
  switch (event.kind) {
    case KafkaEvent::Kind::kNothing:
      return false;
    case KafkaEvent::Kind::kMessage:
      TakeMessage(event);
      return true;
    case KafkaEvent::Kind::kEnd: {
      const auto found = partitions_.find(event.partition);
      if (found == partitions_.end()) return true;
      if (event.offset < found->second.next) {
        Lose(event.partition);  // it is shorter than what was read of it
        return true;
      }
      found->second.at_end = true;
      found->second.end = event.offset;
      found->second.confirmed_wall_micros = clock_.WallMicros();
      return true;
    }
    case KafkaEvent::Kind::kOutOfRange:
      Lose(event.partition);
      return true;
    case KafkaEvent::Kind::kFailure:
      Fail(event.failure);
      return true;
    case KafkaEvent::Kind::kBroken:
      Break(event.failure);
      return false;
  }
  return false;
}

/// Whether a message is the one to be handed on, or one behind it: logs have holes.
bool KafkaLog::IsAwaited(const KafkaEvent& event, int32_t number, Partition* partition) {
  if (event.offset >= partition->next) {
    partition->checks = false;  // the record before is not kept any more: it cannot tell
    return !partition->is_lost;
  }
  if (!std::exchange(partition->checks, false)) return false;
  const bool is_known =
      event.offset == partition->next - 1 &&
      KafkaFingerprint(event.key, event.value, event.timestamp_millis) == partition->fingerprint;
  if (!is_known) {
    // Whatever comes of the other log before it is begun anew is read again then.
    partition->is_another_log = true;
    Lose(number);
  }
  return false;
}

void KafkaLog::TakeMessage(const KafkaEvent& event) {
  const auto found = partitions_.find(event.partition);
  if (found == partitions_.end()) return;
  Partition& partition = found->second;
  partition.at_end = false;
  if (!IsAwaited(event, event.partition, &partition)) return;
  if (event.timestamp_millis >= 0) {
    partition.newest_wall_micros = event.timestamp_millis * kMicrosPerMilli;
  }
  record::RecordBlock& block = Building(event.partition, partition)->block;
  const size_t begin = block.buffer.size();
  const bool has_record = adapter_.Append({.key = event.key,
                                           .value = event.value,
                                           .partition = event.partition,
                                           .offset = event.offset,
                                           .timestamp_millis = event.timestamp_millis},
                                          &block.buffer);
  const size_t size = block.buffer.size() - begin;
  if (has_record) {
    // Each record is followed by what the parser may read beyond it: the next record, or the end.
    block.entries.push_back({begin, size, static_cast<uint64_t>(event.offset + partition.base)});
  }
  building_bytes_ += size;
  partition.next = event.offset + 1;
  partition.fingerprint = KafkaFingerprint(event.key, event.value, event.timestamp_millis);
}

PullBatch* KafkaLog::Building(int32_t number, const Partition& partition) {
  PullBatch& batch = building_[number];
  if (batch.source_id.empty()) {
    batch.source_id = partition.source_id;
    batch.place = "Kafka topic " + options_.topic + ", partition " + std::to_string(number);
  }
  return &batch;
}

/// Hand out what was built of a partition, with the mark of its end.
void KafkaLog::Flush(int32_t number) {
  const auto found = building_.find(number);
  if (found == building_.end()) return;
  PullBatch batch = std::move(found->second);
  building_.erase(found);
  const Partition& partition = partitions_.at(number);
  // Tombstones alone move nothing: the table takes positions with records only.
  if (batch.block.entries.empty()) return;
  batch.block.buffer.append(record::kRecordPaddingBytes, ' ');
  const auto position = static_cast<uint64_t>(partition.next + partition.base);
  batch.block.end_offset = position;
  batch.marks.push_back(
      {.source_id = partition.source_id,
       .mark = {.offset = position,
                .text = FormatKafkaPlace({.reference = partition.next,
                                          .next = partition.next,
                                          .fingerprint = partition.fingerprint})}});
  ready_.push_back(std::move(batch));
}

void KafkaLog::FlushAll() {
  while (!building_.empty())
    Flush(building_.begin()->first);
}

void KafkaLog::Lose(int32_t number) {
  const auto found = partitions_.find(number);
  if (found == partitions_.end()) return;
  Flush(number);
  found->second.is_lost = true;
  found->second.at_end = false;
  found->second.due_micros = clock_.SteadyMicros();
}

void KafkaLog::FindLost() {
  for (auto& [number, partition] : partitions_) {
    if (!partition.is_lost || !partition.assigned) continue;
    if (clock_.SteadyMicros() < partition.due_micros) continue;
    const Status found = Find(number, &partition);
    if (found.ok()) {
      partition.is_lost = false;
      continue;
    }
    Fail(found);
    partition.due_micros = clock_.SteadyMicros() + kPauseMicrosMin;
  }
}

/// Go on with what there is of a log that has nothing at our place.
Status KafkaLog::Find(int32_t number, Partition* partition) {
  TAPELAKE_ASSIGN_OR_RAISE(const KafkaRange range, consumer_->RangeOf(number));
  const std::string name = "partition " + std::to_string(number);
  if (partition->is_another_log) {
    Restart(number, range.low, "holds other records than before", partition);
  } else if (partition->next > range.high) {
    Restart(number, range.low,
            "ends at offset " + std::to_string(range.high) + " and was read up to " +
                std::to_string(partition->next),
            partition);
  } else if (partition->next < range.low) {
    Gap(name + ": records from offset " + std::to_string(partition->next) + " to " +
        std::to_string(range.low - 1) + " are not kept any more");
    PullBatch batch;
    batch.marks.push_back(
        {.source_id = partition->source_id,
         .mark = {.offset = static_cast<uint64_t>(partition->next + partition->base),
                  .text = FormatKafkaPlace({.reference = partition->next, .next = range.low})}});
    ready_.push_back(std::move(batch));
    partition->next = range.low;
    partition->fingerprint.reset();
  }
  // Else only the record before the place is gone, or a broker that was behind has caught up.
  partition->checks = false;
  return consumer_->MoveTo(number, partition->next);
}

/// It is another log: read all of it, counted above everything that was taken.
void KafkaLog::Restart(int32_t number, int64_t low, const std::string& why, Partition* partition) {
  Gap("partition " + std::to_string(number) + ": the log " + why +
      "; it was made anew or cut, and is read from its beginning");
  partition->is_another_log = false;
  partition->base = 0;
  partition->next = low;
  partition->fingerprint.reset();
  PullBatch batch;
  batch.marks.push_back(
      {.source_id = partition->source_id,
       .mark = {.offset = 0, .text = FormatKafkaPlace({.reference = 0, .next = low})},
       .fresh = true});
  ready_.push_back(std::move(batch));
}

/// An end is told once, when it is reached. Whether it still is one, and somebody there to say so,
/// must be asked; of one partition at a time, as that is waited for.
void KafkaLog::ConfirmEnds() {
  const int64_t now = clock_.SteadyMicros();
  if (now < confirm_due_micros_ || !ready_.empty()) return;
  confirm_due_micros_ = now + kConfirmPaceMicros;
  const int64_t wall = clock_.WallMicros();
  for (auto& [number, partition] : partitions_) {
    const bool due = partition.assigned && partition.at_end &&
                     wall - partition.confirmed_wall_micros >= kConfirmMicros;
    if (!due) continue;
    const auto range = consumer_->RangeOf(number);
    if (!range.ok()) {
      Fail(range.status());
      confirm_due_micros_ = clock_.SteadyMicros() + kPauseMicrosMax;
    } else if (range->high <= std::max(partition.next, partition.end)) {
      partition.confirmed_wall_micros = clock_.WallMicros();
    }
    return;
  }
}

void KafkaLog::Hold() {
  if (consumer_ == nullptr) return;
  const int64_t now = clock_.SteadyMicros();
  if (!held_since_micros_) held_since_micros_ = now;
  if (now - *held_since_micros_ < kHoldMicros) return;
  const Status paused = consumer_->Pause(true);
  if (!paused.ok()) Fail(paused);
  Take(consumer_->Poll(0));  // what the group does; bounded, as nothing more is fetched
  FlushAll();
  UpdateFigures();
}

void KafkaLog::Committed(const std::map<std::string, record::LogMark>& marks) {
  if (consumer_ == nullptr) return;
  std::map<int32_t, int64_t> hints;
  for (const auto& [number, partition] : partitions_) {
    const auto mark = marks.find(partition.source_id);
    if (mark == marks.end()) continue;
    const auto place = ParseKafkaPlace(mark->second.text);
    if (!place.ok()) continue;
    const auto [hinted, is_new] = hinted_.try_emplace(number, place->next);
    if (is_new || std::exchange(hinted->second, place->next) != place->next) {
      hints.emplace(number, place->next);
    }
  }
  if (!hints.empty()) consumer_->Commit(hints);
}

}  // namespace tapelake::source
