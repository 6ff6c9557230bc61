#pragma once

/// SnapshotProvider over Hudi tables.

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "hudi/table/table.h"
#include "query/log_overlay_cache.h"
#include "query/snapshot_provider.h"

namespace tapelake::query {

/// Keeps tables open and decoded logs, for all sessions that share the provider: what did not
/// change since is not read again. Any thread; one lock, held while a table is resolved.
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
  /// The newest snapshot of a table, and its properties in `config`.
  Result<hudi::Snapshot> Newest(const std::string& path, hudi::TableConfig* config);

  hudi::TableEnvironment environment_;
  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<hudi::Table>> tables_;
  LogOverlayCache logs_;
};

}  // namespace tapelake::query
