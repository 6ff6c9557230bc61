#include "delivery/assembly.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/assert.h"

namespace tapelake::delivery {
namespace {

constexpr size_t kSlackBytes = 64 << 10;  // a usual line and the scratch its writer asks for
constexpr size_t kChunkCapacity = kChunkBytes + kSlackBytes;
constexpr size_t kFreeChunksMax = 16;

TextChunk MakeChunk(size_t capacity) {
  return {.bytes = std::unique_ptr<char[]>(new char[capacity]), .capacity = capacity, .size = 0};
}

void AppendTo(TextChunk* chunk, const char* bytes, size_t size) {
  std::memcpy(chunk->bytes.get() + chunk->size, bytes, size);
  chunk->size += size;
}

std::string& TextOf(std::string_view key, CutTexts::Texts* texts) {
  const auto found = texts->find(key);
  return found != texts->end() ? found->second : (*texts)[std::string(key)];
}

/// Put `from` behind `to`; the usual `to` is empty and takes it over.
void MoveText(std::string* from, std::string* to) {
  if (to->empty()) {
    *to = std::move(*from);
  } else {
    to->append(*from);
  }
  *from = {};
}

void MoveEach(CutTexts::Texts* from, CutTexts::Texts* to) {
  for (auto& [key, text] : *from)
    MoveText(&text, &(*to)[key]);
  from->clear();
}

}  // namespace

void MoveTexts(CutTexts* from, CutTexts* to) {
  MoveEach(&from->errors, &to->errors);
  MoveEach(&from->partitions, &to->partitions);
  MoveText(&from->backup, &to->backup);
}

TextChunk ChunkPool::Take() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!free_.empty()) {
      TextChunk chunk = std::move(free_.back());
      free_.pop_back();
      return chunk;
    }
  }
  return MakeChunk(kChunkCapacity);
}

void ChunkPool::Give(TextChunk chunk) {
  if (chunk.capacity != kChunkCapacity) return;
  chunk.size = 0;
  const std::lock_guard<std::mutex> lock(mutex_);
  if (free_.size() < kFreeChunksMax) free_.push_back(std::move(chunk));
}

size_t Assembly::AddPart() {
  parts_.emplace_back();
  return parts_.size() - 1;
}

void Assembly::Grow(size_t bytes) {
  TextChunk larger =
      filling_.size + bytes <= kChunkCapacity ? pool_.Take() : MakeChunk(filling_.size + bytes);
  if (filling_.size > 0) AppendTo(&larger, filling_.bytes.get(), filling_.size);
  pool_.Give(std::exchange(filling_, std::move(larger)));
}

void Assembly::PushChunks() {
  TextChunk full = std::exchange(filling_, pool_.Take());
  const char* rest = full.bytes.get() + kChunkBytes;
  size_t left = full.size - kChunkBytes;
  std::vector<TextChunk> more;  // of a line longer than a chunk
  for (; left >= kChunkBytes; left -= kChunkBytes, rest += kChunkBytes) {
    more.push_back(pool_.Take());
    AppendTo(&more.back(), rest, kChunkBytes);
  }
  AppendTo(&filling_, rest, left);
  full.size = kChunkBytes;
  Push(std::move(full));
  for (TextChunk& chunk : more)
    Push(std::move(chunk));
}

void Assembly::Push(TextChunk chunk) {
  const std::lock_guard<std::mutex> lock(mutex_);
  ready_.push_back(std::move(chunk));
}

char* Assembly::ReserveWaiting(size_t part, size_t bytes) {
  std::string& waiting = parts_[part].waiting;
  const size_t size = waiting.size();
  waiting.resize(size + bytes);
  return waiting.data() + size;
}

void Assembly::CommitWaiting(size_t part, const char* end) {
  std::string& waiting = parts_[part].waiting;
  waiting.resize(static_cast<size_t>(end - waiting.data()));
}

std::string* Assembly::ErrorLines(size_t part, std::string_view type) {
  return &TextOf(type, &parts_[part].texts.errors);
}

std::string* Assembly::PartitionLines(size_t part, std::string_view partition) {
  return &TextOf(partition, &parts_[part].texts.partitions);
}

void Assembly::CompletePart(size_t part) {
  parts_[part].complete = true;
  while (front_ < parts_.size() && parts_[front_].complete) {
    MoveTexts(&parts_[front_].texts, &texts_);
    if (++front_ == parts_.size()) break;
    const std::string waiting = std::exchange(parts_[front_].waiting, {});
    if (waiting.empty()) continue;
    char* to = Reserve(front_, waiting.size());
    std::memcpy(to, waiting.data(), waiting.size());
    Commit(front_, to + waiting.size());
  }
}

void Assembly::Seal() {
  TAPELAKE_ASSERT(front_ == parts_.size());
  if (filling_.size > 0) Push(std::move(filling_));
  filling_ = {};
  const std::lock_guard<std::mutex> lock(mutex_);
  sealed_ = true;
}

std::optional<size_t> Assembly::CompressChunk() {
  TextChunk chunk;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (ready_.empty()) return std::nullopt;
    chunk = std::move(ready_.front());
    ready_.pop_front();
  }
  if (compressor_ == nullptr) compressor_ = MakeCompressor(compression_);
  compressor_->Append({chunk.bytes.get(), chunk.size}, &compressed_);
  const size_t size = chunk.size;
  pool_.Give(std::move(chunk));
  return size;
}

bool Assembly::sealed() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return sealed_;
}

std::string CompressText(Compression compression, std::string_view text) {
  std::string compressed;
  const std::unique_ptr<Compressor> compressor = MakeCompressor(compression);
  for (; !text.empty(); text.remove_prefix(std::min(text.size(), kChunkBytes)))
    compressor->Append(text.substr(0, kChunkBytes), &compressed);
  compressor->Finish(&compressed);
  return compressed;
}

const std::string& Assembly::RawObject() {
  if (compressor_ != nullptr) compressor_->Finish(&compressed_);
  compressor_.reset();
  return compressed_;
}

}  // namespace tapelake::delivery
