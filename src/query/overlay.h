#pragma once

/// What lies over the base files of a table: merged logs, and hot rows over both. Internal to
/// query.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <absl/container/flat_hash_set.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "base/status.h"
#include "hot/hot_table.h"
#include "query/snapshot_provider.h"

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

/// Rows, and what hides some of them.
struct OverlayPart {
  std::shared_ptr<arrow::RecordBatch> rows;  ///< Meta columns first; data columns by name.
  KeyLevels hidden_by;
};

/// The overlay of one table snapshot: what a statement adds to the base files' rows, and which of
/// those it leaves out. A file slice's logs hide rows of its own base file only; hot keys hide rows
/// of any file and log, because a change may move a key to another partition. Immutable; any
/// thread.
class Overlay {
 public:
  /// `snapshot`: its schema is that of the result (a part that lacks a column has nulls there);
  /// `logs`: what ReadLogs() gave for it; `hot` may be nullptr. Errors: kInvalid (the key or
  /// partition column of hot rows is no string column, a partition value is no directory name).
  static Result<std::shared_ptr<const Overlay>> Make(const TableSnapshot& snapshot,
                                                     std::vector<LogLayers> logs,
                                                     std::shared_ptr<const hot::HotOverlay> hot);

  /// The five meta columns, then the data columns.
  const std::shared_ptr<arrow::Schema>& schema() const { return schema_; }

  const std::vector<OverlayPart>& parts() const { return parts_; }
  int64_t row_count() const { return row_count_; }  ///< Hidden ones included.

  /// Base files some of whose rows may be hidden, by path, and the keys that hide them.
  const std::map<std::string, KeyLevels, std::less<>>& covered_files() const {
    return covered_files_;
  }
  /// The other base files.
  const std::vector<std::string>& plain_files() const { return plain_files_; }

 private:
  Overlay() = default;
  void AddFile(const std::string& path, KeyLevels above);
  KeyLevels AddLogs(const LogLayers& layers);
  Status AddHotRows(const KeyLayout& keys);

  std::shared_ptr<arrow::Schema> schema_;
  std::vector<LogLayers> logs_;
  std::shared_ptr<const hot::HotOverlay> hot_;
  KeySet hot_key_set_;
  KeyLevels hot_keys_;
  std::map<std::string, KeyLevels, std::less<>> covered_files_;
  std::vector<std::string> plain_files_;
  std::vector<OverlayPart> parts_;
  int64_t row_count_ = 0;
};

}  // namespace tapelake::query
