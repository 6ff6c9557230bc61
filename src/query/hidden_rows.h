#pragma once

/// Which rows of a base file something over it hides. Internal to query.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>

#include "base/status.h"
#include "hudi/log/log_overlay.h"
#include "hudi/reader/base_file_reader.h"
#include "io/file_system.h"

namespace tapelake::query {

using KeySet = absl::flat_hash_set<std::string_view>;

/// Sets of keys that hide the rows below them. Refers to the sets.
class KeyLevels {
 public:
  void Add(const KeySet& keys) {
    if (!keys.empty()) levels_.push_back(&keys);
  }
  bool empty() const { return levels_.empty(); }
  bool Hide(std::string_view key) const {
    if (levels_.empty()) return false;
    const size_t hash = levels_.front()->hash_function()(key);  // alike for all
    for (const KeySet* keys : levels_) {
      if (keys->find(key, hash) != keys->end()) return true;
    }
    return false;
  }

 private:
  std::vector<const KeySet*> levels_;
};

/// The hidden rows of one base file, by their place in it.
///
/// The keys of a row group are read when somebody first asks for one of its rows, and then only a
/// bit for each row is kept: a statement that comes again, or reads other columns, reads no key.
/// Any thread; row groups are read side by side.
class HiddenRows {
 public:
  explicit HiddenRows(std::string path);  ///< Of the base file.
  ~HiddenRows();

  /// Say of `count` rows, each a place in the file from 0 on, which are hidden. Rows without a key
  /// are not. `hidden_by` must hold the same keys each time. Errors: kNotFound, kUnavailable,
  /// kCorrupt; kInvalid (no such row, keys that are no text).
  Status Find(io::FileSystem& files, const KeyLevels& hidden_by, const int64_t* rows, size_t count,
              bool* hidden);

 private:
  struct RowGroup;
  using Reader = std::unique_ptr<hudi::BaseFileReader>;

  Status Open(io::FileSystem& files, Reader* reader);
  Status Learn(io::FileSystem& files, const KeyLevels& hidden_by, RowGroup* group, Reader* reader);
  Result<RowGroup*> GroupOf(int64_t row);

  const std::string path_;
  std::atomic<bool> is_open_ = false;
  std::mutex mutex_;                               // held while the file is opened
  std::vector<std::unique_ptr<RowGroup>> groups_;  // fixed once it is open
};

/// Hidden rows kept from statement to statement, of the files asked for lately. Any thread.
class HiddenRowsCache {
 public:
  using Levels = std::vector<std::shared_ptr<const hudi::LogOverlay>>;

  /// What is known of the file at `path` under exactly these logs.
  std::shared_ptr<HiddenRows> Under(const std::string& path, const Levels& levels);

 private:
  struct Entry {
    std::vector<std::weak_ptr<const hudi::LogOverlay>> levels;  // let go by their own cache
    std::shared_ptr<HiddenRows> rows;
  };

  std::mutex mutex_;
  absl::flat_hash_map<std::string, Entry> entries_;
};

}  // namespace tapelake::query
