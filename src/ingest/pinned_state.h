#pragma once

/// What ingest resumes from at a savepointed commit: its side file, kept beyond the commits that
/// follow (docs/internals/ingest-state.md).

#include <map>
#include <string>

#include "base/status.h"
#include "io/file_system.h"

namespace tapelake::ingest {

/// Keep the side file that `extra_metadata` names for savepoint `instant`, durably; nothing if it
/// names none. Errors: kNotFound (it is gone), kUnavailable.
Status PinState(io::FileSystem& files, const std::string& table_path, const std::string& instant,
                const std::map<std::string, std::string>& extra_metadata);

/// Drop what PinState() kept; fine if there is nothing. Errors: kUnavailable.
Status UnpinState(io::FileSystem& files, const std::string& table_path, const std::string& instant);

/// Make sure that the side file that `extra_metadata` names is in its place, if need be the one
/// that savepoint `instant` keeps. Errors: kConflict (it is gone: nobody kept it), kUnavailable.
Status BringBackState(io::FileSystem& files, const std::string& table_path,
                      const std::string& instant,
                      const std::map<std::string, std::string>& extra_metadata);

}  // namespace tapelake::ingest
