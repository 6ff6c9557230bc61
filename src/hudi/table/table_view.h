#pragma once

/// Reading a Hudi table of version 6, 8 or 9: snapshots, time travel, incremental reads, history.
/// Format: docs/internals/hudi-v6.md, docs/internals/hudi-reading.md.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "hudi/file_slice/file_slice.h"
#include "hudi/format/table_config.h"
#include "hudi/table/commit_history.h"
#include "hudi/table/table.h"
#include "hudi/timeline/timeline.h"
#include "io/file_system.h"

namespace tapelake::hudi {

/// Read and check the properties of a table, `hoodie.properties` or its backup. Errors: kNotFound
/// (no table), kInvalid (a version or feature that is not read; says which), kCorrupt.
Result<TableConfig> ReadTableConfig(io::FileSystem& files, const std::string& base_path);

/// Read a moment as an instant time: an instant (14 to 20 digits; 14 mean the end of that second),
/// or a date or timestamp as in ISO 8601 (no zone: UTC), cut to the millisecond.
/// Errors: kInvalid, naming the text.
Result<std::string> ParseMoment(std::string_view text);

/// Which rows of a merge-on-read table are wanted; alike for copy-on-write.
enum class QueryMode : uint8_t {
  kSnapshot = 1,       ///< Base files and logs merged.
  kReadOptimized = 2,  ///< Base files only: as fresh as the last compaction.
};

/// The state at `snapshot.instant` of the rows that commits of a range wrote.
struct IncrementalSnapshot {
  /// Slices of the file groups that those commits touched, as of the end of the range; without
  /// their base files where these are older than the range.
  Snapshot snapshot;

  /// Rows belong to the answer if `_hoodie_commit_time` is between these two, and, if
  /// `commit_times` is not empty, is one of them. `all_rows`: every row of the slices belongs to
  /// it.
  std::string first_commit_time;
  std::string last_commit_time;
  std::vector<std::string> commit_times;
  bool all_rows = false;

  bool Takes(std::string_view commit_time) const;
};

/// One table at one moment: what its timeline said when it was opened. Immutable but for what it
/// keeps in memory; one thread. The file system must outlive it.
///
/// Cleaning may delete old files at any time; a read that comes too late fails with kNotFound.
class TableView {
 public:
  /// Read properties and timeline. Errors: those of ReadTableConfig, kUnavailable.
  static Result<std::unique_ptr<TableView>> Open(io::FileSystem& files,
                                                 const std::string& base_path);

  io::FileSystem& files() const { return files_; }
  const std::string& base_path() const { return base_path_; }
  const TableConfig& config() const { return config_; }
  const Timeline& timeline() const { return *timeline_; }

  /// The table as of the newest completed commit not after the instant time `as_of` (empty: the
  /// newest), with the schema of then. Before the first commit it is empty.
  ///
  /// Errors: kInvalid (files of that time were cleaned; names the first instant still available),
  /// kCorrupt, kUnavailable.
  Result<Snapshot> SnapshotAt(const std::string& as_of, QueryMode mode);

  /// The rows that the commits of `range` wrote, as they stood at its end; no deletes. Only the
  /// partitions of those commits are listed, and only their file groups are in the answer.
  ///
  /// Errors: kInvalid (files of the range's end were cleaned; names the first instant still
  /// available), kUnavailable (up to table version 6: a commit older than the end of the range is
  /// still pending, whose rows a reader that goes on from there would never see; names both),
  /// kCorrupt.
  Result<IncrementalSnapshot> Incremental(const TimeRange& range);

  /// The completed commits of a range, archive included. Errors: those of ReadHistory.
  Result<std::vector<HistoryCommit>> History(const TimeRange& range);

  /// The snapshot of some file groups as of OrderTime() `time`; without a check of what was
  /// cleaned. `groups` nullptr: all, and every partition is listed. Errors: kCorrupt, kUnavailable.
  Result<Snapshot> GroupsAt(const std::string& time, const std::set<FileGroupId>* groups);

  /// Whether incremental reads of the range make sense. Errors: kInvalid (a table without meta
  /// columns; a range that ends before all that counts), kUnavailable, as Incremental() says.
  Status CheckIncremental(const TimeRange& range);

  /// Whether the newest files of these groups as of OrderTime() `time` are all there: those of what
  /// is replaced since, and of slices that a clean has taken in part. After GroupsAt().
  /// Errors: kInvalid, as SnapshotAt(); those of ReadHistory.
  Status CheckGroups(const std::string& time, const std::set<FileGroupId>& groups);

  /// An error that names the first instant whose files are all still there. `wanted` says what
  /// could not be read.
  Status CleanedError(const std::string& wanted, const std::string& time);

 private:
  TableView(io::FileSystem& files, std::string base_path, TableConfig config, Timeline timeline);

  struct Listing {
    PartitionFiles files;
    std::set<std::string, std::less<>> names;
  };

  HistorySource source() const;
  using CommitFilter = std::function<bool(const Instant& instant)>;

  Result<std::shared_ptr<arrow::Schema>> SchemaAt(const CommitFilter& counts,
                                                  const std::vector<FileSlice>& slices);
  /// Without the schema. `groups` nullptr: all.
  Result<Snapshot> SnapshotBy(std::shared_ptr<const Timeline> timeline, const std::string& as_of,
                              const std::set<FileGroupId>* groups);
  /// The bound of the clean's plan; empty: it has none, or is gone.
  Result<std::string> EarliestRetained(const Instant& clean);
  /// Whether a clean, be it done or only planned, may have taken files that readers as of then
  /// need. The files were listed before: whoever deleted one of them has said so by now.
  Result<bool> MayBeCleaned(const std::string& as_of);
  Status CheckCounts(const std::string& as_of);
  Status CheckAvailable(const std::string& as_of, const CommitFilter& counts);
  Result<const Listing*> ListingOf(const std::string& partition);
  Status ListAll();
  Result<bool> HasFiles(const std::string& partition, const std::vector<std::string>& paths);
  Result<bool> IsComplete(const std::vector<HistoryCommit>& history);

  io::FileSystem& files_;
  std::string base_path_;
  TableConfig config_;
  std::shared_ptr<const Timeline> timeline_;
  bool all_listed_ = false;
  std::map<std::string, Listing> listings_;               // by partition
  std::shared_ptr<const Timeline> later_timeline_;        // loaded after the last listing
  std::map<std::string, std::string> earliest_retained_;  // by the instant of the clean
  std::optional<std::vector<HistoryCommit>> whole_history_;
  std::map<std::string, std::shared_ptr<arrow::Schema>> schemas_;  // by their Avro text
};

}  // namespace tapelake::hudi
