#pragma once

/// SnapshotProvider over Hudi tables.

#include <cstdint>
#include <string>
#include <vector>

#include "hudi/table/table.h"
#include "query/log_overlay_cache.h"
#include "query/snapshot_provider.h"

namespace tapelake::query {

/// Resolves tables by opening them anew each time; decoded logs are kept, for all sessions that
/// share the provider. Any thread.
class HudiSnapshotProvider : public SnapshotProvider {
 public:
  /// `log_bytes_max` bounds the logs kept; those of a running statement do not count.
  explicit HudiSnapshotProvider(const hudi::TableEnvironment& environment,
                                int64_t log_bytes_max = int64_t{256} << 20)
      : environment_(environment), logs_(log_bytes_max) {}

  /// The names of `.hoodie` and of `.hoodie/timeline` (where newer versions keep it).
  Result<std::string> TimelineVersion(const std::string& path) override;

  Result<TableSnapshot> Resolve(const std::string& path) override;

  /// A commit holds hot rows if it carries other positions (`tapelake.positions`) than `instant`.
  Result<TableSnapshot> ResolveUnderHot(const std::string& path,
                                        const std::string& instant) override;

  Result<std::vector<LogLayers>> ReadLogs(const std::string& path,
                                          const TableSnapshot& snapshot) override;

  const LogOverlayCache& logs() const { return logs_; }

 private:
  hudi::TableEnvironment environment_;
  LogOverlayCache logs_;
};

}  // namespace tapelake::query
