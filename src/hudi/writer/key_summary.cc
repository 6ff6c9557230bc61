#include "hudi/writer/key_summary.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>

namespace tapelake::hudi {
namespace {

// The bucket index never asks the filter; Spark's other indexes do. One key in a thousand looked up
// in vain is cheap for them, and ten hashes instead of thirty are cheap for us.
constexpr double kFalsePositiveRate = 1e-3;
constexpr int64_t kEntriesMin = 1000;
constexpr int64_t kEntriesMax = int64_t{1} << 25;  // 2^30 bits hold that many at this rate

int32_t EntriesFor(int64_t keys) {
  const int64_t with_room = keys + keys / 2;
  return static_cast<int32_t>(std::clamp(with_room, kEntriesMin, kEntriesMax));
}

BloomFilter NewFilter(int64_t keys) {
  const int32_t entries = EntriesFor(keys);
  return BloomFilter({.entries_per_row = entries,
                      .false_positive_rate = kFalsePositiveRate,
                      .entries_max = entries});
}

/// The previous file's filter if `new_keys` more fit into it.
std::optional<BloomFilter> InheritFilter(const BaseFileReader& previous, int64_t new_keys) {
  const auto type = previous.FooterValue(std::string(kBloomFilterTypeKey));
  const auto text = previous.FooterValue(std::string(kBloomFilterKey));
  if (!text || type != kBloomFilterType) return std::nullopt;
  auto filter = BloomFilter::Parse(*text, std::numeric_limits<int32_t>::max());
  if (!filter.ok() || filter->spare_entries() < new_keys) return std::nullopt;
  // A filter made for far more keys than there are (Hudi's default is 60,000) would swell the file.
  if (filter->entries_per_row() > 4 * EntriesFor(previous.row_count() + new_keys)) {
    return std::nullopt;
  }
  return std::move(filter).ValueUnsafe();
}

/// Lead bytes of surrogate pairs (F0..F4) sort below those of U+E000..U+FFFF (EE, EF) in UTF-16.
int JavaRank(char c) {
  const auto byte = static_cast<uint8_t>(c);
  if (byte >= 0xF0) return 0xEE * 2 - 1;
  return byte * 2;
}

bool IsAscii(std::string_view text) {
  uint64_t all = 0;
  for (; text.size() >= sizeof(all); text.remove_prefix(sizeof(all))) {
    uint64_t word;
    std::memcpy(&word, text.data(), sizeof(word));
    all |= word;
  }
  for (const char c : text)
    all |= static_cast<uint8_t>(c);
  return (all & 0x8080808080808080) == 0;
}

}  // namespace

int CompareAsJava(std::string_view left, std::string_view right) {
  const int bytewise = left.compare(right);
  if (bytewise == 0 || IsAscii(left) || IsAscii(right)) return bytewise;
  const size_t shorter = std::min(left.size(), right.size());
  const auto [a, b] =
      std::mismatch(left.begin(), left.begin() + static_cast<ptrdiff_t>(shorter), right.begin());
  if (a == left.begin() + static_cast<ptrdiff_t>(shorter)) return bytewise;
  const int ranks = JavaRank(*a) - JavaRank(*b);
  return ranks != 0 ? ranks : bytewise;
}

KeySummary::KeySummary(const BaseFileReader* previous, int64_t new_keys) : filter_(NewFilter(1)) {
  const int64_t stored_keys = previous == nullptr ? 0 : previous->row_count();
  std::optional<BloomFilter> inherited;
  if (previous != nullptr) {
    const auto min = previous->FooterValue(std::string(kMinRecordKeyKey));
    const auto max = previous->FooterValue(std::string(kMaxRecordKeyKey));
    inherited = InheritFilter(*previous, new_keys);
    needs_stored_keys_ = !inherited || !min || !max;
    if (!needs_stored_keys_) {
      has_range_ = true;
      min_ = *min;
      max_ = *max;
    }
  }
  filter_ =
      needs_stored_keys_ || !inherited ? NewFilter(stored_keys + new_keys) : std::move(*inherited);
}

void KeySummary::AddAll(std::span<const std::string_view> keys) {
  if (keys.empty()) return;
  filter_.AddAll(keys);
  std::string_view min = has_range_ ? std::string_view(min_) : keys.front();
  std::string_view max = has_range_ ? std::string_view(max_) : keys.front();
  for (const std::string_view key : keys) {
    if (CompareAsJava(key, min) < 0) min = key;
    if (CompareAsJava(key, max) > 0) max = key;
  }
  if (!has_range_ || min.data() != min_.data()) min_ = std::string(min);
  if (!has_range_ || max.data() != max_.data()) max_ = std::string(max);
  has_range_ = true;
}

void KeySummary::WriteTo(std::map<std::string, std::string>* footer) const {
  (*footer)[std::string(kBloomFilterKey)] = filter_.Serialize();
  (*footer)[std::string(kBloomFilterTypeKey)] = std::string(kBloomFilterType);
  if (!has_range_) return;
  (*footer)[std::string(kMinRecordKeyKey)] = min_;
  (*footer)[std::string(kMaxRecordKeyKey)] = max_;
}

}  // namespace tapelake::hudi
