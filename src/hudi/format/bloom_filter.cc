#include "hudi/format/bloom_filter.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>

#include "base/assert.h"
#include "base/base64.h"

namespace tapelake::hudi {
namespace {

constexpr int32_t kFormatVersion = -1;
constexpr uint8_t kMurmurHash = 1;
constexpr int64_t kBitsMax = int64_t{1} << 30;

constexpr size_t kLanes = 4;
using Keys = std::array<std::string_view, kLanes>;
using Hashes = std::array<uint32_t, kLanes>;

/// Murmur 2 with the tail as Hadoop reads it: the last byte lowest, bytes as signed numbers.
/// One hash waits for itself at every step; `lane_count` keys of one length side by side do not.
template <size_t lane_count>
void HadoopMurmur(const std::array<std::string_view, lane_count>& keys,
                  std::array<uint32_t, lane_count>* seeds_to_hashes) {
  constexpr uint32_t kM = 0x5bd1e995;
  auto& hashes = *seeds_to_hashes;
  const auto size = static_cast<uint32_t>(keys[0].size());
  for (uint32_t& hash : hashes)
    hash ^= size;
  for (uint32_t at = 0; at + 4 <= size; at += 4) {
    for (size_t lane = 0; lane < lane_count; ++lane) {
      uint32_t word = 0;
      std::memcpy(&word, keys[lane].data() + at, sizeof(word));
      if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap32(word);
      word *= kM;
      word ^= word >> 24U;
      hashes[lane] = hashes[lane] * kM ^ word * kM;
    }
  }
  const uint32_t left = size % 4;
  for (size_t lane = 0; lane < lane_count; ++lane) {
    uint32_t hash = hashes[lane];
    const auto signed_byte = [&](uint32_t from_end) {
      const auto byte = static_cast<int8_t>(keys[lane][size - from_end]);
      return static_cast<uint32_t>(static_cast<int32_t>(byte));
    };
    if (left >= 3) hash ^= signed_byte(3) << 16U;
    if (left >= 2) hash ^= signed_byte(2) << 8U;
    if (left >= 1) hash = (hash ^ signed_byte(1)) * kM;
    hash = (hash ^ (hash >> 13U)) * kM;
    hashes[lane] = hash ^ (hash >> 15U);
  }
}

uint32_t HadoopMurmur(std::string_view key, uint32_t seed) {
  std::array<uint32_t, 1> hash = {seed};
  HadoopMurmur<1>({key}, &hash);
  return hash[0];
}

/// |hash rem bits| with Java's signed remainder.
uint32_t Position(uint32_t hash, int32_t bit_count) {
  const int64_t remainder = static_cast<int32_t>(hash) % static_cast<int64_t>(bit_count);
  return static_cast<uint32_t>(remainder < 0 ? -remainder : remainder);
}

void SetBit(std::vector<uint8_t>* row, uint32_t position) {
  (*row)[position / 8] |= static_cast<uint8_t>(1U << (position % 8));
}

void AppendInt32(int32_t value, std::string* out) {
  for (int shift = 24; shift >= 0; shift -= 8) {
    out->push_back(static_cast<char>(static_cast<uint32_t>(value) >> static_cast<uint32_t>(shift)));
  }
}

/// Reads the big-endian fields of the serialised form; `failed` once they run out.
struct FieldReader {
  std::string_view rest;
  bool failed = false;

