#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "hudi/cleaning/archive_log.h"
#include "hudi/format/instant.h"
#include "hudi/timeline/timeline.h"
#include "io/file_system.h"

namespace tapelake::hudi {

/// Moves completed instants into the archive: first their entries, durably; then the requested and
/// inflight files go; then, oldest first and each durably before the next, the completed files.
///
/// Whoever looks in between, or after power went, sees every instant either completed or older than
/// the first one: committed in both cases. One thread; single-writer rule. The file system must
/// outlive it.
class ArchivalJob {
 public:
  /// `archive_folder`: relative to `.hoodie`.
  ArchivalJob(io::FileSystem& files, std::string base_path, std::string archive_folder);

  /// Archive the instants, which PlanArchival chose. After a failure each is archived, or still on
  /// the timeline, or both; archived again it is not stored twice unless the archive's newest file
  /// was damaged. Errors: kCorrupt (an instant whose content does not parse), kUnavailable.
  Status Run(const std::vector<Instant>& instants);

  /// Take off the timeline what a failed Run() left both archived and active; up to the first
  /// savepoint, as archival does. Returns how many. Errors: kUnavailable.
  Result<int64_t> Finish(const Timeline& timeline);

 private:
  Status OpenArchive(const std::string& folder);
  Status Store(const std::vector<ArchivedEntry>& entries);
  Status TakeOffTimeline(const std::vector<Instant>& instants,
                         const std::vector<Instant>& unfinished);
  Status Remove(const std::vector<Instant>& instants);

  io::FileSystem& files_;
  std::string base_path_;
  std::string archive_folder_;
  std::unique_ptr<ArchiveLog> archive_;  // nullptr: not looked at yet
};

}  // namespace tapelake::hudi
