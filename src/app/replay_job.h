#pragma once

/// `tapelake replay`: the records of files, or of a lake's raw and error objects, at a pace.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "app/world.h"
#include "base/status.h"
#include "delivery/object_list.h"
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
  /// Files that could not be read to their end, and why; the others went on.
  std::vector<Status> failures;
};

/// Write the wire records to `output`, one a line (in base64 if it holds a line end itself), until
/// the files or Ctrl-C end it. `progress` is called after every block. Errors: those of `output`
/// and of the pace.
Result<ReplayCounts> RunReplay(World& world, const ReplayOptions& options, io::ByteOutput& output,
                               const std::function<void(const ReplayCounts&)>& progress);

/// Which objects of a lake to replay.
struct ReplayObjects {
  bool errors = false;     ///< Error objects, else raw objects.
  std::string error_type;  ///< Of error objects; empty: all.
  delivery::ObjectRange range;
};

/// Their paths in cut order. Errors: kNotFound if there are none (says where it looked), those of
/// the file system.
Result<std::vector<std::string>> FindReplayObjects(World& world, const ReplayObjects& objects);

/// A moment as people write it, UTC: `2026-11-22`, `2026-11-22T09`, `2026-11-22T09:30`,
/// `2026-11-22T09:30:00`; a blank for the T and a zone are fine too. nullopt for anything else.
std::optional<int64_t> ParseReplayTime(const std::string& text);

}  // namespace tapelake::app
