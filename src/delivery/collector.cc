#include "delivery/collector.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include <xxhash.h>

#include "base/base64.h"
#include "base/seal.h"

namespace tapelake::delivery {
namespace {

constexpr size_t kRangesMax = 1000;  // of a cut: they all stand in the state

/// The error line of transform, with the checksum of its raw data and a seal: nothing else guards
/// an object that is not packed.
void AppendCheckedErrorLine(transform::ParseError error, std::string_view reason,
                            const transform::ErrorPlace& place, std::string_view raw,
                            std::string* out) {
  const size_t begin = out->size();
  transform::AppendErrorLineStart(error, reason, place, out);
  base::AppendBase64(raw, out);
  char checksum[64];
  std::snprintf(checksum, sizeof(checksum), "\",\"raw_xxh64\":\"%016llx\",",
                static_cast<unsigned long long>(XXH64(raw.data(), raw.size(), 0)));
  out->append(checksum);
  base::AppendJsonSeal(begin, "}", out);
  out->push_back('\n');
}

}  // namespace

Collector::Collector(io::Clock& clock, const DeliveryOptions& options, const DeliveryState& state,
                     Publisher& publisher)
    : clock_(clock),
      options_(options),
      publisher_(publisher),
      writer_(transform::LineForm::kReplayable),
      next_id_(state.next_id),
      collected_(state.positions) {
  for (const delivery::Cut& cut : state.pending)
    Recover(cut);
}

void Collector::Recover(const delivery::Cut& cut) {
  Recovery recovery;
  recovery.job = std::make_shared<CutJob>(publisher_.pool());
  recovery.job->cut = cut;
  recovery.job->announced = true;
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
    open_ = std::make_shared<CutJob>(publisher_.pool());
    open_->cut.raw = options_.raw;
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

void Collector::Add(const record::Change& change, const std::string& source, uint64_t offset) {
  const Place place = Find(source, offset);
  if (place.job == nullptr || !place.job->cut.raw) return;
  Note(place, offset);
  char* begin = place.job->assembly.Reserve(place.part, writer_.BytesMax(change));
  const char* end = writer_.Write(change, begin);
  const int64_t size = end - begin;
  place.job->assembly.Commit(place.part, end);
  ++place.job->lines;
  place.job->text_bytes += size;
  added_bytes_ += size;
}

void Collector::AddError(transform::ParseError error, std::string_view reason,
                         const std::string& source, const std::string& place, uint64_t offset,
                         std::string_view raw) {
  const Place found = Find(source, offset);
  if (found.job == nullptr) return;
  Note(found, offset);
  std::string* lines = found.job->assembly.ErrorLines(found.part, transform::ParseErrorText(error));
  const size_t before = lines->size();
  AppendCheckedErrorLine(error, reason, {.source = place, .offset = offset}, raw, lines);
  const auto size = static_cast<int64_t>(lines->size() - before);
  ++found.job->error_lines;
  found.job->error_bytes += size;
  added_bytes_ += size;
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

bool Collector::Due() const {
  return open_->text_bytes + open_->error_bytes >= options_.buffer_bytes ||
         clock_.SteadyMicros() - open_since_micros_ >= options_.buffer_micros ||
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
    job.cut.time_micros = clock_.WallMicros();
  }
  job.cut.has_raw_object = job.lines > 0;
  for (const auto& [type, lines] : job.assembly.error_objects())
    job.cut.error_types.push_back(type);
  job.assembly.Seal();
  open_.reset();
  open_since_micros_ = 0;
}

}  // namespace tapelake::delivery
