#pragma once

/// Merged logs kept from statement to statement. Internal to query.

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <arrow/type.h>

#include "base/status.h"
#include "hudi/file_slice/file_slice.h"
#include "hudi/log/log_overlay.h"
#include "hudi/timeline/timeline.h"
#include "io/file_system.h"

namespace tapelake::query {

/// What the logs of one table are read by.
struct LogSource {
  io::FileSystem& files;
  const std::string& base_path;
  const hudi::Timeline& timeline;
  std::shared_ptr<arrow::Schema> schema;
  hudi::LogScanOptions scan;
};

/// Reads the logs of slices and keeps the least recently unused within a bound.
///
/// A slice gets a new log with every commit. Its logs are merged in runs of 4, the last ones of 2
/// and 1, each kept by itself, so that each log is decoded three times, however many follow, and no
/// statement has to decode many at once. Runs can stand one over the other only if no ordering
/// value of a later run is less than one of an earlier, and no later run rolls back; else all are
/// merged as one. So they are where a row of the base file may win: what a run loses against it, an
/// earlier one must not hide.
///
/// Any thread.
class LogOverlayCache {
 public:
  explicit LogOverlayCache(int64_t bytes_max) : bytes_max_(bytes_max) {}

  /// The merged logs of a slice, oldest run first; never empty for a slice with logs.
  /// Errors: those of hudi::ReadLogOverlay.
  Result<std::vector<std::shared_ptr<const hudi::LogOverlay>>> Levels(const LogSource& source,
                                                                      const hudi::FileSlice& slice);

  int64_t log_files_read() const;  ///< Since the start, each time one was decoded.

 private:
  struct Entry {
    std::string key;
    std::shared_ptr<arrow::Schema> schema;
    std::string precombine_field;
    hudi::MergeRule merge = hudi::MergeRule::kOverwriteWithLatest;
    std::shared_ptr<const hudi::LogOverlay> overlay;
  };
  using Entries = std::list<Entry>;

  Result<std::shared_ptr<const hudi::LogOverlay>> Run(const LogSource& source,
                                                      const hudi::FileSlice& run);
  std::shared_ptr<const hudi::LogOverlay> Find(const LogSource& source, const std::string& key);
  void Keep(Entry entry);

  const int64_t bytes_max_;
  mutable std::mutex mutex_;
  Entries entries_;  // the most recently used first
  std::map<std::string, Entries::iterator> by_key_;
  int64_t bytes_ = 0;
  int64_t log_files_read_ = 0;
};

}  // namespace tapelake::query
