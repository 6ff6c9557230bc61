#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"
#include "io/file_system.h"

namespace tapelake::monitor {

/// The log of transitions: a file with one JSON object a line. Full, it takes the place of the one
/// before (`<path>.old`) and begins anew, so both together stay below twice kLogBytesMax. One
/// thread; lines are not synced: the log is for people, nothing is decided by it.
class AlarmLog {
 public:
  static constexpr int64_t kLogBytesMax = 4 << 20;

  /// `files` must outlive it. The file is opened, and its directory made, with the first line.
  AlarmLog(io::FileSystem& files, std::string path) : files_(files), path_(std::move(path)) {}

  /// Append `json` and a newline. After an error the next line opens the file again.
  /// Errors: kUnavailable.
  Status Append(std::string_view json);

 private:
  Status AppendLine(std::string_view json);
  Status Rotate();

  io::FileSystem& files_;
  const std::string path_;
  std::unique_ptr<io::AppendFile> file_;
};

}  // namespace tapelake::monitor
