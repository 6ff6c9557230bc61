#pragma once

/// What the operating system knows about this process and its disks. Any thread.

#include <cstdint>
#include <string>

#include "base/status.h"

namespace tapelake::io {

struct ProcessFigures {
  int64_t resident_bytes = 0;
  int64_t cpu_micros = 0;  ///< User and system time of all threads since the start.
  int64_t open_files = 0;  ///< Descriptors, sockets included.
};

/// This process. Errors: kUnavailable.
Result<ProcessFigures> ReadProcessFigures();

struct DiskFigures {
  int64_t total_bytes = 0;
  int64_t free_bytes = 0;  ///< That this user may still write.
};

/// The file system that holds `path`, which must exist. Errors: kNotFound, kUnavailable.
Result<DiskFigures> ReadDiskFigures(const std::string& path);

}  // namespace tapelake::io
