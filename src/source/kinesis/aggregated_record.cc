#include "source/kinesis/aggregated_record.h"

#include <cstdint>
#include <cstring>
#include <optional>

#include <openssl/md5.h>

namespace tapelake::source {
namespace {

constexpr std::string_view kMagic = "\xf3\x89\x9a\xc2";
constexpr int kVarintBytesMax = 10;

// Fields of AggregatedRecord and of Record, and wire types of protobuf.
constexpr uint64_t kRecords = 3;
constexpr uint64_t kData = 3;
constexpr uint64_t kVarint = 0;
constexpr uint64_t kFixed64 = 1;
constexpr uint64_t kBytes = 2;
constexpr uint64_t kFixed32 = 5;

struct Field {
  uint64_t number = 0;
  uint64_t type = 0;
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
      if (!Varint()) return Stop();
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

/// The data of a Record message; nullopt if it has none, or is broken.
std::optional<std::string_view> DataOf(std::string_view record) {
  std::optional<std::string_view> data;
  FieldReader reader(record);
  while (const auto field = reader.Next()) {
    if (field->number == kData && field->type != kBytes) return std::nullopt;
    if (field->number == kData) data = field->bytes;
  }
  return reader.ok() ? data : std::nullopt;
}

bool HasChecksum(std::string_view message, std::string_view checksum) {
  unsigned char digest[MD5_DIGEST_LENGTH];
  MD5(reinterpret_cast<const unsigned char*>(message.data()), message.size(), digest);
  return std::memcmp(digest, checksum.data(), sizeof(digest)) == 0;
}

}  // namespace

bool SplitAggregate(std::string_view bytes, std::vector<std::string_view>* records) {
  if (bytes.size() <= kMagic.size() + MD5_DIGEST_LENGTH || !bytes.starts_with(kMagic)) return false;
  const std::string_view message =
      bytes.substr(kMagic.size(), bytes.size() - kMagic.size() - MD5_DIGEST_LENGTH);
  if (!HasChecksum(message, bytes.substr(bytes.size() - MD5_DIGEST_LENGTH))) return false;
  const size_t before = records->size();
  FieldReader reader(message);
  while (const auto field = reader.Next()) {
    if (field->number != kRecords) continue;
    const auto data = field->type == kBytes ? DataOf(field->bytes) : std::nullopt;
    if (!data) {
      records->resize(before);
      return false;
    }
    records->push_back(*data);
  }
  if (reader.ok()) return true;
  records->resize(before);
  return false;
}

}  // namespace tapelake::source
