#pragma once

/// What query needs to know of a table: which files, which columns, what lies over the files.

#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include <arrow/type.h>

#include "base/status.h"
#include "hudi/file_slice/file_slice.h"
#include "hudi/format/file_name.h"
#include "hudi/log/log_overlay.h"
#include "hudi/table/table_view.h"
#include "hudi/timeline/timeline.h"

namespace tapelake::query {

class HiddenRows;

/// How record key and partition path of a row come from its data columns.
struct KeyLayout {
  std::string record_key_field;  ///< Empty: not one single column.
  std::string partition_field;   ///< Empty: not partitioned, or not by one column.
  hudi::PartitionPathStyle style = {};
};

/// The files of a table at one instant.
struct TableSnapshot {
  std::string instant;                    ///< Newest completed instant; empty without commits.
  std::shared_ptr<arrow::Schema> schema;  ///< Data columns in order, without `_hoodie_*`.
  std::vector<std::string> file_paths;    ///< Base files with no logs over them.

  // What ReadLogs() works from.
  std::vector<hudi::FileSlice> logged_slices = {};  ///< With or without base file.
  std::shared_ptr<const hudi::Timeline> timeline = nullptr;
  std::string precombine_field = {};
  hudi::MergeRule merge = hudi::MergeRule::kOverwriteWithLatest;

  KeyLayout keys = {};

  /// The value of `keys.partition_field` in every row of a base file, by the file's path. Files
  /// that are not in it may hold any value.
  std::map<std::string, std::string, std::less<>> partition_values = {};

  /// Which rows are wanted, by `_hoodie_commit_time`: those between these two and, if
  /// `commit_times` is not empty, with one of them. Empty: all rows.
  std::string first_commit_time = {};
  std::string last_commit_time = {};
  std::vector<std::string> commit_times = {};
};

/// A read of a table that is not simply its newest snapshot.
struct PastQuery {
  enum class Kind : uint8_t { kSnapshot, kIncremental };

  Kind kind = Kind::kSnapshot;
  std::string as_of = {};       ///< Of kSnapshot; an instant time; empty: now.
  bool read_optimized = false;  ///< Of kSnapshot: base files only.
  hudi::TimeRange range = {};   ///< Of kIncremental.

  auto operator<=>(const PastQuery& other) const {
    return std::tie(kind, as_of, read_optimized, range.begin, range.end) <=>
           std::tie(other.kind, other.as_of, other.read_optimized, other.range.begin,
                    other.range.end);
  }
  bool operator==(const PastQuery& other) const { return (*this <=> other) == 0; }
};

/// The merged logs of one file slice.
struct LogLayers {
  std::string base_file_path;  ///< Empty: the slice has none.
  /// Oldest first: a key of a later one hides the rows of all earlier ones and of the base file.
  std::vector<std::shared_ptr<const hudi::LogOverlay>> levels;
  /// What earlier statements learned of the base file's rows under these levels; may be nullptr.
  std::shared_ptr<HiddenRows> hidden_rows = nullptr;
};

/// Resolve a path to a snapshot. Any thread.
class SnapshotProvider {
 public:
  virtual ~SnapshotProvider() = default;

  /// Return a text that changes whenever the table's timeline does; much cheaper than Resolve.
  /// Errors: kNotFound (no table at `path`), kUnavailable.
  virtual Result<std::string> TimelineVersion(const std::string& path) = 0;

  /// Return the newest snapshot of the table at `path`. No log is read. Errors: kNotFound (no
  /// table), kInvalid (a kind of table that is not read), kCorrupt, kUnavailable; each names the
  /// path.
  virtual Result<TableSnapshot> Resolve(const std::string& path) = 0;

  /// Return the newest snapshot over which hot rows may lie that are those after the commit
  /// `instant` (empty: that no commit holds): commits of other writers count, a later commit that
  /// holds such rows and all after it do not. Errors: those of Resolve.
  virtual Result<TableSnapshot> ResolveUnderHot(const std::string& path,
                                                const std::string& instant) = 0;

  /// Return what a query of the past reads. Errors: those of hudi::TableView::SnapshotAt and
  /// Incremental; kInvalid (a provider that knows only the newest snapshots).
  virtual Result<TableSnapshot> ResolvePast(const std::string& path, const PastQuery& query);

  /// Return the table at `path` as it is now, for its history. Errors: those of
  /// hudi::TableView::Open; kInvalid as ResolvePast().
  virtual Result<std::unique_ptr<hudi::TableView>> View(const std::string& path);

  /// Check the base files of a snapshot of `path` before they are read (docs/internals/seal.md).
  /// Errors: kCorrupt, naming the file; kNotFound, kUnavailable.
  virtual Status CheckFiles(const std::string& path, const TableSnapshot& snapshot) = 0;

  /// Read the logs of a snapshot of `path`, one entry per slice that has any. Errors: those of
  /// hudi::ReadLogOverlay.
  virtual Result<std::vector<LogLayers>> ReadLogs(const std::string& path,
                                                  const TableSnapshot& snapshot) = 0;
};

}  // namespace tapelake::query
