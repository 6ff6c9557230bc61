#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <arrow/chunked_array.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "base/status.h"
#include "hudi/file_slice/file_slice.h"
#include "hudi/format/commit_metadata.h"
#include "hudi/reader/base_file_reader.h"
#include "hudi/writer/base_file_writer.h"
#include "hudi/writer/key_summary.h"
#include "hudi/writer/key_table.h"
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

  /// The request's rows, some columns as dictionaries (EncodeFewValues); nullptr: they as they are.
  std::shared_ptr<arrow::RecordBatch> rows = nullptr;
  /// For compaction: commit time and sequence number that the request's rows keep, row by row.
  /// nullptr: they get those of this commit.
  std::shared_ptr<arrow::RecordBatch> kept_meta = nullptr;
  int64_t copied_rows_min = kCopiedRowsMin;  ///< Smaller stored row groups are decoded.
  bool always_writes = false;                ///< Write the file even if no change changes anything.
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
  bool keys_are_distinct = false;     ///< Known already: need not be checked.

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

/// Writes the new base file of one file group: the stored rows that stay, and the incoming ones.
///
/// First it is decided which stored rows are replaced: of the stored file this takes the keys, and,
/// where a merger must be asked, the columns it needs. If nothing changes nothing is written. Then
/// a stored row group of which all rows stay is copied as it is (BaseFileWriter::CopyRowGroup);
/// others are decoded, and what stays of them is put together with the incoming rows.
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
  /// A stored row of a row group, and the change of the same key.
  struct Rivalry {
    int64_t row;
    uint32_t local;
  };
  /// What becomes of one stored row group.
  struct StoredRows {
    std::vector<Rivalry> replaced;              ///< Or deleted; ascending.
    std::shared_ptr<arrow::ChunkedArray> keys;  ///< nullptr: to be read again.
  };

  void GatherChanges();
  Status OpenStored();
  Status IndexChanges();
  Status JudgeStored();
  Result<std::shared_ptr<arrow::ChunkedArray>> ReadKeys(int row_group);
  std::vector<Rivalry> FindRivals(const arrow::ChunkedArray& keys) const;
  Status RefuseOlder(int row_group, std::vector<Rivalry>* rivals);
  void SummarizeStaying(const arrow::ChunkedArray& keys, const std::vector<Rivalry>& replaced);
  void CountFates(FileGroupOutcome* outcome);
  void ChooseColumnForms();
  Status WriteStored();
  bool IsCopied(int row_group) const;
  Status WriteDecoded(int row_group, const StoredRows& stored);
  Status InStored(const Status& status) const;
  Status StoredIsCutShort() const;
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
  KeyTable local_of_key_;              // empty if nobody will ask it
  std::string key_bytes_;              // keys of the changes, side by side
  std::vector<RecordChange> changes_;  // the task's, their keys in key_bytes_
  std::vector<Fate> fates_;            // per local change
  std::unique_ptr<BaseFileReader> stored_;
  std::vector<StoredRows> stored_rows_;  // by row group
  std::unique_ptr<BaseFileWriter> writer_;
  std::optional<KeySummary> keys_;
  std::shared_ptr<arrow::Schema> form_;      // as written: meta columns, dictionary types
  std::vector<std::string> rival_columns_;   // what the merger looks at
  std::vector<std::string> stored_columns_;  // read from the stored file, beside the keys
  arrow::RecordBatchVector pending_;         // rows of the next row group
  int64_t pending_rows_ = 0;
  int64_t written_rows_ = 0;
  int64_t next_sequence_ = 0;
  int64_t inserts_ = 0;
  int64_t updates_ = 0;
  int64_t deletes_ = 0;
};

}  // namespace tapelake::hudi
