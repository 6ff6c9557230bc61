#include "delivery/collector.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <utility>

#include <xxhash.h>

#include "base/base64.h"
#include "base/json.h"
#include "base/seal.h"

namespace tapelake::delivery {
namespace {

constexpr size_t kRangesMax = 1000;  // of a cut: they all stand in the state

/// The rest of an error line that began at `begin`, from within the quotes of its raw data on.
void FinishErrorLine(size_t begin, std::string_view raw, std::string* out) {
  base::AppendBase64(raw, out);
  char checksum[64];
  std::snprintf(checksum, sizeof(checksum), "\",\"raw_xxh64\":\"%016llx\",",
                static_cast<unsigned long long>(XXH64(raw.data(), raw.size(), 0)));
  out->append(checksum);
  base::AppendJsonSeal(begin, "}", out);
  out->push_back('\n');
}

/// The error line of transform, with the checksum of its raw data and a seal: nothing else guards
/// an object that is not packed.
void AppendCheckedErrorLine(transform::ParseError error, std::string_view reason,
                            const transform::ErrorPlace& place, std::string_view raw,
                            std::string* out) {
  const size_t begin = out->size();
  transform::AppendErrorLineStart(error, reason, place, out);
  FinishErrorLine(begin, raw, out);
}

/// The error line of a change that is one, but has no place in the raw layer. What reads error
/// lines reads it, too.
void AppendProcessingErrorLine(std::string_view code, std::string_view reason,
                               const DeliveredRecord& record, std::string* out) {
  const size_t begin = out->size();
  base::JsonWriter(out)
      .BeginObject()
      .Key("error_type")
      .String(kProcessingFailed)
      .Key("error_code")
      .String(code)
      .Key("reason")
      .String(reason)
      .Key("source")
      .String(record.place)
      .Key("offset")
      .Raw(std::to_string(record.offset));
  out->append(",\"raw_data\":\"");
  FinishErrorLine(begin, record.raw, out);
}

}  // namespace

Collector::Collector(io::Clock& clock, const DeliveryOptions& options,
                     std::shared_ptr<const ObjectLayout> layout, const DeliveryState& state,
                     Publisher& publisher)
    : clock_(clock),
      options_(options),
      layout_(std::move(layout)),
      publisher_(publisher),
      writer_(transform::LineForm::kReplayable),
      next_id_(state.next_id),
      collected_(state.positions) {
  for (const delivery::Cut& cut : state.pending)
    Recover(cut);
}

void Collector::Recover(const delivery::Cut& cut) {
  Recovery recovery;
  recovery.job = std::make_shared<CutJob>(publisher_.pool(), cut);
  recovery.job->announced = true;
  if (cut.transformed) {
    // Its content is there already, and its records are behind the position.
    recovery.job->assembly.Seal();
    publisher_.Enlist(recovery.job);
    return;
  }
  for (const SourceRange& range : cut.ranges) {
    recovery.job->assembly.AddPart();
    recovery.next.push_back(range.begin);
  }
  recovery.complete.resize(cut.ranges.size());
  recovery.incomplete = cut.ranges.size();
  publisher_.Enlist(recovery.job);
  recoveries_.push_back(std::move(recovery));
}

uint64_t Collector::Collected(const std::string& source) const {
  const auto found = collected_.find(source);
  return found == collected_.end() ? 0 : found->second;
}

Collector::Place Collector::FindSlowly(const std::string& source, uint64_t offset) {
  for (const Recovery& recovery : recoveries_) {
    const std::vector<SourceRange>& ranges = recovery.job->cut.ranges;
    for (size_t i = 0; i < ranges.size(); ++i) {
      if (ranges[i].source != source || offset >= ranges[i].end) continue;
      if (offset >= recovery.next[i]) return {recovery.job.get(), i};
    }
  }
  if (offset < Collected(source)) return {};
  OpenPart(source);
  if (offset < open_from_) return {};  // its block is taken a second time
  return {open_.get(), open_part_};
}

/// Make `source` the source of the last part of the open job.
void Collector::OpenPart(const std::string& source) {
  if (open_ == nullptr) {
    delivery::Cut cut;
    cut.raw = options_.raw;
    cut.transformed = options_.raw && options_.transform.function != nullptr;
    cut.layout = layout_;
    open_ = std::make_shared<CutJob>(publisher_.pool(), std::move(cut));
    open_wall_micros_ = clock_.WallMicros();
    open_since_micros_ = clock_.SteadyMicros();
    publisher_.Enlist(open_);
  } else if (source == open_source_) {
    return;
  } else {
    CloseRange();
    open_->assembly.CompletePart(open_part_);
  }
  open_source_ = source;
  open_from_ = Collected(source);
  open_part_ = open_->assembly.AddPart();
  open_->cut.ranges.push_back({.source = source, .begin = open_from_, .end = open_from_});
}

void Collector::CloseRange() {
  SourceRange& range = open_->cut.ranges.back();
  range.end = std::max(range.end, open_from_);
  uint64_t& collected = collected_[open_source_];
  collected = std::max(collected, range.end);
}

void Collector::NoteRecovered(const Place& place, uint64_t offset) {
  for (Recovery& recovery : recoveries_) {
    if (recovery.job.get() == place.job) recovery.next[place.part] = offset + 1;
  }
}

void Collector::Add(const record::Change& change, const DeliveredRecord& record) {
  const Place place = Find(record.source, record.offset);
  if (place.job == nullptr || !place.job->cut.raw) return;
  Note(place, record.offset);
  if (!place.job->plain) [[unlikely]]
    return AddElsewhere(change, record, place);
  char* begin = place.job->assembly.Reserve(place.part, writer_.BytesMax(change));
  const char* end = writer_.Write(change, begin);
  const int64_t size = end - begin;
  place.job->assembly.Commit(place.part, end);
  ++place.job->lines;
  place.job->text_bytes += size;
  added_bytes_ += size;
}

void Collector::AddElsewhere(const record::Change& change, const DeliveredRecord& record,
                             const Place& place) {
  const ObjectLayout& layout = *place.job->cut.layout;
  AddBackup(record.raw, place);
  if (place.job->cut.transformed) return Queue(change, record, place.job);
  // Not into the texts at once: the writer wants room for more than it writes.
  line_.resize(std::max(line_.size(), writer_.BytesMax(change)));
  const char* end = writer_.Write(change, line_.data());
  const std::string_view line(line_.data(), static_cast<size_t>(end - line_.data()));
  if (!layout.partitioned()) return AddText(line, "", place);
  const bool has_partition = layout.PartitionOf(change, &partition_, &reason_) &&
                             layout.AddFunctionKeys({}, &partition_, &reason_);
  AddToPartition(line, "", has_partition, record, place);
}

void Collector::AddRecord(const DeliveredRecord& record) {
  const Place place = Find(record.source, record.offset);
  if (place.job == nullptr || !place.job->cut.raw) return;
  Note(place, record.offset);
  if (record.raw.empty()) return;
  const ObjectLayout& layout = *place.job->cut.layout;
  const std::string_view end = layout.options().delimiter;
  AddBackup(record.raw, place);
  if (!layout.partitioned()) return AddText(record.raw, end, place);
  const bool has_partition = layout.PartitionOf(record.raw, &partition_, &reason_);
  AddToPartition(record.raw, end, has_partition, record, place);
}

void Collector::AddText(std::string_view text, std::string_view end, const Place& place) {
  CutJob& job = *place.job;
  const size_t size = text.size() + end.size();
  char* begin = job.assembly.Reserve(place.part, size);
  std::memcpy(begin, text.data(), text.size());
  if (!end.empty()) std::memcpy(begin + text.size(), end.data(), end.size());
  job.assembly.Commit(place.part, begin + size);
  added_bytes_ += static_cast<int64_t>(size);
  ++job.lines;
  job.text_bytes += static_cast<int64_t>(size);
}

void Collector::AddToPartition(std::string_view text, std::string_view end, bool has_partition,
                               const DeliveredRecord& record, const Place& place) {
  CutJob& job = *place.job;
  std::string_view code;
  if (!has_partition) {
    code = kNoPartitionKey;
  } else if (!job.TakePartition(partition_)) {
    code = kTooManyPartitions;
    reason_ = kTooManyPartitionsReason;
  }
  if (!code.empty()) {
    std::string* lines = job.assembly.ErrorLines(place.part, kProcessingFailed);
    const size_t before = lines->size();
    AppendProcessingErrorLine(code, reason_, record, lines);
    return CountError(static_cast<int64_t>(lines->size() - before), place);
  }
  job.assembly.PartitionLines(place.part, partition_)->append(text).append(end);
  const auto size = static_cast<int64_t>(text.size() + end.size());
  Hold(size, &job);
  ++job.lines;
  job.text_bytes += size;
}

void Collector::Queue(const record::Change& change, const DeliveredRecord& record, CutJob* job) {
  QueuedRecord queued{.raw = std::string(record.raw),
                      .place = std::string(record.place),
                      .offset = record.offset,
                      .arrival_micros = clock_.WallMicros()};
  if (!job->cut.layout->PartitionOf(change, &queued.partition, &reason_)) queued.refusal = reason_;
  ++job->queued_records;
  job->text_bytes += static_cast<int64_t>(queued.raw.size());
  added_bytes_ += queued.bytes();
  job->queue.Push(std::move(queued), clock_.SteadyMicros());
}

void Collector::AddBackup(std::string_view raw, const Place& place) {
  const LayoutOptions& options = place.job->cut.layout->options();
  if (!place.job->cut.raw || !options.backup) return;
  std::string* lines = place.job->assembly.BackupLines(place.part);
  const size_t before = lines->size();
  lines->append(raw);
  if (!options.as_they_came && !raw.ends_with('\n')) lines->push_back('\n');
  Hold(static_cast<int64_t>(lines->size() - before), place.job);
}

void Collector::Hold(int64_t bytes, CutJob* job) {
  job->held_bytes += bytes;
  added_bytes_ += bytes;
}

void Collector::CountError(int64_t bytes, const Place& place) {
  ++place.job->error_lines;
  place.job->error_bytes += bytes;
  Hold(bytes, place.job);
}

void Collector::AddError(transform::ParseError error, std::string_view reason,
                         const DeliveredRecord& record) {
  const Place found = Find(record.source, record.offset);
  if (found.job == nullptr) return;
  Note(found, record.offset);
  AddBackup(record.raw, found);
  std::string* lines = found.job->assembly.ErrorLines(found.part, transform::ParseErrorText(error));
  const size_t before = lines->size();
  AppendCheckedErrorLine(error, reason, {.source = record.place, .offset = record.offset},
                         record.raw, lines);
  CountError(static_cast<int64_t>(lines->size() - before), found);
}

void Collector::Advance(const std::string& source, uint64_t end_offset) {
  if (!recoveries_.empty()) [[unlikely]]
    AdvanceRecoveries(source, end_offset);
  uint64_t& collected = collected_[source];
  if (end_offset <= collected) return;
  OpenPart(source);
  open_->cut.ranges.back().end = end_offset;
  open_from_ = end_offset;
  collected = end_offset;
}

void Collector::AdvanceRecoveries(const std::string& source, uint64_t end_offset) {
  for (Recovery& recovery : recoveries_) {
    const std::vector<SourceRange>& ranges = recovery.job->cut.ranges;
    for (size_t i = 0; i < ranges.size(); ++i) {
      if (recovery.complete[i] || ranges[i].source != source || end_offset < ranges[i].end) {
        continue;
      }
      recovery.complete[i] = true;
      recovery.job->assembly.CompletePart(i);
      if (--recovery.incomplete == 0) recovery.job->assembly.Seal();
    }
  }
  std::erase_if(recoveries_, [](const Recovery& recovery) { return recovery.incomplete == 0; });
}

bool Collector::Old() const {
  // Without an interval objects are cut as fast as they are written, not faster.
  if (options_.buffer_micros == 0) return publisher_.idle();
  return clock_.SteadyMicros() - open_since_micros_ >= options_.buffer_micros;
}

bool Collector::Due() const {
  return open_->text_bytes + open_->error_bytes >= options_.buffer_bytes || Old() ||
         open_->cut.ranges.size() >= kRangesMax ||
         (open_->has_lines() && waiting_bytes() >= options_.waiting_bytes_max / 2);
}

void Collector::Cut(bool flush) {
  if (open_ == nullptr || (!flush && !Due())) return;
  // A range must not end inside a block: only the source knows where its next record starts.
  if (open_from_ > open_->cut.ranges.back().end) return;
  CutJob& job = *open_;
  job.assembly.CompletePart(open_part_);
  if (job.has_lines()) {
    job.cut.id = next_id_++;
    job.cut.time_micros = layout_->names_by_arrival() ? open_wall_micros_ : clock_.WallMicros();
  }
  job.cut.has_raw_object = job.lines > 0;
  for (const auto& [type, text] : job.assembly.texts().errors)
    job.cut.error_types.push_back(type);
  job.assembly.Seal();
  open_.reset();
  open_since_micros_ = 0;
}

}  // namespace tapelake::delivery
