#pragma once

/// Logs that are asked for records: many ordered parts, each a source of its own.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/status.h"
#include "record/log_mark.h"
#include "record/record_block.h"

namespace tapelake::source {

/// A place that was passed, or where a source begins.
struct PullMark {
  std::string source_id;
  record::LogMark mark;
  /// The records of the source are counted anew from `mark.offset` on: they may be others than
  /// those that were counted so before, and none of them was ever handed out.
  bool fresh = false;
};

/// What one Read() brought.
struct PullBatch {
  std::string source_id = {};  ///< Of `block`; empty if it has no records.
  std::string place = {};      ///< Its name for people.
  record::RecordBlock block = {};
  std::vector<PullMark> marks = {};         ///< Also of other sources; fresh ones before the block.
  std::vector<std::string> forgotten = {};  ///< Sources that never come back.
};

/// How a log is getting on.
struct PullFigures {
  /// Event time between the newest record read and now, of the part that is furthest behind; 0 at
  /// the end. Grows while nobody reads.
  int64_t lag_micros = 0;
  int64_t gaps = 0;  ///< Places where the log dropped records before they were read.
  std::string last_gap = {};
  int64_t throttled = 0;  ///< Calls that were refused as too many.
  int64_t failures = 0;   ///< Calls that failed otherwise; they are made again.
  std::string last_failure = {};
  int64_t parts = 0;  ///< Shards that are read or wait for their parents.
};

/// Whether a failure says that a setting, or a stored mark, cannot work, so that to try again at
/// the start is no use.
inline bool IsWrongSetting(const Status& failure) {
  const ErrorKind kind = KindOf(failure);
  return kind == ErrorKind::kUnauthorized || kind == ErrorKind::kNotFound ||
         kind == ErrorKind::kInvalid || kind == ErrorKind::kCorrupt;
}

/// The figures of a log that went on where another one ended.
inline PullFigures FiguresAfter(const PullFigures& before, PullFigures now) {
  now.gaps += before.gaps;
  now.throttled += before.throttled;
  now.failures += before.failures;
  if (now.last_gap.empty()) now.last_gap = before.last_gap;
  if (now.last_failure.empty()) now.last_failure = before.last_failure;
  return now;
}

/// All belongs to one thread, but figures(), which may be called from any.
class PullLog {
 public:
  virtual ~PullLog() = default;

  /// Replace `*batch` by what comes next: at most one block of records. Return false, with an empty
  /// batch, if there is nothing now; ask again a little later. A call of a service is waited for.
  ///
  /// What fails and may pass by itself is counted, and made again. Errors: kUnauthorized,
  /// kNotFound, kInvalid and kCorrupt before the first success: settings, or a mark, that cannot
  /// work.
  virtual Result<bool> Read(PullBatch* batch) = 0;

  /// Called instead of Read() while nobody has room for records: keep alive what must be.
  virtual void Hold() {}

  /// The marks that a commit carries now, of all sources. A hint: nothing depends on it.
  virtual void Committed(const std::map<std::string, record::LogMark>& /*marks*/) {}

  virtual PullFigures figures() const = 0;
};

}  // namespace tapelake::source
