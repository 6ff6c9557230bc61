#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "io/file_system.h"
#include "stream/segment.h"
#include "stream/stream.h"

namespace tapelake::stream {

/// What the segments of a directory hold.
struct RecoveredLog {
  std::vector<Segment> segments;  ///< Oldest first; the last one is scanned in full.
  int64_t torn_bytes = 0;         ///< After the last frame of `torn_segment`: an unfinished write.
  std::string torn_segment;
  bool torn_whole = false;  ///< That segment holds nothing else and is not in `segments`.
};

/// Look at the segments of a stream, changing nothing. An unfinished write at the end is told from
/// damage (docs/internals/stream.md, S6). Errors: kCorrupt (names segment and offset),
/// kUnavailable.
Result<RecoveredLog> RecoverLog(io::FileSystem& files, const std::string& directory, uint64_t salt);

/// Cut what RecoverLog() found to be torn and make everything that remains durable.
/// Errors: kUnavailable; calling both again is safe.
Status RepairLog(io::FileSystem& files, const std::string& directory, const RecoveredLog& log);

}  // namespace tapelake::stream
