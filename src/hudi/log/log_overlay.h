#pragma once

/// The merged content of one file slice's log files: what lies over the base file.

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <absl/container/flat_hash_set.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "base/status.h"
#include "hudi/file_slice/file_slice.h"
#include "hudi/format/table_config.h"
#include "hudi/timeline/timeline.h"
#include "io/file_system.h"

namespace tapelake::hudi {

/// Rows and keys over a base file. Immutable; any thread.
struct LogOverlay {
  /// Surviving rows: the five meta columns, then the columns of the table schema asked for. Each
  /// key once.
  std::shared_ptr<arrow::RecordBatch> rows;
  /// Every key the logs speak of, surviving or deleted: the base file's row of such a key is
  /// hidden. Views into `key_bytes`.
  absl::flat_hash_set<std::string_view> keys;
  std::shared_ptr<const std::string> key_bytes;

  /// Instants of the blocks that counted, and of those that did not (not committed, newer than
  /// `as_of`); each once. While a timeline judges them all alike, reading again gives the same.
  std::vector<std::string> counted_instants;
  std::vector<std::string> skipped_instants;

  /// Whether all ordering values that counted (of records and deletes, but for deletes with Int 0)
  /// are int64, and then the least and the greatest of them; least > greatest: there is none.
  bool int64_orderings = true;
  int64_t least_ordering = std::numeric_limits<int64_t>::max();
  int64_t greatest_ordering = std::numeric_limits<int64_t>::min();

  int64_t memory_bytes = 0;
  int64_t log_records = 0;  ///< Data records read, before merging.
  int64_t log_blocks = 0;
  int64_t corrupt_blocks = 0;
  int64_t rollback_blocks = 0;
  int64_t log_bytes = 0;
};

/// Takes rows of the base file, with `_hoodie_record_key` and the ordering column.
using BaseRowSink = std::function<Status(const arrow::RecordBatch& rows)>;

/// How logs are merged.
struct LogScanOptions {
  std::string as_of;             ///< Newest instant that counts; empty: all completed ones.
  std::string precombine_field;  ///< Ordering column; empty: the later record wins.
  MergeRule merge = MergeRule::kOverwriteWithLatest;
  std::string only = {};  ///< The only instant that counts; empty: all.
  /// Gives the base file's rows where the rule compares them with the logs' (kDefaultPayload,
  /// kEventTime); empty: there are none. See reader/slice_logs.h.
  std::function<Status(const BaseRowSink& sink)> base_rows = {};
};

/// Read and merge the log files of `slice`, by the rules of sections 11.2, 12.4 and 13
/// (OverwriteWithLatestAvroPayload): blocks of instants that are not committed in `timeline` or
/// newer than `as_of` are skipped, rollback blocks undo theirs, data and delete blocks apply oldest
/// first, within the logs the greater ordering value wins and ties go to the later record; a delete
/// with ordering Int 0 wins over what came before; whatever survives hides the base row. Other
/// rules than that: docs/internals/hudi-reading.md, section 3; what loses against the base row is
/// then not in the overlay.
///
/// `schema`: data columns of the table (older records are projected to it). Avro and Parquet data
/// blocks are read. Errors: kInvalid (a block type or version that is not read; names file and
/// block), kCorrupt (a block whose content does not parse), kNotFound, kUnavailable.
Result<std::shared_ptr<const LogOverlay>> ReadLogOverlay(
    io::FileSystem& files, const std::string& base_path, const FileSlice& slice,
    const Timeline& timeline, const std::shared_ptr<arrow::Schema>& schema,
    const LogScanOptions& options);

}  // namespace tapelake::hudi
