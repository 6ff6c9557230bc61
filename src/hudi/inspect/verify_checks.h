#pragma once

/// The parts of VerifyTable().

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "base/status.h"
#include "hudi/inspect/finding.h"
#include "hudi/inspect/table_evidence.h"
#include "hudi/inspect/verify.h"

namespace tapelake::hudi {

/// Gathers findings up to a limit. Any thread.
class FindingList {
 public:
  explicit FindingList(int64_t findings_max) : findings_max_(findings_max) {}

  void Add(Finding finding);
  /// Move what was found to `report`, sorted by kind, path, instant and key.
  void MoveTo(VerifyReport* report);
  bool empty() const;

 private:
  int64_t findings_max_;
  mutable std::mutex mutex_;  // guards the rest
  std::vector<Finding> findings_;
  int64_t left_out_ = 0;
};

/// How an instant stands that a file names.
enum class InstantStanding : uint8_t {
  kActive = 1,      ///< A completed commit of the timeline.
  kArchived = 2,    ///< A completed commit of the archive.
  kPending = 3,     ///< Begun.
  kNewer = 4,       ///< Not there yet when the timeline was listed.
  kUnknownOld = 5,  ///< Older than the timeline and in no archive: readers take it for committed.
  kUnproven = 6,    ///< Older than the timeline, and there is no archive to ask.
  kNever = 7,       ///< Not committed, and not going to be.
};
InstantStanding StandingOf(const TableEvidence& evidence, const std::string& timestamp);
/// The same for a file of `group` that names the instant. Where nothing but pinned commits is left,
/// readers take no archived one for committed any more; but what those wrote and a pinned one
/// replaced or superseded is no orphan: cleaning takes it once there are other commits again.
InstantStanding StandingOf(const TableEvidence& evidence, const std::string& timestamp,
                           const FileGroupId& group);

/// Instants, savepoints, the metadata table, and what commits say of file names. Pure.
void CheckTimeline(const TableEvidence& evidence, int64_t now_micros, FindingList* findings);

/// Files that are missing, too many, or of another size than their commit says. Pure.
void CheckFiles(const TableEvidence& evidence, FindingList* findings);

/// Read all log files: do they parse, hold what their commits say, belong to somebody? Change-data
/// logs: do they parse?
/// Errors: kUnavailable, kNotFound (a file went away meanwhile).
Status CheckLogFiles(io::FileSystem& files, const TableEvidence& evidence, int threads,
                     FindingList* findings);

/// Read all base files, and the rows of the newest slices. `schema`: data columns of the table.
/// Fills `report->rows`. Errors: as CheckLogFiles.
Status CheckRows(io::FileSystem& files, const TableEvidence& evidence,
                 const std::shared_ptr<arrow::Schema>& schema, const VerifyOptions& options,
                 FindingList* findings, VerifyReport* report);

}  // namespace tapelake::hudi
