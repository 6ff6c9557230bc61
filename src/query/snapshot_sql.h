#pragma once

/// Snapshots and names as DuckDB SQL text. Pure; any thread.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "query/overlay.h"
#include "query/snapshot_provider.h"

namespace tapelake::query {

/// `"name"` with inner quotes doubled.
std::string QuoteIdentifier(std::string_view name);

/// `'text'` with inner quotes doubled.
std::string QuoteLiteral(std::string_view text);

/// The DuckDB type that holds every value of `type` exactly. Errors: kInvalid, naming the type.
Result<std::string> DuckTypeName(const arrow::DataType& type);

/// One column as query shows it.
struct SnapshotColumn {
  std::string name;
  std::string type;  ///< DuckDB's spelling.
  bool operator==(const SnapshotColumn&) const = default;
};

/// The five `_hoodie_*` columns, then the data columns. Errors: kInvalid, naming the column.
Result<std::vector<SnapshotColumn>> ColumnsOf(const arrow::Schema& schema);

/// A SELECT that reads the snapshot: `tapelake_parquet` over explicit file lists, so that DuckDB's
/// own column, row-group and page pruning works, and files go by their partitions. The columns come
/// from the schema, not from the files: those absent in an old file are null, narrower ones are
/// widened. Without files and rows the result has the columns and no rows.
///
/// `overlay` (nullptr: none) is known to overlay_functions.h as `overlay_id`: files with something
/// over them are read without their hidden rows, then its rows are added. Errors: kInvalid, naming
/// the column.
Result<std::string> SnapshotSelect(const TableSnapshot& snapshot, const Overlay* overlay,
                                   int64_t overlay_id);

}  // namespace tapelake::query
