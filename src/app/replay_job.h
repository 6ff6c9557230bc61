#pragma once

/// `tapelake replay` without a lake: the records of files, at a pace, as bytes.

#include <functional>
#include <string>
#include <vector>

#include "app/world.h"
#include "base/status.h"
#include "io/byte_stream.h"
#include "source/file_source.h"

namespace tapelake::app {

struct ReplayOptions {
  std::vector<std::string> paths;  ///< Files and directories.
  source::FileSourceOptions format;
  double speed = 1;  ///< As ParseSpeed: 0 is unpaced.
};

struct ReplayCounts {
  int64_t records = 0;
  int64_t bytes = 0;
};

/// Write the wire records to `output`, one a line, until the files or Ctrl-C end it. `progress` is
/// called after every block. Errors: those of the files and of `output`; a damaged file does not
/// stop the others, its error comes at the end.
Result<ReplayCounts> RunReplay(World& world, const ReplayOptions& options, io::ByteOutput& output,
                               const std::function<void(const ReplayCounts&)>& progress);

}  // namespace tapelake::app
