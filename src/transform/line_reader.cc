#include "transform/line_reader.h"

#include <cstring>

#include "record/record_block.h"

namespace tapelake::transform {

LineReader::LineReader(io::ByteInput& input, size_t line_bytes_max)
    : input_(input), line_bytes_max_(line_bytes_max), capacity_(2 * kBlockBytes) {
  buffer_ = std::make_unique<char[]>(capacity_ + record::kRecordPaddingBytes);
}

bool LineReader::Next(Line* line) {
  const char* start = buffer_.get() + begin_;
  const auto* end =
      static_cast<const char*>(std::memchr(buffer_.get() + searched_, '\n', filled_ - searched_));
  line->offset = block_offset_ + begin_;
  line->complete = true;
  if (end != nullptr) [[likely]] {
    line->text = {start, static_cast<size_t>(end - start)};
    begin_ += line->text.size() + 1;
    searched_ = begin_;
    if (!line->text.empty() && line->text.back() == '\r') line->text.remove_suffix(1);
    return true;
  }
  searched_ = filled_;
  const size_t rest = filled_ - begin_;
  const bool over_limit = rest > line_bytes_max_;
  if (rest == 0 || (!ended_ && !over_limit)) return false;
  line->text = {start, rest};
  line->complete = ended_;
  begin_ = filled_;
  return true;
}

Result<bool> LineReader::Fill() {
  if (ended_) return false;
  MakeRoom();
  TAPELAKE_ASSIGN_OR_RAISE(const size_t count,
                           input_.Read(buffer_.get() + filled_, capacity_ - filled_));
  filled_ += count;
  ended_ = count == 0;
  return !ended_ || filled_ > begin_;
}

/// Move the unfinished line to the front; grow if it fills most of the buffer.
void LineReader::MakeRoom() {
  const size_t rest = filled_ - begin_;
  std::unique_ptr<char[]> larger;
  if (capacity_ - rest < kBlockBytes) {
    capacity_ *= 2;
    larger = std::make_unique<char[]>(capacity_ + record::kRecordPaddingBytes);
  }
  char* to = larger == nullptr ? buffer_.get() : larger.get();
  std::memmove(to, buffer_.get() + begin_, rest);
  if (larger != nullptr) buffer_ = std::move(larger);
  block_offset_ += begin_;
  searched_ -= begin_;
  begin_ = 0;
  filled_ = rest;
}

}  // namespace tapelake::transform
