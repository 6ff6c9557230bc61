#include "source/paced_source.h"

#include <algorithm>
#include <string>

#include "base/time.h"

namespace tapelake::source {
namespace {

constexpr std::string_view kTimeMember = "\"ApproximateCreationDateTime\"";

bool IsSpace(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

// Digits of a number as an integer; at most 18 of them.
std::optional<int64_t> TakeInteger(std::string_view* text) {
  int64_t value = 0;
  size_t digits = 0;
  while (digits < text->size() && (*text)[digits] >= '0' && (*text)[digits] <= '9') {
    if (digits == 18) return std::nullopt;
    value = value * 10 + ((*text)[digits++] - '0');
  }
  text->remove_prefix(digits);
  if (digits == 0) return std::nullopt;
  return value;
}

}  // namespace

std::optional<int64_t> CreationMicros(std::string_view record) {
  const size_t member = record.find(kTimeMember);
  if (member == record.npos) return std::nullopt;
  std::string_view rest = record.substr(member + kTimeMember.size());
  while (!rest.empty() && (IsSpace(rest.front()) || rest.front() == ':'))
    rest.remove_prefix(1);
  const std::optional<int64_t> value = TakeInteger(&rest);
  if (!value) return std::nullopt;
  constexpr int64_t kMillisMin = 100'000'000'000;      // below: seconds
  constexpr int64_t kMicrosMin = 100'000'000'000'000;  // below: milliseconds
  if (*value >= kMicrosMin) return *value;
  if (*value >= kMillisMin) return *value * 1000;
  return *value * base::kMicrosPerSecond;
}

Result<std::unique_ptr<PacedSource>> PacedSource::Make(std::unique_ptr<record::RecordSource> inner,
                                                       const PaceOptions& options,
                                                       io::Clock& clock) {
  if (!(options.speed > 0 && options.speed <= 1e9)) {
    return MakeError(ErrorKind::kInvalid, "replay speed " + std::to_string(options.speed) +
                                              " is out of range: above 0, at most 1e9");
  }
  return std::unique_ptr<PacedSource>(new PacedSource(std::move(inner), options, clock));
}

Result<bool> PacedSource::Refill() {
  next_entry_ = 0;
  const Result<bool> more = inner_->ReadBlock(&pending_);
  if (!more.ok() || !*more) pending_.Clear();
  return more;
}

// The steady time at which an entry may go out.
int64_t PacedSource::DueMicros(size_t entry) {
  const std::optional<int64_t> created = CreationMicros(pending_.bytes(pending_.entries[entry]));
  if (!created) return 0;
  if (!first_record_micros_) {
    first_record_micros_ = created;
    begin_micros_ = clock_.SteadyMicros();
  }
  const double elapsed = static_cast<double>(*created - *first_record_micros_) / options_.speed;
  return begin_micros_ + static_cast<int64_t>(elapsed);
}

Result<bool> PacedSource::ReadBlock(record::RecordBlock* block) {
  block->Clear();
  if (next_entry_ >= pending_.entries.size()) {
    TAPELAKE_ASSIGN_OR_RAISE(const bool more, Refill());
    if (!more || pending_.entries.empty()) {
      block->end_offset = pending_.end_offset;
      return more;
    }
  }
  const int64_t due = DueMicros(next_entry_);
  clock_.Sleep(std::min(due - clock_.SteadyMicros(), options_.wait_micros_max));
  const int64_t now = clock_.SteadyMicros();
  while (next_entry_ < pending_.entries.size() && DueMicros(next_entry_) <= now) {
    const record::RecordBlock::Entry& entry = pending_.entries[next_entry_++];
    block->entries.push_back(
        {.begin = block->buffer.size(), .size = entry.size, .offset = entry.offset});
    block->buffer.append(pending_.bytes(entry)).push_back('\n');
  }
  const bool drained = next_entry_ >= pending_.entries.size();
  block->end_offset = drained ? pending_.end_offset : pending_.entries[next_entry_].offset;
  if (!block->entries.empty()) block->buffer.append(record::kRecordPaddingBytes, '\0');
  return true;
}

}  // namespace tapelake::source
