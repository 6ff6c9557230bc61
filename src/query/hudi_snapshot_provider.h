#pragma once

/// SnapshotProvider over Hudi tables.

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "hudi/reader/base_file_check.h"
#include "hudi/table/table.h"
#include "query/hidden_rows.h"
#include "query/log_overlay_cache.h"
#include "query/snapshot_provider.h"

namespace tapelake::query {

struct HudiProviderOptions {
  /// Of the logs kept; those of a running statement do not count.
  int64_t log_bytes_max = int64_t{256} << 20;
  bool check_files = true;  ///< Whether CheckFiles() does anything.
};

/// Keeps tables open, decoded logs, which rows they hide, and which files were found whole, for all
/// sessions that share the provider: what did not change since is not read again. Any thread; one
/// lock, held while a table is resolved.
class HudiSnapshotProvider : public SnapshotProvider {
 public:
  explicit HudiSnapshotProvider(const hudi::TableEnvironment& environment,
                                const HudiProviderOptions& options = {})
      : environment_(environment), options_(options), logs_(options.log_bytes_max) {}

  /// The names of `.hoodie` and of `.hoodie/timeline` (where newer versions keep it).
  Result<std::string> TimelineVersion(const std::string& path) override;

  Result<TableSnapshot> Resolve(const std::string& path) override;

  /// A commit holds hot rows if it carries other positions (`tapelake.positions`) than `instant`.
  Result<TableSnapshot> ResolveUnderHot(const std::string& path,
                                        const std::string& instant) override;

  Result<TableSnapshot> ResolvePast(const std::string& path, const PastQuery& query) override;

  Result<std::unique_ptr<hudi::TableView>> View(const std::string& path) override;

  /// Reads each file once in the life of the provider, several at a time.
  Status CheckFiles(const std::string& path, const TableSnapshot& snapshot) override;

  Result<std::vector<LogLayers>> ReadLogs(const std::string& path,
                                          const TableSnapshot& snapshot) override;

  const LogOverlayCache& logs() const { return logs_; }

 private:
  /// The newest snapshot of a table, and its properties in `config`.
  Result<hudi::Snapshot> Newest(const std::string& path, hudi::TableConfig* config);

  hudi::TableEnvironment environment_;
  const HudiProviderOptions options_;
  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<hudi::Table>> tables_;
  LogOverlayCache logs_;
  HiddenRowsCache hidden_rows_;
  hudi::CheckedBaseFiles checked_;
};

}  // namespace tapelake::query
