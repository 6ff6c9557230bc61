#pragma once

/// The merged logs of one slice, under every merge rule.

#include <memory>
#include <string>

#include <arrow/type.h>

#include "base/status.h"
#include "hudi/file_slice/file_slice.h"
#include "hudi/log/log_overlay.h"
#include "hudi/timeline/timeline.h"
#include "io/file_system.h"

namespace tapelake::hudi {

/// Read and merge the log files of `slice` as ReadLogOverlay() does. Where `options.merge` lets a
/// row of the base file win over the logs, keys and ordering values of the base file are read,
/// batch by batch, and what loses against them is left out of the overlay; so the overlay lies over
/// the base file by the one rule that its keys hide rows. Errors: those of ReadLogOverlay and
/// BaseFileReader.
Result<std::shared_ptr<const LogOverlay>> ReadSliceLogs(
    io::FileSystem& files, const std::string& base_path, const FileSlice& slice,
    const Timeline& timeline, const std::shared_ptr<arrow::Schema>& schema, LogScanOptions options);

}  // namespace tapelake::hudi
