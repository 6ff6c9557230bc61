#pragma once

/// The objects of one cut, from their lines to their bytes.

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "delivery/compressor.h"

namespace tapelake::delivery {

/// Text of a raw object is compressed in pieces of exactly this many bytes (the last one is what is
/// left), so that its bytes depend on nothing but its lines. Changing it changes objects that are
/// written again after a crash: content stays, bytes differ.
inline constexpr size_t kChunkBytes = 256 << 10;

/// A piece of text in a buffer that may be larger.
struct TextChunk {
  std::unique_ptr<char[]> bytes;
  size_t capacity = 0;
  size_t size = 0;
};

/// Buffers to use again, as fresh memory costs more than what is written to it. Any thread.
class ChunkPool {
 public:
  /// An empty chunk with room for kChunkBytes and a line.
  TextChunk Take();
  void Give(TextChunk chunk);

 private:
  std::mutex mutex_;  // guards free_
  std::vector<TextChunk> free_;
};

/// What objects of one cut hold that wait as text, not compressed.
struct CutTexts {
  using Texts = std::map<std::string, std::string, std::less<>>;
  Texts errors;        ///< Type -> error lines.
  Texts partitions;    ///< Partition -> its lines.
  std::string backup;  ///< Source records.
};

/// Put all of `from` behind what `to` has; `from` is empty then.
void MoveTexts(CutTexts* from, CutTexts* to);

/// Collects the lines of one cut and compresses them as they come.
///
/// Its lines come in parts, one for each range of the cut; the object holds the parts in their
/// order, whatever order they come in. What comes of a part before all parts in front of it are
/// complete waits uncompressed (only after a crash, if the sources come back in another order).
///
/// Thread rule: the collecting functions belong to one thread, the writing ones to another.
class Assembly {
 public:
  /// `pool` must outlive the assembly.
  Assembly(ChunkPool& pool, Compression compression) : pool_(pool), compression_(compression) {}

  // Collecting.

  /// Begin a part behind all others; return its index.
  size_t AddPart();

  /// Room for `bytes` of a line of a part that is not complete; then Commit its end at once.
  char* Reserve(size_t part, size_t bytes) {
    if (part != front_) [[unlikely]]
      return ReserveWaiting(part, bytes);
    if (filling_.capacity - filling_.size < bytes) [[unlikely]]
      Grow(bytes);
    return filling_.bytes.get() + filling_.size;
  }
  void Commit(size_t part, const char* end) {
    if (part != front_) [[unlikely]]
      return CommitWaiting(part, end);
    filling_.size = static_cast<size_t>(end - filling_.bytes.get());
    if (filling_.size >= kChunkBytes) [[unlikely]]
      PushChunks();
  }

  /// The error lines of a part and type so far, to append to.
  std::string* ErrorLines(size_t part, std::string_view type);

  /// Likewise the lines of a part for one partition, and its source records. They stay text until
  /// the cut is written: a compressor for each of hundreds of partitions would not fit the memory.
  std::string* PartitionLines(size_t part, std::string_view partition);
  std::string* BackupLines(size_t part) { return &parts_[part].texts.backup; }

  /// No more lines of this part.
  void CompletePart(size_t part);

  /// No more lines at all: every part is complete. The writing side may finish it.
  void Seal();

  // Writing.

  /// Compress one chunk, if one waits; return its size.
  std::optional<size_t> CompressChunk();

  bool sealed() const;

  /// The raw object, whole; empty if it has no lines. Once sealed and nothing waits; call once or
  /// often.
  const std::string& RawObject();

  int64_t compressed_bytes() const { return static_cast<int64_t>(compressed_.size()); }

  /// Once sealed.
  const CutTexts& texts() const { return texts_; }
  CutTexts* mutable_texts() { return &texts_; }

 private:
  struct Part {
    std::string waiting;
    CutTexts texts;
    bool complete = false;
  };

  char* ReserveWaiting(size_t part, size_t bytes);
  void CommitWaiting(size_t part, const char* end);
  void Grow(size_t bytes);
  void PushChunks();
  void Push(TextChunk chunk);

  ChunkPool& pool_;
  const Compression compression_;

  // Collecting.
  std::vector<Part> parts_;
  size_t front_ = 0;  // the first part that is not complete: its lines go to filling_
  TextChunk filling_;

  mutable std::mutex mutex_;  // guards ready_ and sealed_
  std::deque<TextChunk> ready_;
  bool sealed_ = false;

  // Collecting until sealed, then writing.
  CutTexts texts_;

  // Writing.
  std::unique_ptr<Compressor> compressor_;
  std::string compressed_;
};

/// Compress a text whole, in pieces of kChunkBytes.
std::string CompressText(Compression compression, std::string_view text);

}  // namespace tapelake::delivery
