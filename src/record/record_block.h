#pragma once

/// Wire records on their way from a source to the parser.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace tapelake::record {

/// Readable bytes that must follow every record (simdjson reads past the end, never uses what it
/// reads).
inline constexpr size_t kRecordPaddingBytes = 64;

/// A run of consecutive records of one source: one buffer and the places of the records in it.
struct RecordBlock {
  struct Entry {
    size_t begin = 0;  ///< Into `buffer`.
    size_t size = 0;   ///< Without line end.
    /// Where the record starts in its source: uncompressed byte offset (files) or count
    /// (simulator).
    uint64_t offset = 0;
  };

  std::string buffer;          ///< Records, then at least kRecordPaddingBytes of anything.
  std::vector<Entry> entries;  ///< In source order.
  uint64_t end_offset = 0;     ///< Where the next block starts: store this to resume.

  std::string_view bytes(const Entry& entry) const {
    return std::string_view(buffer).substr(entry.begin, entry.size);
  }
  void Clear() {
    buffer.clear();
    entries.clear();
  }
};

/// An ordered, replayable sequence of wire records. One thread.
class RecordSource {
 public:
  virtual ~RecordSource() = default;

  /// Replace `*block` by the next records, at most about 4 MiB or 10,000 of them.
  /// Return false (and an empty block) at the end; a live source may return true with no entries.
  /// On failure the block is empty and the source's position unchanged.
  /// Errors: kCorrupt (damaged compressed file; names file and offset), kUnavailable.
  virtual Result<bool> ReadBlock(RecordBlock* block) = 0;
};

}  // namespace tapelake::record
