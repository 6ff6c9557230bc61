#pragma once

/// What lies in a segment file, byte by byte: docs/internals/stream.md. Numbers are little-endian.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tapelake::stream {

/// On disk; never changed for version 1.
inline constexpr size_t kSegmentHeaderBytes = 32;
inline constexpr size_t kFrameHeaderBytes = 64;
inline constexpr size_t kSealBytes = 40;
inline constexpr size_t kRecordHeaderBytes = 8;

/// The first bytes of a segment.
struct SegmentHeader {
  uint64_t first_sequence = 0;
  int64_t created_micros = 0;
};

/// What stands before the records of one group commit.
struct FrameHeader {
  uint8_t compression = 0;  ///< A `Compression`.
  uint8_t encryption = 0;   ///< An `Encryption`.
  uint64_t first_sequence = 0;
  uint32_t record_count = 0;
  uint32_t raw_bytes = 0;     ///< Of the records, decrypted and decompressed.
  uint32_t stored_bytes = 0;  ///< Of the records, as stored after this header.
  int64_t arrival_micros = 0;
  uint64_t payload_checksum = 0;  ///< Of the stored bytes.
  uint64_t offset = 0;            ///< Where this header stands in its file.

  uint64_t next_sequence() const { return first_sequence + record_count; }
  uint64_t end_offset() const { return offset + kFrameHeaderBytes + stored_bytes; }
};

/// Stands at the end of a segment and says that everything before it is durable.
struct Seal {
  uint64_t next_sequence = 0;
  int64_t newest_arrival_micros = 0;
  uint64_t offset = 0;  ///< Where this seal stands in its file.
};

/// Every checksum of a stream is XXH3 (64 bits) seeded with the stream's salt.
uint64_t Checksum(std::string_view bytes, uint64_t salt);

/// Write a structure to `out`, which has room for its fixed size.
void EncodeSegmentHeader(const SegmentHeader& header, uint64_t salt, char* out);
void EncodeFrameHeader(const FrameHeader& header, uint64_t salt, char* out);
void EncodeSeal(const Seal& seal, uint64_t salt, char* out);

/// Read a structure from the front of `bytes`; nothing if they are too short or not one whole,
/// undamaged structure. Frames and seals must say that they stand at `offset`.
std::optional<SegmentHeader> ParseSegmentHeader(std::string_view bytes, uint64_t salt);
std::optional<FrameHeader> ParseFrameHeader(std::string_view bytes, uint64_t salt, uint64_t offset);
std::optional<Seal> ParseSeal(std::string_view bytes, uint64_t salt, uint64_t offset);

/// Look in `bytes`, which stand at `offset` of a segment, for proof that the record `sequence` was
/// made durable: a seal or a frame that is only written after that. Return where it stands.
std::optional<uint64_t> FindLaterWrite(std::string_view bytes, uint64_t salt, uint64_t offset,
                                       uint64_t sequence);

/// `00000000000000000001.segment`.
std::string SegmentFileName(uint64_t first_sequence);

/// The first sequence number in a segment's file name; nothing if it is not such a name.
std::optional<uint64_t> ParseSegmentFileName(std::string_view name);

}  // namespace tapelake::stream
