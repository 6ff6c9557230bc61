#pragma once

/// What commits say of themselves: JSON (docs/internals/hudi-v6.md, section 4) or, from table
/// version 8 on and in archives, Avro (docs/internals/hudi-reading.md, section 1). Pure; any
/// thread.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace tapelake::hudi {

struct AvroValue;

/// prevCommit of a new file group: these four letters, not a JSON null.
inline constexpr std::string_view kNoPreviousCommit = "null";

/// Key of extraMetadata that holds the Avro schema without meta columns.
inline constexpr std::string_view kSchemaKey = "schema";

/// What only the stat of a log file has.
struct LogWriteStat {
  int64_t log_version = 0;
  int64_t log_offset = 0;
  std::string base_file;               ///< Name of the slice's base file; empty: none.
  std::vector<std::string> log_files;  ///< Names of all log files of the slice.
};

/// What only the stat of a compacted slice counts.
struct CompactionWriteStat {
  int64_t log_records = 0;  ///< Read, before merging.
  int64_t log_files = 0;
  int64_t log_bytes = 0;
  int64_t updated_records = 0;  ///< Left of the logs after merging.
  int64_t log_blocks = 0;
  int64_t corrupt_blocks = 0;
  int64_t rollback_blocks = 0;
};

/// One written file.
struct WriteStat {
  std::string file_id;
  std::string path;  ///< Relative to the table's base path.
  std::string previous_commit = std::string(kNoPreviousCommit);
  std::string partition_path;
  int64_t writes = 0;         ///< Rows in the new file.
  int64_t deletes = 0;        ///< Rows removed.
  int64_t update_writes = 0;  ///< Rows changed.
  int64_t inserts = 0;        ///< Rows added.
  int64_t write_bytes = 0;
  int64_t write_errors = 0;
  int64_t file_size_bytes = 0;
  std::map<std::string, int64_t> cdc_stats;  ///< CDC log path -> bytes; empty: none.
  std::optional<int64_t> min_event_time_ms;
  std::optional<int64_t> max_event_time_ms;
  int64_t scan_time_ms = 0;
  int64_t upsert_time_ms = 0;
  int64_t create_time_ms = 0;
  std::optional<LogWriteStat> log;
  CompactionWriteStat compaction;
};

/// A completed commit, deltacommit or replacecommit.
struct CommitMetadata {
  std::string instant;  ///< Not in the JSON: whoever reads the file sets it.
  std::string operation_type = "UPSERT";
  bool compacted = false;
  std::map<std::string, std::vector<WriteStat>> write_stats;          ///< By partition path.
  std::map<std::string, std::vector<std::string>> replaced_file_ids;  ///< Replacecommits only.
  std::map<std::string, std::string> extra_metadata;

  /// The Avro schema text, or empty.
  const std::string& schema() const;
};

/// Check the seal of a completed or inflight file, if it has one (docs/internals/seal.md).
/// Errors: kCorrupt.
Status CheckCommitSeal(std::string_view json);

/// Parse a completed file. Unknown members are ignored, absent ones get their defaults, a member of
/// the wrong type is an error. The seal is checked and no part of the result. Errors: kCorrupt,
/// naming the member (and, for an empty text, that).
Result<CommitMetadata> ParseCommitMetadata(std::string_view json);

/// The same of a HoodieCommitMetadata or HoodieReplaceCommitMetadata record. Errors: kCorrupt,
/// naming the member.
Result<CommitMetadata> CommitMetadataOfAvro(const AvroValue& record);

/// Parse a completed file of table version 8 or later: an Avro container of such a record.
/// Errors: those of ParseAvroContainer and CommitMetadataOfAvro.
Result<CommitMetadata> ParseCommitContainer(std::string_view file);

/// Format a completed file with every member Hudi writes, sealed. partitionToReplaceFileIds appears
/// only if `replaced_file_ids` is not empty. The same metadata always gives the same bytes.
std::string FormatCommitMetadata(const CommitMetadata& metadata);

/// Format the work profile of an inflight file from the stats the commit is going to have: per
/// partition one entry with all its inserts, and one per rewritten file group with its updates and
/// deletes.
std::string FormatInflightMetadata(const CommitMetadata& planned);

}  // namespace tapelake::hudi
