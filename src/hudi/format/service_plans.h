#pragma once

/// The Avro-coded instants of table services: plans and results of compaction, rollback and clean,
/// and the entries of the archived timeline (docs/internals/hudi-v6.md, sections 5 and 14.7). Pure.
///
/// Each is one record in an Avro object container file, null codec, schema under `avro.schema`.
/// Parsing resolves by field name, so files of later Hudi releases with more fields are read.
/// Errors of every Parse*: kCorrupt, naming the field.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "hudi/format/commit_metadata.h"

namespace tapelake::hudi {

/// One file slice to compact.
struct CompactionOperation {
  std::string base_instant;
  std::vector<std::string> log_files;  ///< Names, ascending version.
  std::string base_file;               ///< Name; empty: log-only.
  std::string file_id;
  std::string partition_path;
  /// TOTAL_LOG_FILES, TOTAL_LOG_FILES_SIZE, TOTAL_IO_READ_MB, TOTAL_IO_WRITE_MB and TOTAL_IO_MB are
  /// written as 0 where they are missing: Spark cannot run a plan without them.
  std::map<std::string, double> metrics;
};
struct CompactionPlan {
  std::vector<CompactionOperation> operations;
  std::map<std::string, std::string> extra_metadata;
};
std::string FormatCompactionPlan(const CompactionPlan& plan);
Result<CompactionPlan> ParseCompactionPlan(std::string_view bytes);

/// What to delete of one file group (or partition) in a rollback.
struct RollbackRequest {
  std::string partition_path;
  std::string file_id;                                  ///< May be empty.
  std::string latest_base_instant;                      ///< May be empty.
  std::vector<std::string> files_to_delete;             ///< Absolute paths.
  std::map<std::string, int64_t> log_blocks_to_delete;  ///< Absolute log path -> size.
};
struct RollbackPlan {
  std::string instant;  ///< To roll back.
  std::string action;   ///< `deltacommit`, `commit`, ...
  std::vector<RollbackRequest> requests;
};
std::string FormatRollbackPlan(const RollbackPlan& plan);
Result<RollbackPlan> ParseRollbackPlan(std::string_view bytes);

struct RollbackPartition {
  std::vector<std::string> deleted_files;
  std::vector<std::string> failed_files;
  std::map<std::string, int64_t> rollback_log_files;
};
struct RollbackMetadata {
  std::string start_time;  ///< Instant of the rollback.
  int64_t taken_ms = 0;
  std::string instant;  ///< That was rolled back.
  std::string action;
  std::map<std::string, RollbackPartition> partitions;
};
std::string FormatRollbackMetadata(const RollbackMetadata& metadata);

/// The requested file of a replacecommit that is planned by nobody: it says nothing, as Hudi's
/// does.
std::string FormatReplacePlan();

/// Hudi's names of the cleaning policies.
inline constexpr std::string_view kKeepLatestCommits = "KEEP_LATEST_COMMITS";
inline constexpr std::string_view kKeepLatestByHours = "KEEP_LATEST_BY_HOURS";
inline constexpr std::string_view kKeepLatestFileVersions = "KEEP_LATEST_FILE_VERSIONS";

/// What to clean.
struct CleanerPlan {
  std::string policy = std::string(kKeepLatestCommits);
  std::string earliest_instant_to_retain;  ///< May be empty.
  std::string earliest_instant_action;
  std::string last_completed_commit;
  std::map<std::string, std::vector<std::string>> files_by_partition;  ///< Absolute paths.
};
std::string FormatCleanerPlan(const CleanerPlan& plan);
Result<CleanerPlan> ParseCleanerPlan(std::string_view bytes);

struct CleanMetadata {
  std::string policy = std::string(kKeepLatestCommits);
  std::string start_time;
  int64_t taken_ms = 0;
  std::string earliest_instant_to_retain;
  std::string last_completed_commit;
  std::map<std::string, std::vector<std::string>> deleted_by_partition;  ///< File names.
};
std::string FormatCleanMetadata(const CleanMetadata& metadata);

/// One of the three entries (requested, inflight, completed) of an archived instant.
struct ArchivedEntry {
  std::string timestamp;
  std::string action;   ///< As in the timeline file's name: `deltacommit`, `clean`, ...
  std::string state;    ///< `REQUESTED`, `INFLIGHT`, `COMPLETED`.
  std::string content;  ///< Of the instant's file: JSON for commits, an Avro container for others.
  std::string transition_time = {};  ///< When the file appeared, as an instant; empty: `timestamp`.
};

/// Append one archive block (log format, Avro data, at most 10 entries a block by Hudi's habit).
/// Errors: kCorrupt if a content does not parse (names the instant).
Status AppendArchiveBlock(const std::vector<ArchivedEntry>& entries, std::string* out);

/// A completed commit, deltacommit or replacecommit out of an archive of the flat layout.
struct ArchivedCommit {
  std::string timestamp;
  std::string action;
  CommitMetadata metadata;
};

/// The commits of an archive file that completed, as they stand in it (one may stand twice).
/// `wanted`: says by timestamp which. Errors: kCorrupt, naming the instant.
Result<std::vector<ArchivedCommit>> ParseArchivedCommits(
    std::string_view file, const std::function<bool(const std::string& timestamp)>& wanted);

/// Timestamp, action and state of all entries of an archive file; contents stay empty.
/// Errors: kCorrupt.
Result<std::vector<ArchivedEntry>> ParseArchiveFile(std::string_view file);

}  // namespace tapelake::hudi
