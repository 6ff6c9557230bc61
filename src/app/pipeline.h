#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "app/aws_server.h"
#include "app/monitoring.h"
#include "app/page/page_server.h"
#include "app/table_lane.h"
#include "app/table_plan.h"
#include "app/world.h"
#include "base/status.h"
#include "config/config.h"
#include "serve/local/local_door.h"

namespace tapelake::app {

/// `tapelake up`: the lake's lock, a lane per configured table with a source, every worker on a
/// thread of its own.
///
/// Order of the end, lane by lane: each worker works off what waits for it, drains and ends before
/// the next one does; StopAndJoin() returns. All public functions belong to one thread.
class Pipeline {
 public:
  /// Lock the lake, open every table whose source is not `none`. Nothing runs yet. `world` and
  /// `page_files` (what the HTTP port serves beside the API; may be nullptr) must outlive the
  /// pipeline. Errors: kInvalid (no table has a source), kConflict (another process
  /// writes to the lake), those of FindMarketTable and TableLane::Open.
  static Result<std::unique_ptr<Pipeline>> Open(World& world, const config::Config& config,
                                                const std::vector<TablePlan>& plans,
                                                const serve::AssetStore* page_files);
  /// Stops and joins.
  ~Pipeline();

  /// Start the workers and open the local door (`<lake>/.tapelake/socket`) and, if enabled, the
  /// HTTP port (`dashboard`) and the AWS-compatible one (`doors.aws`). Errors: those of
  /// serve::LocalDoor::Start, PageServer::Start and AwsServer::Start; then nothing runs.
  Status Start();

  /// The HTTP port; nullptr if it is off.
  const PageServer* page() const { return page_.get(); }

  /// The AWS-compatible port; nullptr if it is off.
  AwsServer* aws() const { return aws_.get(); }

  /// One entry per table.
  std::vector<TableProgress> progress() const;

  /// The market; nullptr if there is none. Valid as long as the pipeline.
  MarketDesk* market() const;
  /// The table of its trades; empty if there is none.
  std::string market_table() const;

  /// The lanes, for doors. Valid as long as the pipeline.
  const std::vector<std::unique_ptr<TableLane>>& lanes() const { return lanes_; }

  /// Its metrics and alarms. Valid as long as the pipeline.
  Monitoring& monitoring() { return *monitoring_; }

  /// Whether some worker failed, so that all are ending.
  bool failed() const { return failed_.load(); }

  /// Ask for the end and wait for it. Returns the first failure, with its table's name.
  Status StopAndJoin();

 private:
  /// A worker and its thread.
  struct Post {
    Worker* worker = nullptr;
    std::string table;
    std::thread thread;
    std::atomic<bool> stop{false};
    Status status;
  };

  Pipeline() = default;
  TableLane* market_lane() const;
  Status OpenMonitoring(World& world, const config::Config& config);
  Status OpenPage(const config::Config& config, const serve::AssetStore* page_files);
  Status OpenAws(const config::Config& config);
  std::vector<TableLane*> LanePointers() const;
  void OpenDoor(World& world, const std::string& lake_path);
  void Run(Post* post);
  Status WorkOff(Post* post);

  std::unique_ptr<io::FileLock> lock_;
  std::vector<std::unique_ptr<TableLane>> lanes_;
  std::unique_ptr<Monitoring> monitoring_;    // after the lanes, which it reads
  std::vector<std::unique_ptr<Post>> posts_;  // in the order of the end
  std::unique_ptr<PageServer> page_;          // nullptr: off
  std::unique_ptr<AwsServer> aws_;            // nullptr: off
  std::unique_ptr<serve::LocalDoor> door_;
  std::atomic<bool> failed_{false};
};

}  // namespace tapelake::app
