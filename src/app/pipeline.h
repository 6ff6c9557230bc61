#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "app/ingest_job.h"
#include "app/table_plan.h"
#include "app/table_worker.h"
#include "app/world.h"
#include "base/status.h"
#include "config/config.h"

namespace tapelake::app {

/// How the files of a configured source are read.
source::FileSourceOptions FileOptionsOf(const config::SourceConfig& source);

/// `tapelake up`: every configured table with a source, each on a thread of its own.
///
/// Order of the end: the threads notice the stop, read no more, commit what they have, and end;
/// Join() returns. All public functions belong to one thread.
class Pipeline {
 public:
  /// Open every table whose source is not `none`. Nothing runs yet.
  /// Errors: kInvalid (no table has a source), those of ingest::TableIngest::Open.
  static Result<std::unique_ptr<Pipeline>> Open(const config::Config& config,
                                                const std::vector<TablePlan>& plans);
  /// Stops and joins.
  ~Pipeline();

  void Start();

  /// One entry per table.
  std::vector<TableProgress> progress() const;

  /// Whether some table failed, so that all are ending.
  bool failed() const { return stop_.load(); }

  /// Ask for the end and wait for it. Returns the first failure, with its table's name.
  Status StopAndJoin();

 private:
  struct Lane {
    World world;  // of its own: randomness belongs to one thread
    std::unique_ptr<TableWorker> worker;
    std::thread thread;
    Status status;
  };

  Pipeline() = default;
  void Run(Lane* lane);

  std::vector<std::unique_ptr<Lane>> lanes_;
  std::atomic<bool> stop_{false};
};

}  // namespace tapelake::app
