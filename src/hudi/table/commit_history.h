#pragma once

/// The completed commits of a table, active and archived (docs/internals/hudi-reading.md, section
/// 4).

#include <functional>
#include <string>
#include <vector>

#include "base/status.h"
#include "hudi/format/commit_metadata.h"
#include "hudi/format/table_config.h"
#include "hudi/timeline/timeline.h"
#include "io/file_system.h"

namespace tapelake::hudi {

/// A stretch of history: after `begin`, up to and with `end`. Times are those of OrderTime():
/// instants up to table version 6, completion times from 8 on; any text that sorts right will do.
struct TimeRange {
  std::string begin;  ///< Exclusive; empty: from the first commit.
  std::string end;    ///< Inclusive; empty: to the newest.

  bool Contains(std::string_view time) const {
    return time > begin && (end.empty() || time <= end);
  }
};

/// One completed commit, deltacommit or replacecommit (compactions included).
struct HistoryCommit {
  Instant instant;
  bool archived = false;
  CommitMetadata metadata;
};

/// Where history is read from. Everything referenced must outlive the call.
struct HistorySource {
  io::FileSystem& files;
  const std::string& base_path;
  const TableConfig& config;
  const Timeline& timeline;
};

/// Read the commits of `range`, ascending by OrderTime(), each once. The archive is read only if
/// the range begins before the first commit that is active. Memory: the metadata of those commits.
/// Errors: kCorrupt (naming the file), kUnavailable, kNotFound (an instant was archived meanwhile:
/// load the timeline again).
Result<std::vector<HistoryCommit>> ReadHistory(const HistorySource& source, const TimeRange& range);

/// The same commits one by one, in no order, so that a long history need not fit into memory.
/// Memory: one file of the archive, and the timestamps. Errors: those of ReadHistory and `visit`.
Status VisitHistory(const HistorySource& source, const TimeRange& range,
                    const std::function<Status(HistoryCommit commit)>& visit);

}  // namespace tapelake::hudi
