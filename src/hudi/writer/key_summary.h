#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>

#include "hudi/format/bloom_filter.h"
#include "hudi/reader/base_file_reader.h"

namespace tapelake::hudi {

inline constexpr std::string_view kMinRecordKeyKey = "hoodie_min_record_key";
inline constexpr std::string_view kMaxRecordKeyKey = "hoodie_max_record_key";

/// What a base file's footer says of its record keys: their filter and their range.
///
/// Both may claim too much after deletes, never too little. So a rewritten file inherits them from
/// the file before, as long as the filter has room, and only new keys are added: no key that stays
/// has to be hashed again. One thread.
class KeySummary {
 public:
  /// Start from `previous` (nullptr: a new file group) for a file that gets at most `new_keys`
  /// more.
  KeySummary(const BaseFileReader* previous, int64_t new_keys);

  /// Whether the keys of all rows that stay must be added too.
  bool needs_stored_keys() const { return needs_stored_keys_; }
  /// Add the keys of rows that come in. Keys known before need not be added again unless
  /// needs_stored_keys().
  void AddAll(std::span<const std::string_view> keys);

  /// Put the footer entries into `*footer`.
  void WriteTo(std::map<std::string, std::string>* footer) const;

 private:
  BloomFilter filter_;
  bool needs_stored_keys_ = false;
  bool has_range_ = false;
  std::string min_;
  std::string max_;
};

/// Compare UTF-8 texts as Java compares strings: by UTF-16 code units. Negative, 0 or positive.
int CompareAsJava(std::string_view left, std::string_view right);

}  // namespace tapelake::hudi
