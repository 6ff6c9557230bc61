#include "source/files/line_source.h"

#include <algorithm>
#include <cstring>

namespace tapelake::source {
namespace {

constexpr size_t kBlockRecordsMax = 10'000;
constexpr size_t kBlockBytesMax = 4 << 20;
constexpr size_t kChunkBytes = 256 << 10;

}  // namespace

Result<bool> LineSource::ReadBlock(record::RecordBlock* block) {
  block->Clear();
  block->buffer.append(carry_);
  carry_.clear();
  line_begin_ = 0;
  CutLines(block);
  while (block->entries.size() < kBlockRecordsMax && line_begin_ < kBlockBytesMax) {
    if (block->buffer.size() - line_begin_ > line_bytes_max_) {
      AddOversizedLine(block);
      break;
    }
    if (!ReadMore(&block->buffer)) {
      const size_t rest = block->buffer.size() - line_begin_;
      if (failure_.ok() && rest > 0 && !hold_last_line_) {  // the last line has no end
        AddLine(block, rest);
        line_begin_ += rest;
        line_offset_ += rest;
      }
      block->buffer.resize(line_begin_);
      break;
    }
    CutLines(block);
  }
  carry_.append(block->buffer, line_begin_);
  block->buffer.resize(line_begin_);
  block->end_offset = line_offset_;
  if (block->entries.empty()) {
    block->buffer.clear();
    TAPELAKE_RETURN_NOT_OK(failure_);
    return !ended_ || !carry_.empty();
  }
  block->buffer.append(record::kRecordPaddingBytes, '\0');
  return true;
}

// Whole lines in the buffer become entries, up to the limit.
void LineSource::CutLines(record::RecordBlock* block) {
  while (block->entries.size() < kBlockRecordsMax) {
    const char* begin = block->buffer.data() + line_begin_;
    const size_t rest = block->buffer.size() - line_begin_;
    const void* end = rest == 0 ? nullptr : std::memchr(begin, '\n', rest);
    if (end == nullptr) return;
    const size_t size = static_cast<size_t>(static_cast<const char*>(end) - begin);
    AddLine(block, size);
    line_begin_ += size + 1;
    line_offset_ += size + 1;
  }
}

void LineSource::AddLine(record::RecordBlock* block, size_t size) {
  if (size > 0 && block->buffer[line_begin_ + size - 1] == '\r') --size;
  if (size == 0) return;
  size = std::min(size, line_bytes_max_ + 1);
  block->entries.push_back({.begin = line_begin_, .size = size, .offset = line_offset_});
}

void LineSource::AddOversizedLine(record::RecordBlock* block) {
  const size_t cut = line_bytes_max_ + 1;
  block->entries.push_back({.begin = line_begin_, .size = cut, .offset = line_offset_});
  line_offset_ += block->buffer.size() - line_begin_;
  line_begin_ += cut;
  block->buffer.resize(line_begin_);
  std::string after;
  PassRestOfLine(&after);
  block->buffer.append(after);
}

// Read up to and past the next line end; what was read beyond it goes to `*after`.
void LineSource::PassRestOfLine(std::string* after) {
  while (ReadMore(after)) {
    const size_t end = after->find('\n');
    if (end != std::string::npos) {
      line_offset_ += end + 1;
      after->erase(0, end + 1);
      return;
    }
    line_offset_ += after->size();
    after->clear();
  }
}

// False at the end and on failure, which is kept until the lines before it are handed out.
bool LineSource::ReadMore(std::string* buffer) {
  if (ended_ || !failure_.ok()) return false;
  const size_t size = buffer->size();
  buffer->resize(size + kChunkBytes);
  const Result<size_t> read = bytes_->Read(buffer->data() + size, kChunkBytes);
  buffer->resize(size + (read.ok() ? *read : 0));
  if (!read.ok()) failure_ = read.status();
  ended_ = read.ok() && *read == 0;
  return failure_.ok() && !ended_;
}

}  // namespace tapelake::source
