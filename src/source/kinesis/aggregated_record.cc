#include "source/kinesis/aggregated_record.h"

#include <cstdint>
#include <cstring>
#include <optional>
#include <utility>

#include <openssl/md5.h>

namespace tapelake::source {
namespace {

constexpr std::string_view kMagic = "\xf3\x89\x9a\xc2";
constexpr int kVarintBytesMax = 10;

// Fields of AggregatedRecord and of Record, and wire types of protobuf.
constexpr uint64_t kKeyTable = 1;
constexpr uint64_t kHashKeyTable = 2;
constexpr uint64_t kRecords = 3;
constexpr uint64_t kKeyIndex = 1;
constexpr uint64_t kHashKeyIndex = 2;
constexpr uint64_t kData = 3;
constexpr uint64_t kVarint = 0;
constexpr uint64_t kFixed64 = 1;
constexpr uint64_t kBytes = 2;
constexpr uint64_t kFixed32 = 5;

struct Field {
  uint64_t number = 0;
  uint64_t type = 0;
  uint64_t value = 0;      ///< Of kVarint.
  std::string_view bytes;  ///< Of kBytes.
};

/// Reads one message; ok() is false from the first thing on that is no field.
class FieldReader {
 public:
  explicit FieldReader(std::string_view message) : rest_(message) {}

  std::optional<Field> Next() {
    if (!ok_ || rest_.empty()) return std::nullopt;
    Field field;
    const auto tag = Varint();
    if (!tag) return Stop();
    field.number = *tag >> 3;
    field.type = *tag & 7;
    std::optional<uint64_t> size = 0;
    if (field.type == kVarint) {
      const auto value = Varint();
      if (!value) return Stop();
      field.value = *value;
    } else if (field.type == kBytes) {
      size = Varint();
    } else if (field.type == kFixed64 || field.type == kFixed32) {
      size = field.type == kFixed64 ? 8 : 4;
    } else {
      return Stop();
    }
    if (field.number == 0 || !size || *size > rest_.size()) return Stop();
    field.bytes = rest_.substr(0, *size);
    rest_.remove_prefix(*size);
    return field;
  }

  bool ok() const { return ok_; }

 private:
  std::optional<Field> Stop() {
    ok_ = false;
    return std::nullopt;
  }

  std::optional<uint64_t> Varint() {
    uint64_t value = 0;
    for (int i = 0; i < kVarintBytesMax && !rest_.empty(); ++i) {
      const auto byte = static_cast<uint8_t>(rest_.front());
      rest_.remove_prefix(1);
      value |= static_cast<uint64_t>(byte & 0x7f) << (7 * i);
      if (byte < 0x80) return value;
    }
    return std::nullopt;
  }

  std::string_view rest_;
  bool ok_ = true;
};

/// A Record message: its keys stand in tables of the whole.
struct Part {
  std::string_view data;
  std::optional<uint64_t> key_index;
  std::optional<uint64_t> hash_key_index;
};

struct Aggregate {
  std::vector<std::string_view> keys;
  std::vector<std::string_view> hash_keys;
  std::vector<Part> parts;
};

/// nullopt: it has no data, or is broken.
std::optional<Part> ReadPart(std::string_view record) {
  Part part;
  bool has_data = false;
  FieldReader reader(record);
  while (const auto field = reader.Next()) {
    if (field->number == kData) {
      if (field->type != kBytes) return std::nullopt;
      part.data = field->bytes;
      has_data = true;
    }
    if (field->number == kKeyIndex && field->type == kVarint) part.key_index = field->value;
    if (field->number == kHashKeyIndex && field->type == kVarint) {
      part.hash_key_index = field->value;
    }
  }
  return reader.ok() && has_data ? std::optional(part) : std::nullopt;
}

bool HasChecksum(std::string_view message, std::string_view checksum) {
  unsigned char digest[MD5_DIGEST_LENGTH];
  MD5(reinterpret_cast<const unsigned char*>(message.data()), message.size(), digest);
  return std::memcmp(digest, checksum.data(), sizeof(digest)) == 0;
}

/// nullopt: it is none, or does not hold together.
std::optional<Aggregate> ReadAggregate(std::string_view bytes) {
  if (bytes.size() <= kMagic.size() + MD5_DIGEST_LENGTH || !bytes.starts_with(kMagic)) {
    return std::nullopt;
  }
  const std::string_view message =
      bytes.substr(kMagic.size(), bytes.size() - kMagic.size() - MD5_DIGEST_LENGTH);
  if (!HasChecksum(message, bytes.substr(bytes.size() - MD5_DIGEST_LENGTH))) return std::nullopt;
  Aggregate aggregate;
  FieldReader reader(message);
  while (const auto field = reader.Next()) {
    const bool is_bytes = field->type == kBytes;
    if (field->number == kKeyTable && is_bytes) aggregate.keys.push_back(field->bytes);
    if (field->number == kHashKeyTable && is_bytes) aggregate.hash_keys.push_back(field->bytes);
    if (field->number != kRecords) continue;
    const auto part = is_bytes ? ReadPart(field->bytes) : std::nullopt;
    if (!part) return std::nullopt;
    aggregate.parts.push_back(*part);
  }
  return reader.ok() ? std::optional(std::move(aggregate)) : std::nullopt;
}

}  // namespace

bool SplitAggregate(std::string_view bytes, std::vector<std::string_view>* records) {
  const auto aggregate = ReadAggregate(bytes);
  if (!aggregate) return false;
  for (const Part& part : aggregate->parts)
    records->push_back(part.data);
  return true;
}

bool SplitAggregate(std::string_view bytes, std::vector<AggregatedRecord>* records) {
  const auto aggregate = ReadAggregate(bytes);
  if (!aggregate) return false;
  for (const Part& part : aggregate->parts) {
    if (!part.key_index || *part.key_index >= aggregate->keys.size()) return false;
    if (part.hash_key_index && *part.hash_key_index >= aggregate->hash_keys.size()) return false;
  }
  for (const Part& part : aggregate->parts) {
    records->push_back({.partition_key = aggregate->keys[*part.key_index],
                        .explicit_hash_key = part.hash_key_index
                                                 ? aggregate->hash_keys[*part.hash_key_index]
                                                 : std::string_view(),
                        .data = part.data});
  }
  return true;
}

}  // namespace tapelake::source
