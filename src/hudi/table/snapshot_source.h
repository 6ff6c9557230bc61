#pragma once

#include <string>

#include "hudi/reader/slice_reader.h"
#include "hudi/table/table.h"
#include "io/file_system.h"

namespace tapelake::hudi {

/// How the slices of `snapshot` are read so that their rows are those a query sees: under the
/// table's own merge rule. All three must outlive the source.
inline SliceSource SourceOf(io::FileSystem& files, const std::string& base_path,
                            const Snapshot& snapshot) {
  return {.files = files,
          .base_path = base_path,
          .timeline = *snapshot.timeline,
          .schema = snapshot.schema,
          .scan = {.as_of = snapshot.instant,
                   .precombine_field = snapshot.precombine_field,
                   .merge = snapshot.merge}};
}

}  // namespace tapelake::hudi
