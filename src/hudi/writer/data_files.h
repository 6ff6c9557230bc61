#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "io/file_system.h"

namespace tapelake::hudi {

/// Delete data files of an instant that never was, durably; absent ones are fine.
///
/// Durably, because a file that comes back after the instant's own files are gone would count as
/// committed once the timeline is archived past it. `paths` are relative to `base_path`. Goes on
/// after a failure and returns the first. Errors: kUnavailable.
Status DeleteDataFiles(io::FileSystem& files, const std::string& base_path,
                       const std::vector<std::string>& paths);

}  // namespace tapelake::hudi
