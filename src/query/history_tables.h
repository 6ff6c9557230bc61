#pragma once

/// What a table says of itself as rows: changes, commits, files, partitions. Internal to query.

#include <memory>
#include <string>
#include <string_view>

#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "base/status.h"
#include "hudi/table/table_view.h"

namespace tapelake::query {

/// Rows that come batch by batch. One thread.
class BatchStream {
 public:
  virtual ~BatchStream() = default;
  virtual const std::shared_ptr<arrow::Schema>& schema() const = 0;
  /// The next batch (never empty), nullptr at the end.
  virtual Result<std::shared_ptr<arrow::RecordBatch>> Next() = 0;
};

/// Open the rows of `kind`: `changes` and `commits` (of the range), `files`, `partitions` (as of
/// the newest commit). Columns: docs/reference/sql.md. Errors: those of TableView and ChangeReader;
/// kInvalid (another kind).
Result<std::unique_ptr<BatchStream>> OpenHistory(std::unique_ptr<hudi::TableView> view,
                                                 std::string_view kind,
                                                 const hudi::TimeRange& range);

}  // namespace tapelake::query
