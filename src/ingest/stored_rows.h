#pragma once

/// What the table itself says of its rows' last changes: the slow path of decision 3.

#include <cstdint>
#include <functional>
#include <limits>
#include <set>
#include <string>
#include <string_view>

#include "base/status.h"
#include "hudi/reader/base_file_check.h"
#include "hudi/table/table.h"
#include "ingest/change_order.h"

namespace tapelake::ingest {

/// Which rows to visit. Files and row groups of base files that cannot hold one are skipped.
struct StoredRowFilter {
  /// Only rows whose `_change_time` is at or after this; rows without one are then left out.
  int64_t change_time_from_micros = std::numeric_limits<int64_t>::min();
  /// Only file groups of these buckets; empty: all.
  std::set<uint32_t> buckets;
  /// Base files that need no check any more; nullptr: each is checked.
  hudi::CheckedBaseFiles* checked = nullptr;
};

/// One stored row. Views live during the visit.
struct StoredRow {
  std::string_view key;
  std::string_view partition_path;   ///< As on disk, for example `event_date=2026-11-22`.
  int64_t change_time_micros = 0;    ///< Minimal value if the row has none.
  std::string_view change_sequence;  ///< Without leading zeros; empty if the row has none.
};

/// Call `visit` for every stored row that passes the filter, logs merged, reading three columns
/// only. `snapshot` must have its timeline. Memory: one slice's logs and one batch.
/// Errors: kCorrupt, kUnavailable; those of hudi::ReadLogOverlay.
Status VisitStoredRows(io::FileSystem& files, const std::string& table_path,
                       const hudi::Snapshot& snapshot, const StoredRowFilter& filter,
                       const std::function<void(const StoredRow&)>& visit);

/// The greatest `_change_seq` that rows, log records and deletes hold, from the statistics of base
/// files and the logs; 0 for an empty table.
Result<int64_t> GreatestStoredChangeSeq(io::FileSystem& files, const std::string& table_path,
                                        const hudi::Snapshot& snapshot);

}  // namespace tapelake::ingest
