#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "io/file_system.h"

namespace tapelake::delivery {

/// Which objects of one stream: those cut at from_micros <= time < to_micros, in whole seconds.
struct ObjectRange {
  std::string lake_path;
  std::string stream;
  int64_t from_micros = 0;
  int64_t to_micros = 0;
};

/// The paths of the raw objects, in cut order (by id). Only the directories of the hours asked for
/// are listed. A lake without raw objects has none. Errors: those of `files`.
Result<std::vector<std::string>> ListRawObjects(io::FileSystem& files, const ObjectRange& range);

/// The paths of the error objects of one type, or of all if it is empty; in cut order, within a cut
/// by type.
Result<std::vector<std::string>> ListErrorObjects(io::FileSystem& files, const ObjectRange& range,
                                                  const std::string& type);

}  // namespace tapelake::delivery
