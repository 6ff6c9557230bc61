#pragma once

/// The files of table services' instants, beside what TimelineWriter does.

#include <string>
#include <string_view>

#include "base/status.h"
#include "hudi/format/instant.h"
#include "io/file_system.h"

namespace tapelake::hudi {

/// Path of an instant's file in its state.
std::string InstantPath(const std::string& base_path, const Instant& instant);

/// Read the requested file of an instant in whatever state: a table service's plan.
/// Errors: kNotFound, kUnavailable.
Result<std::string> ReadRequested(io::FileSystem& files, const std::string& base_path,
                                  const Instant& instant);

/// Create the inflight file of an instant unless an earlier try did.
/// Errors: those of TimelineWriter::CreateInflight.
Status EnsureInflight(io::FileSystem& files, const std::string& base_path, const Instant& instant,
                      std::string_view content);

}  // namespace tapelake::hudi
