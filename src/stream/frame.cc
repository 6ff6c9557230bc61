#include "stream/frame.h"

#include <zstd.h>

#include <cstring>

#include "stream/stream.h"

namespace tapelake::stream {
namespace {

// Level 3 costs twice as much and is no smaller on change records; levels below 1 are a sixth
// cheaper and half as big again.
constexpr int kZstdLevel = 1;
// The compressor's table, 16 KiB, stays in the first cache: an eighth cheaper than the level's own
// 64 KiB, and no bigger on change records.
constexpr int kZstdHashLog = 12;

Status Corrupt(const std::string& what) {
  return MakeError(ErrorKind::kCorrupt, what);
}

Status Decompress(const FrameHeader& header, std::string_view stored, std::string* buffer) {
  char* out = buffer->data() + kFrameHeaderBytes;
  if (header.compression == static_cast<uint8_t>(Compression::kNone)) {
    if (header.raw_bytes != stored.size()) return Corrupt("its sizes disagree");
    std::memcpy(out, stored.data(), stored.size());
    return Status::OK();
  }
  if (header.compression != static_cast<uint8_t>(Compression::kZstd)) {
    return Corrupt("compression " + std::to_string(header.compression) + " is not known");
  }
  const size_t size = ZSTD_decompress(out, header.raw_bytes, stored.data(), stored.size());
  if (ZSTD_isError(size)) return Corrupt(std::string("zstd: ") + ZSTD_getErrorName(size));
  if (size != header.raw_bytes) return Corrupt("its records are shorter than its header says");
  return Status::OK();
}

Status FindRecords(const FrameHeader& header, Frame* frame) {
  const std::string_view bytes = frame->buffer;
  frame->begins.reserve(header.record_count);
  size_t at = kFrameHeaderBytes;
  for (uint32_t i = 0; i < header.record_count; ++i) {
    if (bytes.size() - at < kRecordHeaderBytes) return Corrupt("a record passes its end");
    frame->begins.push_back(static_cast<uint32_t>(at));
    uint32_t data_bytes = 0;
    uint16_t key_bytes = 0;
    std::memcpy(&data_bytes, bytes.data() + at, sizeof(data_bytes));
    std::memcpy(&key_bytes, bytes.data() + at + 4, sizeof(key_bytes));
    const size_t size = kRecordHeaderBytes + key_bytes + size_t{data_bytes};
    if (bytes.size() - at < size) return Corrupt("a record passes its end");
    at += size;
  }
  return at == bytes.size() ? Status::OK() : Corrupt("bytes are left after its last record");
}

}  // namespace

Frame::Record Frame::At(size_t index) const {
  const char* at = buffer.data() + begins[index];
  uint32_t data_bytes = 0;
  uint16_t key_bytes = 0;
  uint16_t shard = 0;
  std::memcpy(&data_bytes, at, sizeof(data_bytes));
  std::memcpy(&key_bytes, at + 4, sizeof(key_bytes));
  std::memcpy(&shard, at + 6, sizeof(shard));
  const char* key = at + kRecordHeaderBytes;
  return {shard, {key, key_bytes}, {key + key_bytes, data_bytes}};
}

void Frame::Add(const Record& record) {
  begins.push_back(static_cast<uint32_t>(buffer.size()));
  char header[kRecordHeaderBytes];
  const auto data_bytes = static_cast<uint32_t>(record.data.size());
  const auto key_bytes = static_cast<uint16_t>(record.key.size());
  const auto shard = static_cast<uint16_t>(record.shard);
  std::memcpy(header, &data_bytes, sizeof(data_bytes));
  std::memcpy(header + 4, &key_bytes, sizeof(key_bytes));
  std::memcpy(header + 6, &shard, sizeof(shard));
  buffer.append(header, sizeof(header)).append(record.key).append(record.data);
}

Result<std::shared_ptr<const Frame>> DecodeFrame(const FrameHeader& header, uint64_t salt,
                                                 std::string_view stored,
                                                 const FrameDecryptor& decryptor) {
  if (stored.size() != header.stored_bytes) return Corrupt("it is cut short");
  if (Checksum(stored, salt) != header.payload_checksum) {
    return Corrupt("the checksum of its records does not fit");
  }
  std::string decrypted;
  if (header.encryption == static_cast<uint8_t>(Encryption::kAes256Gcm)) {
    TAPELAKE_ASSIGN_OR_RAISE(decrypted, decryptor.Decrypt(header, salt, stored));
    stored = decrypted;
  } else if (header.encryption != static_cast<uint8_t>(Encryption::kNone)) {
    return Corrupt("encryption " + std::to_string(header.encryption) + " is not known");
  }
  auto frame = std::make_shared<Frame>();
  frame->first_sequence = header.first_sequence;
  frame->arrival_micros = header.arrival_micros;
  frame->encrypted = header.encryption != static_cast<uint8_t>(Encryption::kNone);
  frame->buffer.resize(kFrameHeaderBytes + header.raw_bytes);
  TAPELAKE_RETURN_NOT_OK(Decompress(header, stored, &frame->buffer));
  TAPELAKE_RETURN_NOT_OK(FindRecords(header, frame.get()));
  return std::shared_ptr<const Frame>(std::move(frame));
}

struct FrameCompressor::Context {
  Context() {
    // Both are within their bounds: neither can fail.
    ZSTD_CCtx_setParameter(zstd, ZSTD_c_compressionLevel, kZstdLevel);
    ZSTD_CCtx_setParameter(zstd, ZSTD_c_hashLog, kZstdHashLog);
  }
  ~Context() { ZSTD_freeCCtx(zstd); }

  ZSTD_CCtx* zstd = ZSTD_createCCtx();
};

FrameCompressor::FrameCompressor() : context_(std::make_unique<Context>()) {}
FrameCompressor::~FrameCompressor() = default;

char* FrameCompressor::Compress(std::string_view raw, size_t* size) {
  const size_t room = kFrameHeaderBytes + ZSTD_compressBound(raw.size());
  if (out_.size() < room) out_.resize(room);
  *size = ZSTD_compress2(context_->zstd, out_.data() + kFrameHeaderBytes,
                         out_.size() - kFrameHeaderBytes, raw.data(), raw.size());
  if (ZSTD_isError(*size) || *size >= raw.size()) return nullptr;
  return out_.data();
}

}  // namespace tapelake::stream