  std::string_view Bytes(size_t count) {
    if (rest.size() < count) {
      failed = true;
      return {};
    }
    const std::string_view bytes = rest.substr(0, count);
    rest.remove_prefix(count);
    return bytes;
  }
  int32_t Int32() {
    uint32_t value = 0;
    for (const char c : Bytes(4))
      value = value << 8U | static_cast<uint8_t>(c);
    return static_cast<int32_t>(value);
  }
  uint8_t Byte() {
    const std::string_view byte = Bytes(1);
    return byte.empty() ? 0 : static_cast<uint8_t>(byte[0]);
  }
};

size_t RowBytes(int32_t bit_count) {
  return (static_cast<size_t>(bit_count) + 7) / 8;
}

Status Corrupt(std::string_view what) {
  return MakeError(ErrorKind::kCorrupt, "bloom filter: " + std::string(what));
}

}  // namespace

BloomFilter::BloomFilter(const Sizing& sizing)
    : entries_per_row_(sizing.entries_per_row), entries_max_(sizing.entries_max) {
  TAPELAKE_ASSERT(sizing.entries_per_row > 0);
  TAPELAKE_ASSERT(sizing.false_positive_rate > 0 && sizing.false_positive_rate < 1);
  const double ln2 = std::log(2.0);
  const double bits =
      std::ceil(sizing.entries_per_row * (-std::log(sizing.false_positive_rate) / (ln2 * ln2)));
  TAPELAKE_ASSERT(bits <= static_cast<double>(kBitsMax));
  bit_count_ = static_cast<int32_t>(bits);
  hash_count_ = static_cast<int32_t>(std::ceil(ln2 * bits / sizing.entries_per_row));
  rows_.emplace_back(RowBytes(bit_count_));
}

Result<BloomFilter> BloomFilter::Parse(std::string_view base64, int32_t entries_max) {
  std::string bytes(base::Base64DecodedSizeMax(base64.size()) + base::kBase64SlackBytes, '\0');
  size_t byte_count = 0;
  if (!base::DecodeBase64(base64, bytes.data(), &byte_count)) return Corrupt("not base64");
  bytes.resize(byte_count);
  FieldReader reader{.rest = bytes};
  BloomFilter filter;
  const int32_t version = reader.Int32();
  filter.hash_count_ = reader.Int32();
  const uint8_t hash_type = reader.Byte();
  filter.bit_count_ = reader.Int32();
  filter.entries_per_row_ = reader.Int32();
  filter.entries_ = reader.Int32();
  filter.entries_max_ = entries_max;
  const int32_t row_count = reader.Int32();
  if (reader.failed || version != kFormatVersion || hash_type != kMurmurHash) {
    return Corrupt("unknown form");
  }
  if (filter.hash_count_ <= 0 || filter.bit_count_ <= 0 || filter.bit_count_ > kBitsMax ||
      filter.entries_per_row_ <= 0 || filter.entries_ < 0 || row_count <= 0) {
    return Corrupt("impossible sizes");
  }
  for (int32_t i = 0; i < row_count; ++i) {
    reader.Bytes(4 + 4 + 1 + 4);  // each row repeats the sizes
    const std::string_view row = reader.Bytes(RowBytes(filter.bit_count_));
    if (reader.failed) return Corrupt("cut off");
    filter.rows_.emplace_back(row.begin(), row.end());
  }
  return filter;
}

int64_t BloomFilter::spare_entries() const {
  return full_ || entries_ > entries_per_row_ ? 0 : entries_per_row_ - entries_;
}

BloomFilter::Row& BloomFilter::RowForNextKey() {
  if (full_) return rows_[next_full_row_++ % rows_.size()];
  if (entries_ < entries_per_row_) return rows_.back();
  if (static_cast<int64_t>(rows_.size()) * entries_per_row_ < entries_max_) {
    entries_ = 0;
    return rows_.emplace_back(RowBytes(bit_count_));
  }
  full_ = true;  // the first key too many and the one after it both go to row 0, as in Hudi
  return rows_.front();
}

void BloomFilter::Add(std::string_view key) {
  Row& row = RowForNextKey();
  uint32_t hash = 0;
  for (int32_t i = 0; i < hash_count_; ++i) {
    hash = HadoopMurmur(key, hash);
    SetBit(&row, Position(hash, bit_count_));
  }
  ++entries_;
}

void BloomFilter::AddAll(std::span<const std::string_view> keys) {
  while (!keys.empty()) {
    const bool side_by_side =
        keys.size() >= kLanes && spare_entries() >= static_cast<int64_t>(kLanes) &&
        std::ranges::all_of(keys.first(kLanes),
                            [&](std::string_view key) { return key.size() == keys[0].size(); });
    if (!side_by_side) {
      Add(keys.front());
      keys = keys.subspan(1);
      continue;
    }
    Keys lanes;
    std::ranges::copy(keys.first(kLanes), lanes.begin());
    Hashes hashes = {};
    Row& row = rows_.back();
    for (int32_t i = 0; i < hash_count_; ++i) {
      HadoopMurmur(lanes, &hashes);
      for (const uint32_t hash : hashes)
        SetBit(&row, Position(hash, bit_count_));
    }
    entries_ += kLanes;
    keys = keys.subspan(kLanes);
  }
}

bool BloomFilter::MayContain(std::string_view key) const {
  for (const Row& row : rows_) {
    uint32_t hash = 0;
    bool all = true;
    for (int32_t i = 0; i < hash_count_ && all; ++i) {
      hash = HadoopMurmur(key, hash);
      const uint32_t position = Position(hash, bit_count_);
      all = (row[position / 8] >> (position % 8) & 1U) != 0;
    }
    if (all) return true;
  }
  return false;
}

std::string BloomFilter::Serialize() const {
  std::string bytes;
  const auto append_sizes = [&] {
    AppendInt32(kFormatVersion, &bytes);
    AppendInt32(hash_count_, &bytes);
    bytes.push_back(static_cast<char>(kMurmurHash));
    AppendInt32(bit_count_, &bytes);
  };
  append_sizes();
  AppendInt32(entries_per_row_, &bytes);
  AppendInt32(entries_, &bytes);
  AppendInt32(static_cast<int32_t>(rows_.size()), &bytes);
  for (const Row& row : rows_) {
    append_sizes();
    bytes.append(reinterpret_cast<const char*>(row.data()), row.size());
  }
  std::string base64;
  base::AppendBase64(bytes, &base64);
  return base64;
}

}  // namespace tapelake::hudi
