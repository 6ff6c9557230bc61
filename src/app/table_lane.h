#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/aws_plan.h"
#include "app/compaction_worker.h"
#include "app/ingest_job.h"
#include "app/market/market_lane.h"
#include "app/pull_worker.h"
#include "app/source_worker.h"
#include "app/stream_worker.h"
#include "app/table_plan.h"
#include "app/table_worker.h"
#include "app/world.h"
#include "base/status.h"
#include "config/config.h"
#include "delivery/delivery.h"
#include "hot/hot_table.h"
#include "io/clock.h"
#include "stream/stream.h"
#include "stream/stream_writer.h"

namespace tapelake::app {

/// Everything that works for one table in `up`: its source, its stream, ingest, the market if the
/// table holds its trades, delivery and compaction, each a worker.
///
/// The order of workers() is the order of the end: each is drained after those before it have
/// ended, so that what one passed on the next still takes.
class TableLane {
 public:
  /// Open or make stream, table, delivery and, if asked for, the market. Nothing runs yet. The
  /// caller holds the lake's lock. Errors: those of the parts, with the table's name.
  static Result<std::unique_ptr<TableLane>> Open(const config::Config& config,
                                                 const TablePlan& plan, bool with_market);

  std::vector<Worker*> workers();

  const std::string& table_name() const { return name_; }
  TableProgress progress() const { return table_worker_->progress(); }
  hot::HotTable& hot() { return hot_; }

  /// The writer of the table's stream; nullptr if it is fed from files or by a
  /// service that keeps its records itself.
  stream::StreamWriter* stream_writer() { return stream_writer_.get(); }
  stream::Stream* stream() { return stream_.get(); }

  const metrics::Histogram& commit_durations() const { return table_worker_->commit_durations(); }
  delivery::DeliveryCounts delivery_counts() const { return delivery_->counts(); }
  int64_t compactions_done() const { return compaction_worker_->done(); }

  /// The market of the table's trades; nullptr if it has none.
  MarketDesk* market() { return market_ == nullptr ? nullptr : &market_->desk(); }

  /// The simulator began with a past that ends here; 0: it did not.
  int64_t past_until_micros() const { return past_until_micros_; }

  /// What opening the stream found; empty texts if there is none.
  const stream::OpenReport& stream_report() const { return stream_report_; }

 private:
  TableLane() = default;
  void OpenPull(const config::Config& config, const TablePlan& plan);
  Status OpenStream(const config::Config& config, const TablePlan& plan);
  Status OpenTable(const config::Config& config, const TablePlan& plan);

  World world_;             // of the table worker: randomness belongs to one thread
  World compaction_world_;  // of the compaction worker
  std::string name_;
  hot::HotTable hot_;
  int64_t past_until_micros_ = 0;
  stream::OpenReport stream_report_;
  std::unique_ptr<stream::Stream> stream_;
  std::unique_ptr<stream::StreamWriter> stream_writer_;
  std::unique_ptr<AwsWorld> transform_aws_;  // of the delivery worker; nullptr: no transform
  std::unique_ptr<delivery::Delivery> delivery_;
  std::unique_ptr<MarketLane> market_;
  std::unique_ptr<SourceWorker> source_worker_;
  std::unique_ptr<AwsWorld> aws_;  // of the pull worker
  io::SystemClock pull_clock_;     // of the pull worker
  std::unique_ptr<PullWorker> pull_worker_;
  std::unique_ptr<StreamWorker> stream_worker_;
  std::unique_ptr<TableWorker> table_worker_;
  std::unique_ptr<DeliveryWorker> delivery_worker_;
  std::unique_ptr<CompactionWorker> compaction_worker_;
};

}  // namespace tapelake::app
