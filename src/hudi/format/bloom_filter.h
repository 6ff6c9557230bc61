#pragma once

/// The key filter in the footer of a base file, bit for bit as Hudi's DYNAMIC_V0
/// (docs/internals/hudi-v6.md, section 9.1).

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace tapelake::hudi {

inline constexpr std::string_view kBloomFilterKey = "org.apache.hudi.bloomfilter";
inline constexpr std::string_view kBloomFilterTypeKey = "hoodie_bloom_filter_type_code";
inline constexpr std::string_view kBloomFilterType = "DYNAMIC_V0";

/// A set of keys that may claim too much, never too little. Pure; one thread while adding.
///
/// It consists of rows of `entries_per_row` keys each; a full row is followed by a new one until
/// rows * entries_per_row reaches `entries_max`, from when on full rows take more keys in turn.
class BloomFilter {
 public:
  /// How large and how exact. Stored in the serialised form, but for `entries_max`.
  struct Sizing {
    int32_t entries_per_row = 60'000;
    double false_positive_rate = 1e-9;  ///< In (0, 1); fewer hashes per key if greater.
    int32_t entries_max = 100'000;
  };

  explicit BloomFilter(const Sizing& sizing);

  /// Read what Serialize() or Hudi wrote. Errors: kCorrupt (not base64, cut, impossible sizes).
  static Result<BloomFilter> Parse(std::string_view base64, int32_t entries_max);

  void Add(std::string_view key);
  /// Add all keys, in order; several times faster than one by one if neighbours have one length.
  void AddAll(std::span<const std::string_view> keys);
  bool MayContain(std::string_view key) const;

  /// Keys that fit before a further row is needed.
  int64_t spare_entries() const;
  int32_t hash_count() const { return hash_count_; }
  int32_t entries_per_row() const { return entries_per_row_; }

  /// The value of kBloomFilterKey, base64.
  std::string Serialize() const;

 private:
  using Row = std::vector<uint8_t>;

  BloomFilter() = default;
  Row& RowForNextKey();

  int32_t bit_count_ = 0;  // per row
  int32_t hash_count_ = 0;
  int32_t entries_per_row_ = 0;
  int32_t entries_max_ = 0;
  int32_t entries_ = 0;  // in the last row; goes on counting when all rows are full
  bool full_ = false;
  uint64_t next_full_row_ = 0;
  std::vector<Row> rows_;
};

}  // namespace tapelake::hudi
