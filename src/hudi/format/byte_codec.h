#pragma once

/// Integers as Hudi and Avro store them: big-endian, and variable-length zig-zag. Pure.

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace tapelake::hudi {

/// Append a 32- or 64-bit integer, most significant byte first.
template <typename Integer>
void AppendBigEndian(Integer value, std::string* out) {
  static_assert(std::endian::native == std::endian::little);
  for (int shift = 8 * (static_cast<int>(sizeof(Integer)) - 1); shift >= 0; shift -= 8) {
    out->push_back(static_cast<char>(static_cast<uint64_t>(value) >> shift));
  }
}

/// Put a big-endian integer over bytes that are there already.
template <typename Integer>
void PatchBigEndian(Integer value, size_t offset, std::string* out) {
  std::string bytes;
  AppendBigEndian(value, &bytes);
  out->replace(offset, bytes.size(), bytes);
}

/// Append an Avro int or long.
inline void AppendAvroLong(int64_t value, std::string* out) {
  uint64_t rest = (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
  for (; rest >= 0x80; rest >>= 7)
    out->push_back(static_cast<char>(rest | 0x80));
  out->push_back(static_cast<char>(rest));
}

/// Append an Avro string or bytes.
inline void AppendAvroBytes(std::string_view bytes, std::string* out) {
  AppendAvroLong(static_cast<int64_t>(bytes.size()), out);
  out->append(bytes);
}

/// Reads front to back and never past the end. Every method returns false, and the reader is then
/// good for nothing but offset(), if the bytes end early or make no sense.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : bytes_(bytes) {}

  size_t offset() const { return offset_; }
  size_t remaining() const { return bytes_.size() - offset_; }
  bool at_end() const { return offset_ == bytes_.size(); }

  template <typename Integer>
  bool BigEndian(Integer* value) {
    if (remaining() < sizeof(Integer)) return false;
    uint64_t bits = 0;
    for (size_t i = 0; i < sizeof(Integer); ++i) {
      bits = bits << 8 | static_cast<uint8_t>(bytes_[offset_++]);
    }
    *value = static_cast<Integer>(bits);
    return true;
  }

  /// An IEEE number, least significant byte first, as Avro stores it.
  template <typename Number>
  bool LittleEndian(Number* value) {
    std::string_view raw;
    if (!Raw(sizeof(Number), &raw)) return false;
    std::memcpy(value, raw.data(), sizeof(Number));
    return true;
  }

  bool Raw(uint64_t size, std::string_view* bytes) {
    if (size > remaining()) return false;
    *bytes = bytes_.substr(offset_, size);
    offset_ += size;
    return true;
  }

  bool AvroLong(int64_t* value) {
    uint64_t bits = 0;
    for (int shift = 0; shift < 70 && !at_end(); shift += 7) {
      const uint8_t byte = static_cast<uint8_t>(bytes_[offset_++]);
      if (shift == 63 && byte > 1) return false;  // more than 64 bits
      bits |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) {
        *value = static_cast<int64_t>(bits >> 1) ^ -static_cast<int64_t>(bits & 1);
        return true;
      }
    }
    return false;
  }

  bool AvroBytes(std::string_view* bytes) {
    int64_t size = 0;
    return AvroLong(&size) && size >= 0 && Raw(static_cast<uint64_t>(size), bytes);
  }

  /// The item count of the next block of an Avro array or map; 0 ends it. A count that the
  /// remaining bytes cannot hold, at one byte an item, is refused.
  bool AvroBlockCount(int64_t* count) {
    if (!AvroLong(count)) return false;
    if (*count < 0) {
      int64_t size_bytes = 0;
      if (*count == INT64_MIN || !AvroLong(&size_bytes)) return false;
      *count = -*count;
    }
    return static_cast<uint64_t>(*count) <= remaining();
  }

 private:
  std::string_view bytes_;
  size_t offset_ = 0;
};

}  // namespace tapelake::hudi
