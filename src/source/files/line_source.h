#pragma once

/// The lines of a file as records.

#include <cstdint>
#include <memory>
#include <string>

#include "base/status.h"
#include "record/record_block.h"
#include "source/files/byte_stream.h"

namespace tapelake::source {

/// Longest line of wire records handed out whole: a longer one is too large for every parser.
inline constexpr size_t kLineBytesMax = 16 << 20;

/// Lines without their end (`\n` or `\r\n`; the last line may lack it). Lines of no bytes are
/// passed over. Offsets are uncompressed byte offsets. Of a line over the limit the first bytes,
/// one more than the limit, are handed out; the rest is passed over. One thread. Memory: a block,
/// at most about the limit + 4 MiB.
///
/// If the file turns out damaged, all whole lines before the damage come first; the error comes at
/// the next call and at every one after it.
class LineSource : public record::RecordSource {
 public:
  struct Options {
    size_t line_bytes_max = kLineBytesMax;
    bool hold_last_line = false;  ///< A last line that lacks its end is left for a later reader.
  };

  /// `bytes` stands at uncompressed offset `start_offset`, the start of a line.
  LineSource(std::unique_ptr<ByteStream> bytes, uint64_t start_offset, Options options)
      : bytes_(std::move(bytes)),
        line_bytes_max_(options.line_bytes_max),
        hold_last_line_(options.hold_last_line),
        line_offset_(start_offset) {}

  Result<bool> ReadBlock(record::RecordBlock* block) override;

 private:
  void CutLines(record::RecordBlock* block);
  void AddLine(record::RecordBlock* block, size_t size);
  void AddOversizedLine(record::RecordBlock* block);
  void PassRestOfLine(std::string* after);
  bool ReadMore(std::string* buffer);

  std::unique_ptr<ByteStream> bytes_;
  const size_t line_bytes_max_;
  const bool hold_last_line_;
  std::string carry_;      // bytes read but not handed out; starts at line_offset_
  uint64_t line_offset_;   // uncompressed offset of the next line
  size_t line_begin_ = 0;  // of the next line, in the block's buffer
  bool ended_ = false;
  Status failure_;
};

}  // namespace tapelake::source
