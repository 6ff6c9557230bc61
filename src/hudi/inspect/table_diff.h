#pragma once

/// What differs between two snapshots of a table, row by row.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "hudi/table/table.h"

namespace tapelake::hudi {

enum class RowDifferenceKind : uint8_t { kInserted = 1, kUpdated = 2, kDeleted = 3 };

/// `inserted`, `updated`, `deleted`.
std::string_view RowDifferenceName(RowDifferenceKind kind);

/// A column's value on both sides as text; nullopt: null, or there is no such side.
struct ColumnDifference {
  std::string name;
  std::optional<std::string> before;
  std::optional<std::string> after;
};

struct RowDifference {
  RowDifferenceKind kind = RowDifferenceKind::kInserted;
  std::string key;
  std::string partition_path;  ///< Where the row is now; of a deleted one, where it was.
  std::string moved_from;      ///< The partition it was in, if that is another one.
  std::vector<ColumnDifference>
      columns;  ///< Updated: those that differ. Else: all, one side empty.
};

struct DiffCounts {
  int64_t inserted = 0;
  int64_t updated = 0;
  int64_t deleted = 0;
};

/// Call `visit` for every row that differs between the snapshots at `from` and at `to` (the newest
/// commits not after these instants; empty `to`: the newest), in no particular order.
///
/// Reads only file groups that commits in between wrote, unless the timeline no longer tells them.
/// Memory: the rows of one file group at `from`, and those that left it or came to it.
/// Errors: kInvalid (an instant before the first commit whose files were not cleaned; names that
/// one), what `visit` returns, those of SliceReader.
Result<DiffCounts> DiffSnapshots(const TableEnvironment& environment, Table& table,
                                 const std::string& from, const std::string& to,
                                 const std::function<Status(const RowDifference&)>& visit);

}  // namespace tapelake::hudi
