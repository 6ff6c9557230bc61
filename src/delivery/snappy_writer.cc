#include "delivery/snappy_writer.h"

#include <algorithm>
#include <cstdint>

#include <isa-l/crc.h>
#include <snappy-c.h>

#include "base/assert.h"

namespace tapelake::delivery {
namespace {

constexpr std::string_view kStreamIdentifier("\xff\x06\x00\x00sNaPpY", 10);
constexpr size_t kChunkTextMax = 64 << 10;
constexpr size_t kHadoopTextMax = 128 << 10;
constexpr size_t kChecksumBytes = 4;
constexpr char kCompressedChunk = '\x00';
constexpr char kPlainChunk = '\x01';

void AppendLittle(uint32_t number, size_t bytes, std::string* out) {
  for (size_t i = 0; i < bytes; ++i)
    out->push_back(static_cast<char>(number >> (8 * i)));
}

void AppendBig(uint32_t number, std::string* out) {
  for (int shift = 24; shift >= 0; shift -= 8)
    out->push_back(static_cast<char>(number >> shift));
}

/// CRC-32C, masked as the format wants it: checksums of checksums are no good ones.
uint32_t MaskedChecksum(std::string_view text) {
  // The library takes what it only reads as writable.
  auto* bytes = reinterpret_cast<unsigned char*>(const_cast<char*>(text.data()));
  const uint32_t sum = ~crc32_iscsi(bytes, static_cast<int>(text.size()), ~uint32_t{0});
  return ((sum >> 15) | (sum << 17)) + 0xa282ead8U;
}

/// The compressed text, in `*block`.
std::string_view Compress(std::string_view text, std::string* block) {
  block->resize(snappy_max_compressed_length(text.size()));
  size_t size = block->size();
  const snappy_status outcome = snappy_compress(text.data(), text.size(), block->data(), &size);
  TAPELAKE_ASSERT(outcome == SNAPPY_OK);  // there is room
  return {block->data(), size};
}

}  // namespace

void SnappyWriter::Begin(std::string* out) {
  if (!begun_) out->append(kStreamIdentifier);
  begun_ = true;
}

void SnappyWriter::Append(std::string_view text, std::string* out) {
  Begin(out);
  for (; !text.empty(); text.remove_prefix(std::min(text.size(), kChunkTextMax))) {
    const std::string_view piece = text.substr(0, kChunkTextMax);
    const std::string_view packed = Compress(piece, &block_);
    const bool smaller = packed.size() < piece.size();
    const std::string_view bytes = smaller ? packed : piece;
    out->push_back(smaller ? kCompressedChunk : kPlainChunk);
    AppendLittle(static_cast<uint32_t>(bytes.size() + kChecksumBytes), 3, out);
    AppendLittle(MaskedChecksum(piece), kChecksumBytes, out);
    out->append(bytes);
  }
}

void SnappyWriter::Finish(std::string* out) {
  Begin(out);
}

void HadoopSnappyWriter::Append(std::string_view text, std::string* out) {
  for (; !text.empty(); text.remove_prefix(std::min(text.size(), kHadoopTextMax))) {
    const std::string_view piece = text.substr(0, kHadoopTextMax);
    const std::string_view packed = Compress(piece, &block_);
    AppendBig(static_cast<uint32_t>(piece.size()), out);
    AppendBig(static_cast<uint32_t>(packed.size()), out);
    out->append(packed);
  }
}

}  // namespace tapelake::delivery
