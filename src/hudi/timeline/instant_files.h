#pragma once

/// The instants' files in `.hoodie`, beside what TimelineWriter does.

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "hudi/format/instant.h"
#include "io/file_system.h"

namespace tapelake::hudi {

/// Path of the folder that holds the timeline.
std::string TimelineFolder(const std::string& base_path, TimelineLayout layout);

/// List the names in `.hoodie` (kFolder: `.hoodie/timeline`), sorted. No file is opened; one is
/// looked for.
///
/// A listing takes time, and archival may delete while it goes on: an instant whose completed file
/// went first would look pending, or like a hole between two others. Archival deletes the oldest
/// instant first, so as long as that one is still there nothing is missing; else it is listed
/// again. Errors: kNotFound (no such folder), kUnavailable.
Result<std::vector<std::string>> ListInstantNames(io::FileSystem& files,
                                                  const std::string& base_path);
Result<std::vector<std::string>> ListInstantNames(io::FileSystem& files,
                                                  const std::string& base_path,
                                                  TimelineLayout layout);

/// Path of an instant's file in its state.
std::string InstantPath(const std::string& base_path, const Instant& instant);

/// Read the requested file of an instant in whatever state: a table service's plan.
/// Errors: kNotFound, kUnavailable.
Result<std::string> ReadRequested(io::FileSystem& files, const std::string& base_path,
                                  const Instant& instant);

/// For messages: the requested file of an instant in whatever state.
std::string PlanPlace(const std::string& base_path, const Instant& instant);

/// Create the inflight file of an instant unless an earlier try did.
/// Errors: those of TimelineWriter::CreateInflight.
Status EnsureInflight(io::FileSystem& files, const std::string& base_path, const Instant& instant,
                      std::string_view content);

}  // namespace tapelake::hudi
