#pragma once

/// One commit: what goes in and what comes out.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "base/status.h"

namespace tapelake::hudi {

/// One change of one record: write a row or delete the key. At most one per (partition, key). A
/// merge-on-read table with a bucket index does not look: there the greater ordering value wins.
struct RecordChange {
  static constexpr int64_t kDelete = -1;
  static constexpr int64_t kNaturalOrder = 0;

  std::string_view record_key;
  uint32_t partition = 0;  ///< Index into UpsertRequest::partition_values.
  int64_t row = kDelete;   ///< Row of UpsertRequest::rows, or kDelete.

  /// Deletes on merge-on-read tables: what stands for the precombine column's value, which must
  /// then be int64. The delete loses against logged rows with a greater value. kNaturalOrder: it
  /// wins over everything before it, which is what Spark's `delete` writes.
  int64_t delete_ordering = kNaturalOrder;
};

/// Decides which of two versions of a record survives when the key is already stored.
/// Called from several threads at once, for different records.
class RecordMerger {
 public:
  virtual ~RecordMerger() = default;

  /// The data columns that IncomingWins looks at; they come as plain arrays of their type. The
  /// others are not read for it. nullopt: all of them.
  virtual std::optional<std::vector<std::string>> NeededColumns() const { return std::nullopt; }

  /// Return whether change `change_index` of the request replaces (or deletes) row `stored_row` of
  /// `stored`. `stored` has the columns needed, but for those that its file lacks; consecutive
  /// calls of a thread pass the same batch for up to 65,536 rows.
  virtual bool IncomingWins(const arrow::RecordBatch& stored, int64_t stored_row,
                            size_t change_index) const = 0;
};

/// What a commit does with its rows; Hudi's names for it.
enum class WriteOperation : uint8_t {
  kUpsert = 1,  ///< A row replaces the stored one of its key, or is added.
  /// Rows are added. With a bloom or simple index the keys are not looked for, so one that is
  /// stored already is there twice from then on; with a bucket index as kUpsert.
  kInsert = 2,
  kDelete = 3,  ///< Every change is a delete.
  /// As kInsert, the rows sorted by partition and key into new file groups of full size. With a
  /// bucket index as kUpsert.
  kBulkInsert = 4,
  kInsertOverwrite = 5,       ///< The rows replace all that their partitions hold.
  kInsertOverwriteTable = 6,  ///< The rows replace all that the table holds.
};

/// operationType: `UPSERT`, `BULK_INSERT`, ...
std::string_view WriteOperationName(WriteOperation operation);

/// Return whether file groups that were there are replaced: the commit is then a replacecommit.
bool ReplacesGroups(WriteOperation operation);

/// One commit's input. Everything referenced must live until Upsert() returns.
///
/// `schema` holds every column the table has, with the same type, and may add nullable ones.
/// On copy-on-write tables a column of `rows` may be a dictionary (int32 indices) of its type,
/// which is cheaper where few values repeat; on merge-on-read tables every column is plain, the key
/// of a change that writes a row must equal the row's record key column, and `merger` must be
/// nullptr.
struct UpsertRequest {
  std::shared_ptr<arrow::Schema> schema;      ///< Of the table after the commit.
  std::shared_ptr<arrow::RecordBatch> rows;   ///< Of `schema`; may hold rows that no change names.
  std::vector<std::string> partition_values;  ///< Raw values, for example `2026-11-22`.
  std::span<const RecordChange> changes;
  const RecordMerger* merger = nullptr;               ///< nullptr: incoming always wins.
  std::map<std::string, std::string> extra_metadata;  ///< Goes into the commit beside `schema`.
  WriteOperation operation = WriteOperation::kUpsert;
  int threads = 2;  ///< File groups written at the same time.
};

enum class CommitOutcome : uint8_t { kDone = 1, kNotDone = 2, kUnknown = 3 };

/// What a commit did. With kNotDone and kUnknown `reason` says why; kUnknown must be settled by
/// reading the timeline for `instant`, never by a blind retry.
struct UpsertResult {
  CommitOutcome outcome = CommitOutcome::kNotDone;
  Status reason;
  std::string instant;
  int64_t inserted_rows = 0;
  int64_t updated_rows = 0;
  int64_t deleted_rows = 0;
  int64_t kept_stored_rows = 0;  ///< Changes the merger refused (the stored row was newer).
  int64_t missing_deletes = 0;   ///< Deletes whose key was not stored.
  std::vector<size_t> refused;   ///< Indices of those refused changes.
  int64_t files_written = 0;
  int64_t bytes_written = 0;
};

}  // namespace tapelake::hudi
