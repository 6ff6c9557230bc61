#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "app/worker.h"
#include "io/clock.h"
#include "record/record_block.h"
#include "source/simulator.h"
#include "stream/stream_writer.h"
#include "transform/record_parser.h"

namespace tapelake::app {

/// The live simulator as a source of records. The seed is mixed with the start time, so that two
/// runs do not invent the same transaction ids. `clock` must outlive the source. Errors: kInvalid.
Result<std::unique_ptr<record::RecordSource>> MakeLiveSimulator(source::SimulatorOptions options,
                                                                io::Clock& clock);

/// Record source -> stream. A record is put under its item's key, so that all changes of an item
/// are in one shard.
///
/// Step() blocks until its records are durable. What could not be put is put again; nothing is
/// skipped. One thread; `writer` must outlive the worker.
class SourceWorker : public Worker {
 public:
  SourceWorker(std::string name, std::unique_ptr<record::RecordSource> source,
               stream::StreamWriter& writer);

  std::string name() const override { return name_; }

  /// Put one block. Returns false also after a failure that may pass (no space, throttled): the
  /// same block is put at the next step. Errors: those of the source, and kUnknownOutcome if the
  /// stream is closed.
  Result<bool> Step() override;
  Status Drain() override { return Status::OK(); }

 private:
  std::string_view PartitionKeyOf(std::string_view record);

  std::string name_;
  std::unique_ptr<record::RecordSource> source_;
  stream::StreamWriter& writer_;
  transform::RecordParser parser_;
  record::RecordBlock block_;
  std::vector<std::string> partition_keys_;
};

}  // namespace tapelake::app
