#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "stream/frame_cipher.h"
#include "stream/frame_format.h"

namespace tapelake::stream {

/// The records of one group commit, decrypted, decompressed and checked. Immutable once shared.
///
/// A record lies as u32 data bytes, u16 key bytes, u16 shard, key, data.
struct Frame {
  struct Record {
    uint32_t shard = 0;
    std::string_view key;
    std::string_view data;
  };

  uint64_t first_sequence = 1;
  int64_t arrival_micros = 0;
  bool encrypted = false;        ///< As they are stored.
  std::string buffer;            ///< kFrameHeaderBytes of anything, then the records.
  std::vector<uint32_t> begins;  ///< Of each record, into `buffer`.

  uint64_t next_sequence() const { return first_sequence + begins.size(); }
  size_t memory_bytes() const { return buffer.capacity() + begins.capacity() * sizeof(uint32_t); }
  Record At(size_t index) const;
  /// Add a record after the others. The caller keeps `buffer` below 4 GiB.
  void Add(const Record& record);
};

/// Check, decrypt and decompress what `header` says stands in `stored`. Errors: kCorrupt (what is
/// wrong, without the place), those of FrameDecryptor::Decrypt.
Result<std::shared_ptr<const Frame>> DecodeFrame(const FrameHeader& header, uint64_t salt,
                                                 std::string_view stored,
                                                 const FrameDecryptor& decryptor);

/// Compresses frames with one context kept warm. One thread.
class FrameCompressor {
 public:
  FrameCompressor();
  ~FrameCompressor();

  /// Compress `raw` behind room for a frame header; nullptr if that would not make it smaller.
  /// `*size` is that of the compressed bytes. Valid until the next call.
  char* Compress(std::string_view raw, size_t* size);

 private:
  struct Context;
  std::unique_ptr<Context> context_;
  std::vector<char> out_;
};

}  // namespace tapelake::stream
