#pragma once

/// Instants of the timeline and the names of their files (docs/internals/hudi-v6.md, section 3;
/// docs/internals/hudi-reading.md, section 1). Pure; any thread.

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"

namespace tapelake::hudi {

enum class InstantAction : uint8_t {
  kCommit = 1,
  kDeltaCommit = 2,
  kReplaceCommit = 3,
  kCompaction = 4,
  kLogCompaction = 5,
  kClean = 6,
  kRollback = 7,
  kSavepoint = 8,
  kRestore = 9,
  kIndexing = 10,
  kClustering = 11,  ///< Pending only, from table version 8 on; it completes as a replacecommit.
};

/// Ordered by progress: the state of an instant is the highest whose file is present.
enum class InstantState : uint8_t { kRequested = 1, kInflight = 2, kCompleted = 3 };

/// `commit`, `deltacommit`, ...
std::string_view InstantActionName(InstantAction action);

/// `requested`, `inflight`, `completed`.
std::string_view InstantStateName(InstantState state);

/// Where the timeline's files lie and how they are named; numbers as stored in
/// hoodie.timeline.layout.version.
enum class TimelineLayout : uint8_t {
  kFlat = 1,    ///< `.hoodie/`; completed `<t>.commit`. Table versions up to 6.
  kFolder = 2,  ///< `.hoodie/timeline/`; completed `<t>_<completion time>.commit`. From 8 on.
};

/// One action on a table. Ordered by timestamp (as text, which is the only order Hudi knows), then
/// action, then state.
struct Instant {
  std::string timestamp;
  InstantAction action = InstantAction::kCommit;
  InstantState state = InstantState::kRequested;
  std::string completion_time = {};  ///< Of a completed instant in kFolder; else empty.
  TimelineLayout layout = TimelineLayout::kFlat;

  auto operator<=>(const Instant&) const = default;
};

/// The time by which incremental reads order instants: of completion where it is known, else the
/// timestamp.
inline const std::string& OrderTime(const Instant& instant) {
  return instant.completion_time.empty() ? instant.timestamp : instant.completion_time;
}

/// Return whether the action writes rows or files: all but clean, rollback, savepoint, restore and
/// indexing.
bool IsWriteAction(InstantAction action);

/// Parse a file name of `.hoodie/`: `<t>.commit.requested`, `<t>.inflight`, `<t>.commit`, ...
///
/// nullopt for anything that is no instant (properties, folders, temporaries, side files). A
/// completed compaction reads as commit and a completed log compaction as deltacommit, for so they
/// are named. The first form is that of kFlat.
std::optional<Instant> ParseInstantFileName(std::string_view file_name);
std::optional<Instant> ParseInstantFileName(std::string_view file_name, TimelineLayout layout);

/// The file name of an instant in its state. A completed (log) compaction gets its commit name, a
/// completed clustering its replacecommit name; a savepoint has no requested file and gets the
/// inflight name for it.
std::string InstantFileName(const Instant& instant);

/// Return whether `text` can be an instant time: 14 to 20 digits.
bool IsInstantTime(std::string_view text);

/// The last moment an instant time can name, 9999-12-31T23:59:59.999 UTC.
inline constexpr int64_t kInstantMicrosMax = 253'402'300'799'999'000;

/// `yyyyMMddHHmmssSSS` in UTC of microseconds since 1970; cuts to the millisecond. Years 1..9999.
std::string FormatInstantTime(int64_t micros);

/// Microseconds since 1970 of an instant time read as UTC. 14 digits mean the last millisecond of
/// that second; digits after the 17th are ignored. nullopt if it is no calendar time.
std::optional<int64_t> ParseInstantTime(std::string_view timestamp);

/// The time of day of an instant, HHmmssSSS, as a number. As part of its write token it keeps a log
/// file from ever having the name of one that was rolled back, which readers may still remember.
std::string TimeOfDay(const std::string& instant);

}  // namespace tapelake::hudi
