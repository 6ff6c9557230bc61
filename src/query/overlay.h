#pragma once

/// What lies over the base files of a table: merged logs, and hot rows over both. Internal to
/// query.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "base/status.h"
#include "hot/hot_table.h"
#include "query/hidden_rows.h"
#include "query/snapshot_provider.h"

namespace tapelake::query {

/// Rows, and what hides some of them.
struct OverlayPart {
  std::shared_ptr<arrow::RecordBatch> rows;  ///< Meta columns first; data columns by name.
  KeyLevels hidden_by;
};

/// The overlay of one table snapshot: what a statement adds to the base files' rows, and which of
/// those it leaves out. A file slice's logs hide rows of its own base file only; hot keys hide rows
/// of any file and log, because a change may move a key to another partition. Immutable but for
/// what was learned of files (HiddenRows); any thread.
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

  struct CoveredFile {
    std::shared_ptr<HiddenRows> rows;
    KeyLevels hidden_by;
  };
  using CoveredFiles = std::map<std::string, CoveredFile, std::less<>>;
  /// Base files some of whose rows may be hidden, by path.
  const CoveredFiles& covered_files() const { return covered_files_; }
  /// The other base files.
  const std::vector<std::string>& plain_files() const { return plain_files_; }

 private:
  Overlay() = default;
  void AddFile(const std::string& path, KeyLevels above, std::shared_ptr<HiddenRows> known);
  KeyLevels AddLogs(const LogLayers& layers);
  Status AddHotRows(const KeyLayout& keys);

  std::shared_ptr<arrow::Schema> schema_;
  std::vector<LogLayers> logs_;
  std::shared_ptr<const hot::HotOverlay> hot_;
  KeySet hot_key_set_;
  KeyLevels hot_keys_;
  CoveredFiles covered_files_;
  std::vector<std::string> plain_files_;
  std::vector<OverlayPart> parts_;
  int64_t row_count_ = 0;
};

}  // namespace tapelake::query
