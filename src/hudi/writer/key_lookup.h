#pragma once

/// Which file groups hold some record keys: what bloom and simple indexes ask of stored files.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <absl/container/flat_hash_map.h>

#include "base/status.h"
#include "hudi/file_slice/file_slice.h"
#include "hudi/reader/base_file_check.h"
#include "hudi/timeline/timeline.h"
#include "io/file_system.h"

namespace tapelake::hudi {

/// The keys that are looked for in one partition, numbered from 0 as they were added. Views: the
/// keys must outlive it. One thread while it changes; any number while it does not.
class WantedKeys {
 public:
  /// Return false, unchanged, if the key is there already.
  bool Add(std::string_view key);
  /// After the last Add().
  void Finish();

  size_t size() const { return sorted_.size(); }

  /// The number of a key, or -1.
  int64_t Find(std::string_view key) const;

  /// All keys from `min` to `max`, both included, in Java's string order (as footers have them).
  std::span<const std::string_view> Between(std::string_view min, std::string_view max) const;

 private:
  absl::flat_hash_map<std::string_view, uint32_t> numbers_;
  std::vector<std::string_view> sorted_;  // in Java's order, after Finish()
};

/// Where keys are looked for. Everything referenced must outlive the calls.
struct KeySource {
  io::FileSystem& files;
  const std::string& base_path;
  const Timeline& timeline;
  CheckedBaseFiles& checked;
  bool by_footer = true;  ///< Leave out files whose key range or filter exclude all keys.
};

/// Return the numbers of those wanted keys that are in the base file of `slice`, ascending.
/// Reads the footer, then at most the key column. Any thread. Errors: kCorrupt (naming the file),
/// kNotFound, kUnavailable.
Result<std::vector<uint32_t>> FindInBaseFile(const KeySource& source, const FileSlice& slice,
                                             const WantedKeys& wanted);

/// The same for its logs, deletes included; reads all of them.
Result<std::vector<uint32_t>> FindInLogs(const KeySource& source, const FileSlice& slice,
                                         const WantedKeys& wanted);

}  // namespace tapelake::hudi
