#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "app/world.h"
#include "base/status.h"
#include "io/byte_stream.h"
#include "metrics/registry.h"
#include "query/hot_provider.h"
#include "query/hudi_snapshot_provider.h"
#include "query/session.h"

namespace tapelake::app {

struct GuardedSqlOptions {
  std::string lake_path;
  int threads = 2;                                ///< Of one statement.
  int statements_max = 4;                         ///< At the same time.
  int64_t memory_bytes_max = int64_t{512} << 20;  ///< Of one statement.
  bool check_files = true;
  metrics::Registry* metrics = nullptr;  ///< Counts statements (query/metrics.h); may be nullptr.
};

/// When a statement is ended before its end.
struct StatementBounds {
  int64_t timeout_micros = 0;
  /// Becomes true when nobody waits for the answer any more. nullptr: somebody always does.
  std::shared_ptr<const std::atomic<bool>> abandoned;
};

/// Statements of people behind a door: each in a session of its own that reads the lake and nothing
/// else, with bounds of time and memory. Any thread.
///
/// Errors of all calls: kInvalid (not one statement that reads, or one that reaches beyond the
/// lake), kThrottled (too many at once, over the time, over the memory), kUnavailable (abandoned),
/// kShuttingDown (Stop()), those of query::Session.
class GuardedSql {
 public:
  /// `hot` (may be nullptr) must outlive it.
  GuardedSql(GuardedSqlOptions options, query::HotProvider* hot);
  /// Stops.
  ~GuardedSql();

  Result<query::TextRows> Run(const std::string& sql, int64_t rows_max,
                              const StatementBounds& bounds);

  /// Write all rows as CSV. Nothing is written before the statement is known to be a query.
  Status ExportCsv(const std::string& sql, const StatementBounds& bounds, io::ByteOutput& out);

  /// Write all rows as a Parquet file, made whole before the first byte is written.
  Status ExportParquet(const std::string& sql, const StatementBounds& bounds, io::ByteOutput& out);

  /// End all statements under way and refuse new ones.
  void Stop();

 private:
  /// Why a statement under way is being ended.
  enum class Ending : uint8_t { kByItself = 1, kLate = 2, kAbandoned = 3 };
  /// A statement under way.
  struct Running {
    query::Session* session = nullptr;
    int64_t deadline_micros = 0;  // steady time
    std::shared_ptr<const std::atomic<bool>> abandoned;
    Ending ending = Ending::kByItself;
  };
  /// Holds one of `statements_max` places, and its session.
  class Place;

  Result<std::unique_ptr<Place>> Enter(const StatementBounds& bounds);
  Status Finish(const Status& status, const Place& place);
  Status CopyOut(const std::string& path, io::ByteOutput& out);
  void Watch();

  const GuardedSqlOptions options_;
  World world_;
  query::HotProvider* const hot_;
  query::HudiSnapshotProvider tables_;
  std::unique_ptr<query::SnapshotProvider> confined_;
  std::atomic<int64_t> exports_{0};  // for names of files

  std::mutex mutex_;
  std::condition_variable changed_;
  std::list<Running> running_;  // guarded by mutex_, as the next two
  int entered_ = 0;
  bool stopping_ = false;
  std::thread watcher_;
};

}  // namespace tapelake::app
