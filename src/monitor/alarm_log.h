#pragma once

#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"
#include "io/file_system.h"

namespace tapelake::monitor {

/// The log of transitions: a file with one JSON object a line. Full, it takes the place of the one
/// before (`<path>.old`) and begins anew, so both together stay below twice kLogBytesMax. What
/// cannot be written waits for the next line, since a full disk is just what its alarms are about.
/// One thread; lines are not synced: the log is for people, nothing is decided by it.
class AlarmLog {
 public:
  static constexpr int64_t kLogBytesMax = 4 << 20;
  static constexpr size_t kHeldBackMax = 256;  ///< Lines; the oldest goes first.

  /// `files` must outlive it. The file is opened, and its directory made, with the first line.
  AlarmLog(io::FileSystem& files, std::string path) : files_(files), path_(std::move(path)) {}

  /// Append the lines that wait, then `json` and a newline. After an error it waits, too, and no
  /// part of it is in the file; the next line opens the file again. Errors: kUnavailable.
  Status Append(std::string_view json);

 private:
  Status AppendHeldBack();
  Status AppendLine(std::string_view line);
  Status Rotate();

  io::FileSystem& files_;
  const std::string path_;
  std::unique_ptr<io::AppendFile> file_;
  std::deque<std::string> held_back_;  // lines with their newline, oldest first
};

}  // namespace tapelake::monitor
