#pragma once

#include <string>
#include <string_view>

#include "delivery/compressor.h"

namespace tapelake::delivery {

/// Snappy's framing format: a stream identifier, then chunks of at most 64 KiB of text, each with a
/// CRC-32C of it. What `file` and snappy's tools know; each piece begins a chunk.
class SnappyWriter : public Compressor {
 public:
  void Append(std::string_view text, std::string* out) override;
  void Finish(std::string* out) override;

 private:
  void Begin(std::string* out);

  bool begun_ = false;
  std::string block_;
};

/// Blocks of Hadoop's SnappyCodec: length of the text, length of the bytes (both four bytes, the
/// highest first), bytes. A block holds at most 128 KiB of text, which its readers' usual buffers
/// (256 KiB) take even if it cannot be compressed.
class HadoopSnappyWriter : public Compressor {
 public:
  void Append(std::string_view text, std::string* out) override;
  void Finish(std::string* /*out*/) override {}

 private:
  std::string block_;
};

}  // namespace tapelake::delivery
