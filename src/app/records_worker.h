#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "app/stream_feed.h"
#include "app/worker.h"
#include "base/status.h"
#include "delivery/delivery.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "record/record_block.h"
#include "stream/stream.h"

namespace tapelake::app {

/// Delivers the records of a log as they came, each in exactly one object. Step() belongs to one
/// thread; everything else may be called from another.
class RecordsWorker : public Worker {
 public:
  struct Parts {
    io::FileSystem& files;  ///< Must outlive the worker, as all references.
    io::Clock& clock;
    stream::Stream& log;   ///< Its records are held back until they are delivered.
    std::string consumer;  ///< Who holds them back.
    uint64_t from = 1;     ///< The first record that is wanted.
  };

  /// Open delivery; `options` have a layout of records as they came. Nothing may have been dropped
  /// from the log since its start. Errors: those of delivery::Delivery::Open and StreamFeed::Make.
  static Result<std::unique_ptr<RecordsWorker>> Open(const Parts& parts,
                                                     const delivery::DeliveryOptions& options);

  std::string name() const override { return "records"; }

  /// Take records, cut and write what is due. What fails is tried again after a pause. Errors:
  /// kCorrupt.
  Result<bool> Step() override;

  /// Nothing: what is in no object yet stays in the log.
  Status Drain() override { return Status::OK(); }

  /// Deliver by other options what is not in a cut yet.
  void Change(const delivery::DeliveryOptions& options);

  /// Deliver all that is in the log now, however little. Blocks until Step() did it. Errors: what
  /// hindered the next attempt; kShuttingDown after End().
  Status Flush();

  /// Wait until somebody asks for something, `micros` at most.
  void WaitForWork(int64_t micros);

  /// Step() will not be called any more: whoever waits is told.
  void End();

  delivery::DeliveryCounts counts() const;

 private:
  explicit RecordsWorker(const Parts& parts) : parts_(parts) {}
  Status OpenAsAsked();
  Result<bool> Work();
  Result<bool> Take();
  bool FlushIsDue() const;
  void TellTaken();

  const Parts parts_;

  // Of the thread of Step().
  std::unique_ptr<StreamFeed> feed_;
  record::RecordBlock block_;
  uint64_t fed_ = 0;  // records before were added
  int64_t opened_ = 0;
  int64_t retry_micros_ = 0;  // steady time of the next try

  mutable std::mutex mutex_;  // guards all below; only Step() changes delivery_ and delivered_
  std::condition_variable asked_;
  std::condition_variable settled_;
  std::unique_ptr<delivery::Delivery> delivery_;  // nullptr: opened again in the next step
  delivery::DeliveryCounts counts_before_;        // of those before it
  delivery::DeliveryOptions options_;
  int64_t asked_options_ = 1;  // counts what was asked for; opened_ what was done
  uint64_t delivered_ = 0;     // records before are in objects
  uint64_t flush_until_ = 0;
  int64_t failures_ = 0;
  Status failure_;          // of the last one
  bool has_asked_ = false;  // since the last wait
  bool ended_ = false;
};

}  // namespace tapelake::app
