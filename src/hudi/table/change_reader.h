#pragma once

/// The change feed of a table: what its commits inserted, updated and deleted, with the rows before
/// and after (docs/internals/hudi-reading.md, section 6).

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "base/status.h"
#include "hudi/table/table_view.h"

namespace tapelake::hudi {

/// The columns of changes to a table with these data columns:
/// `op` (`i` insert, `u` update, `d` delete), `ts_ms` (instant of the commit, as Hudi calls it),
/// `_hoodie_record_key`, `_hoodie_partition_path`, `before` and `after`, each a struct of the data
/// columns: the row as it was and as it became, null where there was none.
std::shared_ptr<arrow::Schema> ChangeSchema(const arrow::Schema& data_columns);

/// Streams the changes of a range in commit order; within a commit the deletes of replaced file
/// groups come first. A key changes at most once per commit and file group. Applied in this order
/// to the snapshot at the begin of the range they give the snapshot at its end. Compactions and
/// clusterings change nothing.
///
/// Changes are found by comparing the file slices before and after each commit, so a table need not
/// have been written for it; where it was and logged both images
/// (`hoodie.table.cdc.supplemental.logging.mode` DATA_BEFORE_AFTER), the logs are read instead.
/// Memory: the changed rows of one file group in one commit, and the keys of its new base file, if
/// there is one. One thread.
class ChangeReader {
 public:
  /// Read the history of the range; no data file is opened. `view` must outlive the reader. Images
  /// have the schema of the range's end. Errors: those of TableView::History; kUnavailable (as
  /// TableView::Incremental).
  static Result<std::unique_ptr<ChangeReader>> Open(TableView& view, const TimeRange& range);
  ~ChangeReader();

  const std::shared_ptr<arrow::Schema>& schema() const;

  /// The next changes (never empty), nullptr at the end. Errors: kInvalid (slices were cleaned;
  /// names the first instant still available), kCorrupt, kUnavailable; the reader is then unusable.
  Result<std::shared_ptr<arrow::RecordBatch>> Next();

 private:
  class Impl;
  explicit ChangeReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tapelake::hudi
