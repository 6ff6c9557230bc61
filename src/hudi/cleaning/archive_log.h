#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "base/status.h"
#include "hudi/format/instant.h"
#include "hudi/format/service_plans.h"
#include "io/file_system.h"

namespace tapelake::hudi {

/// The files of the archived timeline, `.commits_.archive.<n>_1-0-1`: log files of which only the
/// newest grows, until it has kFileBytesMax. It grows by a longer file in its place, never half,
/// which also a file system that cannot append can do.
///
/// One thread and one writer; the file system must outlive it. It remembers which entries of the
/// newest file may still have their timeline files.
class ArchiveLog {
 public:
  static constexpr int64_t kFileBytesMax = int64_t{4} << 20;

  /// Find the newest file and learn its entries. A block that a dead writer left half written at
  /// its end (as earlier versions could) goes when it next grows. A file that cannot be read as an
  /// archive is left as it is and not grown. `folder` must exist. Errors: kUnavailable.
  static Result<ArchiveLog> Open(io::FileSystem& files, const std::string& folder);

  /// Append those of `entries` that are not known to be stored, durably, in one file. On failure
  /// some of them may be stored; Open() again before the next try.
  /// Errors: kCorrupt (a content that does not parse), kUnavailable.
  Status Append(const std::vector<ArchivedEntry>& entries);

  /// Return whether the newest file holds the completed instant and its timeline file may be left.
  bool HoldsCompleted(const Instant& instant) const;

  /// Say that the timeline files of all entries are gone: none of them can come again.
  void Forget() { stored_.clear(); }

 private:
  using EntryId = std::tuple<std::string, std::string, std::string>;  // time, action, state

  ArchiveLog(io::FileSystem& files, std::string folder)
      : files_(files), folder_(std::move(folder)) {}

  Status ReadNewest(int64_t number);
  Status WriteBlocks(const std::string& blocks);
  std::string PathOf(int64_t number) const;

  io::FileSystem& files_;
  std::string folder_;
  int64_t number_ = 1;       // of the file that grows
  int64_t size_bytes_ = 0;   // of it, as it was read or written last
  int64_t whole_bytes_ = 0;  // of them without a block that is half written
  std::set<EntryId> stored_;
};

}  // namespace tapelake::hudi
