#include "stream/frame_format.h"

#include <xxhash.h>

#include <bit>
#include <charconv>
#include <cstring>

namespace tapelake::stream {
namespace {

static_assert(std::endian::native == std::endian::little, "numbers are stored as they lie");

constexpr std::string_view kSegmentMagic = "TLSG";
constexpr std::string_view kFrameMagic = "TLFR";
constexpr std::string_view kSealMagic = "TLSL";
constexpr uint8_t kVersion = 1;
constexpr size_t kChecksumBytes = 8;
constexpr std::string_view kSegmentSuffix = ".segment";
constexpr size_t kSequenceDigits = 20;

template <typename T>
void Store(char* out, size_t at, T value) {
  std::memcpy(out + at, &value, sizeof(value));
}

template <typename T>
T Load(std::string_view bytes, size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof(value));
  return value;
}

void Begin(char* out, std::string_view magic, size_t size) {
  std::memset(out, 0, size);
  std::memcpy(out, magic.data(), magic.size());
  Store(out, 4, kVersion);
}

void Finish(char* out, uint64_t salt, size_t size) {
  const size_t at = size - kChecksumBytes;
  Store(out, at, Checksum({out, at}, salt));
}

bool IsWhole(std::string_view bytes, std::string_view magic, uint64_t salt, size_t size) {
  if (bytes.size() < size || !bytes.starts_with(magic)) return false;
  if (Load<uint8_t>(bytes, 4) != kVersion) return false;
  const size_t at = size - kChecksumBytes;
  return Load<uint64_t>(bytes, at) == Checksum(bytes.substr(0, at), salt);
}

}  // namespace

uint64_t Checksum(std::string_view bytes, uint64_t salt) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), salt);
}

void EncodeSegmentHeader(const SegmentHeader& header, uint64_t salt, char* out) {
  Begin(out, kSegmentMagic, kSegmentHeaderBytes);
  Store(out, 8, header.first_sequence);
  Store(out, 16, header.created_micros);
  Finish(out, salt, kSegmentHeaderBytes);
}

void EncodeFrameHeader(const FrameHeader& header, uint64_t salt, char* out) {
  Begin(out, kFrameMagic, kFrameHeaderBytes);
  Store(out, 5, header.compression);
  Store(out, 6, header.encryption);
  Store(out, 8, header.first_sequence);
  Store(out, 16, header.record_count);
  Store(out, 20, header.raw_bytes);
  Store(out, 24, header.stored_bytes);
  Store(out, 32, header.arrival_micros);
  Store(out, 40, header.payload_checksum);
  Store(out, 48, header.offset);
  Finish(out, salt, kFrameHeaderBytes);
}

void EncodeSeal(const Seal& seal, uint64_t salt, char* out) {
  Begin(out, kSealMagic, kSealBytes);
  Store(out, 8, seal.next_sequence);
  Store(out, 16, seal.newest_arrival_micros);
  Store(out, 24, seal.offset);
  Finish(out, salt, kSealBytes);
}

std::optional<SegmentHeader> ParseSegmentHeader(std::string_view bytes, uint64_t salt) {
  if (!IsWhole(bytes, kSegmentMagic, salt, kSegmentHeaderBytes)) return std::nullopt;
  return SegmentHeader{.first_sequence = Load<uint64_t>(bytes, 8),
                       .created_micros = Load<int64_t>(bytes, 16)};
}

std::optional<FrameHeader> ParseFrameHeader(std::string_view bytes, uint64_t salt,
                                            uint64_t offset) {
  if (!IsWhole(bytes, kFrameMagic, salt, kFrameHeaderBytes)) return std::nullopt;
  const FrameHeader header{.compression = Load<uint8_t>(bytes, 5),
                           .encryption = Load<uint8_t>(bytes, 6),
                           .first_sequence = Load<uint64_t>(bytes, 8),
                           .record_count = Load<uint32_t>(bytes, 16),
                           .raw_bytes = Load<uint32_t>(bytes, 20),
                           .stored_bytes = Load<uint32_t>(bytes, 24),
                           .arrival_micros = Load<int64_t>(bytes, 32),
                           .payload_checksum = Load<uint64_t>(bytes, 40),
                           .offset = Load<uint64_t>(bytes, 48)};
  if (header.offset != offset || header.record_count == 0) return std::nullopt;
  return header;
}

std::optional<Seal> ParseSeal(std::string_view bytes, uint64_t salt, uint64_t offset) {
  if (!IsWhole(bytes, kSealMagic, salt, kSealBytes)) return std::nullopt;
  const Seal seal{.next_sequence = Load<uint64_t>(bytes, 8),
                  .newest_arrival_micros = Load<int64_t>(bytes, 16),
                  .offset = Load<uint64_t>(bytes, 24)};
  if (seal.offset != offset) return std::nullopt;
  return seal;
}

std::optional<uint64_t> FindLaterWrite(std::string_view bytes, uint64_t salt, uint64_t offset,
                                       uint64_t sequence) {
  constexpr std::string_view kCommonMagic = "TL";
  for (size_t at = bytes.find(kCommonMagic); at != std::string_view::npos;
       at = bytes.find(kCommonMagic, at + 1)) {
    const std::string_view here = bytes.substr(at);
    const uint64_t place = offset + at;
    const auto frame = ParseFrameHeader(here, salt, place);
    if (frame && frame->first_sequence > sequence) return place;
    const auto seal = ParseSeal(here, salt, place);
    if (seal && seal->next_sequence > sequence) return place;
  }
  return std::nullopt;
}

std::string SegmentFileName(uint64_t first_sequence) {
  std::string digits = std::to_string(first_sequence);
  digits.insert(0, kSequenceDigits - digits.size(), '0');
  return digits.append(kSegmentSuffix);
}

std::optional<uint64_t> ParseSegmentFileName(std::string_view name) {
  if (name.size() != kSequenceDigits + kSegmentSuffix.size()) return std::nullopt;
  if (!name.ends_with(kSegmentSuffix)) return std::nullopt;
  uint64_t sequence = 0;
  const char* end = name.data() + kSequenceDigits;
  const auto [stop, error] = std::from_chars(name.data(), end, sequence);
  if (error != std::errc() || stop != end) return std::nullopt;
  return sequence;
}

}  // namespace tapelake::stream
