#pragma once

/// SnapshotProvider over Hudi tables.

#include <string>

#include "hudi/table/table.h"
#include "query/snapshot_provider.h"

namespace tapelake::query {

/// Resolves tables by opening them anew each time: no state between calls.
class HudiSnapshotProvider : public SnapshotProvider {
 public:
  explicit HudiSnapshotProvider(const hudi::TableEnvironment& environment)
      : environment_(environment) {}

  /// The names of `.hoodie` and of `.hoodie/timeline` (where newer versions keep it).
  Result<std::string> TimelineVersion(const std::string& path) override;

  Result<TableSnapshot> Resolve(const std::string& path) override;

 private:
  hudi::TableEnvironment environment_;
};

}  // namespace tapelake::query
