#pragma once

/// What is committed, and how a commit becomes visible (docs/internals/hudi-v6.md, section 3).
/// Timelines of both layouts are read; only the flat one is written.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "hudi/format/commit_metadata.h"
#include "hudi/format/instant.h"
#include "io/file_system.h"

namespace tapelake::hudi {

/// An instant time to use, and how long the clock must still run before it may be published.
struct NextInstant {
  std::string timestamp;
  int64_t wait_micros = 0;  ///< 0: at once. Else sleep so long, then ask again.
};

/// All active instants at one moment. Immutable value; any thread.
class Timeline {
 public:
  /// List the names in `<base_path>/.hoodie`. No file is looked at.
  /// Errors: kNotFound (no such folder), kUnavailable.
  static Result<Timeline> Load(io::FileSystem& files, const std::string& base_path);

  /// The same for a table of either layout.
  static Result<Timeline> Load(io::FileSystem& files, const std::string& base_path,
                               TimelineLayout layout);

  /// Build from the file names of `.hoodie/` (kFolder: of `.hoodie/timeline/`); names that are no
  /// instants are skipped.
  static Timeline FromFileNames(const std::vector<std::string>& names);
  static Timeline FromFileNames(const std::vector<std::string>& names, TimelineLayout layout);

  TimelineLayout layout() const { return layout_; }

  /// The same timeline after one more file of `instant` has appeared. Not for compactions, whose
  /// completed file is that of another action.
  Timeline With(const Instant& instant) const;

  /// The same timeline before anything completed after `time` (of completion in kFolder, else of
  /// the instant): what did is not there, what was archived still is committed. Rules of slices
  /// made of it need an `as_of` not after `time`.
  Timeline Until(std::string_view time) const;

  /// One entry per (timestamp, action) in its highest state, ascending. A completed compaction is a
  /// completed commit, a completed log compaction a completed deltacommit.
  const std::vector<Instant>& instants() const { return instants_; }

  /// Completed commit, deltacommit and replacecommit instants, ascending.
  std::vector<Instant> CompletedCommits() const;

  /// Instants of every action that are not completed, ascending.
  std::vector<Instant> PendingInstants() const;

  /// The last of CompletedCommits().
  std::optional<Instant> NewestCompletedCommit() const;

  /// Return whether files of this instant count: it is a completed commit here, or it is older (as
  /// text) than the first write instant here, which means archived. A pending instant never counts.
  /// Savepointed instants do not mark the beginning: archival may leave them behind.
  bool IsCommitted(std::string_view timestamp) const;

  /// When the commit `timestamp` completed: in kFolder as its file name says, else, and for
  /// archived ones, the timestamp itself. Empty if it is not committed.
  std::string_view CompletionTimeOf(std::string_view timestamp) const;

  /// An instant time greater than all known ones, in UTC, that is never ahead of the clock.
  ///
  /// If the newest known instant is not before `now_micros`, `wait_micros` says how long to sleep;
  /// the caller decides how much is too much (clocks that disagree, or a writer in another zone).
  /// Errors: kCorrupt (a known instant is no calendar time and sorts after now).
  Result<NextInstant> NextInstantTime(int64_t now_micros) const;

 private:
  TimelineLayout layout_ = TimelineLayout::kFlat;
  std::vector<Instant> instants_;
  std::string first_write_instant_;  // first that no savepoint pins; empty: none
};

/// Read the metadata of a completed commit, deltacommit or replacecommit, `instant` filled in: JSON
/// or, from table version 8 on, an Avro container.
/// Errors: kNotFound, kCorrupt (naming the file), kUnavailable.
Result<CommitMetadata> ReadCommitMetadata(io::FileSystem& files, const std::string& base_path,
                                          const Instant& instant);

/// Moves instants through their states, each a file of its own that appears whole or not at all.
/// One thread at a time; the referenced file system must outlive it.
class TimelineWriter {
 public:
  TimelineWriter(io::FileSystem& files, std::string base_path)
      : files_(files), base_path_(std::move(base_path)) {}

  /// Create the requested file; for commits its content is empty.
  /// Errors: kConflict (the file exists: another writer took this time), kUnknownOutcome,
  /// kUnavailable.
  Status CreateRequested(const std::string& timestamp, InstantAction action,
                         std::string_view content);

  /// Create the inflight file. Errors: as CreateRequested, and kConflict if the requested file is
  /// gone (another writer rolled the instant back). A savepoint has no requested file.
  Status CreateInflight(const std::string& timestamp, InstantAction action,
                        std::string_view content);

  /// Publish the completed file: the single act that commits.
  ///
  /// Errors: kInvalid (empty content; nothing done), kConflict (the inflight file is gone or the
  /// completed file exists; nothing done), kUnavailable (nothing done), kUnknownOutcome (read the
  /// timeline to know).
  Status Complete(const std::string& timestamp, InstantAction action, std::string_view content);

  /// Remove inflight and requested file of an instant that is not completed, so that it never was.
  /// Its data files must be gone before. Absent files are fine, so a repeat after a failure is
  /// safe. Errors: kInvalid (it is completed; nothing done), kUnavailable.
  Status DeletePending(const std::string& timestamp, InstantAction action);

 private:
  std::string PathOf(const Instant& instant) const;
  Status Create(const Instant& instant, std::string_view content);
  Status RequirePresent(const Instant& instant);
  Status DeleteIfPresent(const Instant& instant);

  io::FileSystem& files_;
  std::string base_path_;
};

}  // namespace tapelake::hudi
