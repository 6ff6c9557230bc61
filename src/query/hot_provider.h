#pragma once

/// Where query gets rows that are durable but not committed yet.

#include <string>

#include "base/status.h"
#include "hot/hot_table.h"

namespace tapelake::query {

/// Supplies the hot rows of tables: those of this process, or of one we are attached to. Any
/// thread.
class HotProvider {
 public:
  virtual ~HotProvider() = default;

  /// This moment's view of the table at `path`; an empty one if nothing is hot there. Cheap: asked
  /// for once per table and statement. Errors: kUnavailable (the process that has the rows does not
  /// answer).
  virtual Result<hot::HotView> View(const std::string& path) = 0;
};

}  // namespace tapelake::query
