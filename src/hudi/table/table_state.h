#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <arrow/type.h>

#include "base/status.h"
#include "hudi/file_slice/file_slice.h"
#include "hudi/format/table_config.h"
#include "hudi/index/bucket_index.h"
#include "hudi/timeline/timeline.h"
#include "hudi/writer/commit_job.h"
#include "io/file_system.h"

namespace tapelake::hudi {

/// Where a state is read from. Everything referenced must outlive the call.
struct TableSource {
  io::FileSystem& files;
  const std::string& base_path;
  const TableConfig& config;
};

/// What a table consists of, as of one listing of `.hoodie`, held in memory. A commit of our own
/// updates it without a look at the disk; what others did is read again as far as it went.
///
/// One thread.
class TableState {
 public:
  /// List the names in the timeline's folder that can mean a change, sorted.
  static Result<std::vector<std::string>> ListNames(io::FileSystem& files,
                                                    const std::string& base_path,
                                                    TimelineLayout layout);

  /// Read everything. Errors: kInvalid (a copy-on-write table with log files), kCorrupt,
  /// kUnavailable, kNotFound (a file went away meanwhile: list and load again).
  static Result<std::unique_ptr<TableState>> Load(const TableSource& source,
                                                  std::vector<std::string> names);

  /// Take up the difference between names() and `names`. Returns false, unchanged, if what happened
  /// needs a Load(). After an error the state must be dropped. Errors: as Load.
  Result<bool> Follow(const TableSource& source, const std::vector<std::string>& names);

  /// Take up a commit of our own that was published: its three files, what `job` wrote. Not for
  /// replacecommits. Errors: kInternal (the schema that was written does not parse).
  Status AddCommit(const std::string& instant, InstantAction action, const CommitJob& job);

  /// Keep the slices by bucket; 0: by file id. Errors: those of BucketIndex::Make; the state stays
  /// as it is.
  Status IndexBuckets(uint32_t bucket_count);

  const std::vector<std::string>& names() const { return names_; }
  bool HasName(const std::string& name) const;
  const std::shared_ptr<const Timeline>& timeline() const { return timeline_; }
  const std::shared_ptr<arrow::Schema>& schema() const { return schema_; }
  /// nullptr unless IndexBuckets() was asked for some.
  const BucketIndex* buckets() const { return index_ ? &*index_ : nullptr; }
  /// Empty if there are buckets(). Valid until the state changes.
  std::span<const FileSlice> slices() const { return slices_; }

  /// The latest slices, sorted by partition path, then file id.
  std::vector<FileSlice> Slices() const;
  /// Those that have logs; much less work in a big table. Perhaps some that have none, too.
  std::vector<FileSlice> SlicesWithLogs() const;

 private:
  TableState() = default;
  Status ReadSchema(const TableSource& source);
  void Put(FileSlice slice);
  Status ReloadPartitions(const TableSource& source, const std::vector<std::string>& partitions);

  std::vector<std::string> names_;
  std::shared_ptr<const Timeline> timeline_;
  std::shared_ptr<arrow::Schema> schema_;
  std::string schema_text_;           // of the newest commit that says it
  std::vector<FileSlice> slices_;     // by partition path, file id; unless there is an index
  std::optional<BucketIndex> index_;  // then in here
};

}  // namespace tapelake::hudi
