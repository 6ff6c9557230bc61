#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/status.h"
#include "io/byte_stream.h"

namespace tapelake::transform {

/// Cuts a byte stream into lines without copying them. One thread. Memory: a block, or the longest
/// line.
class LineReader {
 public:
  struct Line {
    /// Without its line end (`\n` or `\r\n`). Valid until the next Fill();
    /// record::kRecordPaddingBytes are readable after it.
    std::string_view text;
    uint64_t offset = 0;  ///< Of the text in the stream.
    /// False: a piece of a line over the limit; the next piece continues it. The last piece is
    /// complete.
    bool complete = true;
  };

  LineReader(io::ByteInput& input, size_t line_bytes_max);

  /// Take the next line that is in memory. False: Fill() is needed.
  bool Next(Line* line);

  /// Read more. Return false at the end of the stream, when Next() has nothing left to give either.
  /// Errors: those of ByteInput::Read.
  Result<bool> Fill();

  uint64_t bytes_read() const { return block_offset_ + filled_; }

 private:
  static constexpr size_t kBlockBytes = 256 << 10;

  void MakeRoom();

  io::ByteInput& input_;
  const size_t line_bytes_max_;
  std::unique_ptr<char[]> buffer_;
  size_t capacity_ = 0;  // without the padding
  size_t begin_ = 0;     // of the text that was not handed out yet
  size_t searched_ = 0;  // no line end before this place
  size_t filled_ = 0;
  uint64_t block_offset_ = 0;  // of buffer_[0] in the stream
  bool ended_ = false;
};

}  // namespace tapelake::transform
