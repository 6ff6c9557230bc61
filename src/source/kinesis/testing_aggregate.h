#pragma once

/// Makes aggregated records as the Kinesis Producer Library does; for tests.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <openssl/md5.h>

namespace tapelake::source::testing {

inline std::string Varint(uint64_t value) {
  std::string out;
  for (; value >= 0x80; value >>= 7)
    out.push_back(static_cast<char>((value & 0x7f) | 0x80));
  out.push_back(static_cast<char>(value));
  return out;
}

/// A field of bytes.
inline std::string BytesField(uint64_t number, std::string_view bytes) {
  return Varint(number << 3 | 2) + Varint(bytes.size()) + std::string(bytes);
}

inline std::string VarintField(uint64_t number, uint64_t value) {
  return Varint(number << 3) + Varint(value);
}

/// Magic, message and checksum.
inline std::string Sealed(std::string_view message) {
  unsigned char digest[MD5_DIGEST_LENGTH];
  MD5(reinterpret_cast<const unsigned char*>(message.data()), message.size(), digest);
  return "\xf3\x89\x9a\xc2" + std::string(message) +
         std::string(reinterpret_cast<const char*>(digest), sizeof(digest));
}

inline std::string AggregateMessage(const std::vector<std::string>& records) {
  std::string message = BytesField(1, "a partition key") + BytesField(2, "12345");
  for (const std::string& record : records) {
    message += BytesField(3, VarintField(1, 0) + VarintField(2, 0) + BytesField(3, record) +
                                 BytesField(4, BytesField(1, "tag")));
  }
  return message;
}

inline std::string Aggregate(const std::vector<std::string>& records) {
  return Sealed(AggregateMessage(records));
}

}  // namespace tapelake::source::testing
