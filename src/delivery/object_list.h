#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "delivery/object_layout.h"
#include "io/file_system.h"

namespace tapelake::delivery {

/// Which objects of one stream: those whose names say from_micros <= time < to_micros, in whole
/// seconds.
struct ObjectRange {
  std::string lake_path;
  std::string stream;
  int64_t from_micros = 0;
  int64_t to_micros = 0;
  LayoutOptions layout = {};  ///< The one in use. Objects of the default layout are found, too.
};

/// The paths of the raw objects, in cut order (by id). Of the default layout only the directories
/// of the hours asked for are listed, of another one all that its prefix can name. A lake without
/// raw objects has none. Errors: kInvalid (the layout), those of `files`.
Result<std::vector<std::string>> ListRawObjects(io::FileSystem& files, const ObjectRange& range);

/// The paths of the error objects of one type, or of all if it is empty; in cut order, within a cut
/// by type (of another layout than the default: by path).
Result<std::vector<std::string>> ListErrorObjects(io::FileSystem& files, const ObjectRange& range,
                                                  const std::string& type);

}  // namespace tapelake::delivery
