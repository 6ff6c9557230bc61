#pragma once

/// The Avro-coded instants of savepoints and restores (docs/internals/hudi-v6.md, section 16), in
/// the form of service_plans.h. Pure. Errors of every Parse*: kCorrupt, naming the field.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "hudi/format/service_plans.h"

namespace tapelake::hudi {

/// What a savepoint pins: the data files that readers of its instant need.
struct SavepointMetadata {
  std::string by;                                                      ///< Who made it.
  int64_t at_ms = 0;                                                   ///< Since 1970 UTC.
  std::string comments;                                                ///< May be empty.
  std::map<std::string, std::vector<std::string>> files_by_partition;  ///< File names.
};
std::string FormatSavepointMetadata(const SavepointMetadata& metadata);
Result<SavepointMetadata> ParseSavepointMetadata(std::string_view bytes);

/// One instant that a restore takes back.
struct RestoredInstant {
  std::string timestamp;
  std::string action;  ///< `deltacommit`, `compaction`, ...
};

/// What a restore is going to do.
struct RestorePlan {
  std::string to_instant;                 ///< What the table goes back to.
  std::vector<RestoredInstant> instants;  ///< To take back, the newest first.
};
std::string FormatRestorePlan(const RestorePlan& plan);
Result<RestorePlan> ParseRestorePlan(std::string_view bytes);

/// What a restore did.
struct RestoreMetadata {
  std::string start_time;  ///< Instant of the restore.
  int64_t taken_ms = 0;
  std::vector<RollbackMetadata> rollbacks;  ///< One per instant taken back, the newest first.
};
std::string FormatRestoreMetadata(const RestoreMetadata& metadata);

/// The instants that a restore took back. Errors: kCorrupt.
Result<std::vector<std::string>> ParseRestoredInstants(std::string_view metadata);

}  // namespace tapelake::hudi
