#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <absl/container/flat_hash_map.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "base/status.h"
#include "hudi/file_slice/file_slice.h"
#include "hudi/format/commit_metadata.h"
#include "hudi/reader/base_file_reader.h"
#include "hudi/writer/base_file_writer.h"
#include "hudi/writer/key_summary.h"
#include "hudi/writer/upsert.h"
#include "io/file_system.h"

namespace tapelake::hudi {

/// What all file groups of one commit have in common. Immutable while they are written.
struct CommitContext {
  io::FileSystem& files;
  std::string base_path;
  std::string instant;
  const UpsertRequest& request;
  std::string footer_schema;          ///< Avro schema with meta columns, for the footers.
  std::vector<bool> low_cardinality;  ///< Per column of the request: worth a dictionary.

  /// For compaction: commit time and sequence number that the request's rows keep, row by row.
  /// nullptr: they get those of this commit.
  std::shared_ptr<arrow::RecordBatch> kept_meta = nullptr;
  bool always_writes = false;  ///< Write the file even if no change changes anything.
};

/// One file group to write.
struct FileGroupTask {
  uint32_t number = 0;  ///< Within the commit; part of write token and sequence numbers.
  std::string partition_path;
  std::string file_id;
  std::string file_name;              ///< Of the new base file.
  const FileSlice* stored = nullptr;  ///< Its latest slice; nullptr: a new group.
  std::span<const uint32_t> changes;  ///< Indices into the request's changes.
  int64_t delete_count = 0;           ///< How many of them delete.

  /// Relative to the base path.
  std::string RelativePath() const;
};

/// What became of it.
struct FileGroupOutcome {
  bool written = false;  ///< False: nothing would have changed, so there is no new file.
  WriteStat stat;        ///< Meaningful if written.
  int64_t kept_stored_rows = 0;
  int64_t missing_deletes = 0;
  std::vector<size_t> refused;  ///< Change indices the merger refused.
};

/// Writes the new base file of one file group: the stored rows that stay, then the incoming ones.
///
/// One thread per merge; several merges of one commit run beside each other. Memory: about two row
/// groups (kRowGroupRows rows) of the table, however large the file.
class FileGroupMerge {
 public:
  static constexpr int64_t kRowGroupRows = 131'072;

  FileGroupMerge(const CommitContext& context, const FileGroupTask& task)
      : context_(context), task_(task) {}

  /// Merge and write. After a failure a rubbish file may lie at the task's path: the caller deletes
  /// it. Errors: kInvalid (one key twice in the changes; stored type does not widen), kCorrupt,
  /// kUnavailable, kNotFound.
  Result<FileGroupOutcome> Run();

 private:
  enum class Fate : uint8_t { kNew, kReplaces, kRefused };

  Status IndexChanges();
  Status OpenStored();
  void ChooseColumnForms();
  Status MergeStored();
  Status MergeBatch(const std::shared_ptr<arrow::RecordBatch>& batch);
  bool Stays(const std::shared_ptr<arrow::RecordBatch>& batch, int64_t row, uint32_t local);
  Status AppendStored(const std::shared_ptr<arrow::RecordBatch>& kept);
  Status AppendIncoming();
  Status AppendIncomingRows(std::span<const uint32_t> locals);
  Status AppendChunk(int64_t rows, arrow::ArrayVector columns);
  Status Flush();
  Status Finish(FileGroupOutcome* outcome);
  Result<std::shared_ptr<arrow::Array>> IncomingKeys(std::span<const uint32_t> locals);
  Result<std::shared_ptr<arrow::Array>> SequenceNumbers(int64_t rows);

  bool changed() const { return inserts_ + updates_ + deletes_ > 0; }

  const CommitContext& context_;
  const FileGroupTask& task_;
  absl::flat_hash_map<std::string_view, uint32_t> locals_by_key_;
  std::vector<RecordChange> changes_;  // the task's, side by side: they are read several times
  std::vector<Fate> fates_;            // per local change
  std::unique_ptr<BaseFileReader> stored_;
  std::unique_ptr<BaseFileWriter> writer_;
  std::optional<KeySummary> keys_;
  std::shared_ptr<arrow::Schema> form_;      // as written: meta columns, dictionary types
  std::vector<std::string> stored_columns_;  // read from the stored file
  arrow::RecordBatchVector pending_;         // rows of the next row group
  int64_t pending_rows_ = 0;
  int64_t written_rows_ = 0;
  int64_t next_sequence_ = 0;
  int64_t inserts_ = 0;
  int64_t updates_ = 0;
  int64_t deletes_ = 0;
  std::shared_ptr<arrow::RecordBatch> merger_view_source_;  // batch that merger_view_ was made of
  std::shared_ptr<arrow::RecordBatch> merger_view_;
};

}  // namespace tapelake::hudi
