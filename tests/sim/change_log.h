#pragma once

/// What the simulated producers put, what the stream therefore holds, and the table that follows.

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "io/random.h"
#include "source/simulator.h"
#include "stream/stream.h"
#include "stream/stream_writer.h"

namespace tapelake::sim {

/// One record of the stream.
struct SimRecord {
  std::string bytes;
  std::string key;  ///< Partition key of the put; for a change the row's key.
  std::string event_id;
  std::string version;  ///< What the row shows: `_change_sequence` or `_change_time` text.
  bool removes = false;
  bool is_garbage = false;  ///< Cannot become a row.
};

/// The producers of one run: puts the simulator's events (and some garbage) in order, again and
/// again until they are acknowledged, and remembers what the stream must hold. One thread.
class ChangeLog {
 public:
  /// Errors: kInvalid.
  static Result<std::unique_ptr<ChangeLog>> Make(const source::SimulatorOptions& options,
                                                 double garbage, uint64_t seed);

  /// Offer up to `records_max` of what is not acknowledged as one put, unless one is under way.
  /// Return whether something was offered.
  bool Offer(stream::StreamWriter& writer, int64_t records_max);

  /// The first broken promise of an acknowledgement.
  const Status& status() const { return status_; }

  /// After a restart: check that the stream holds every acknowledged record (that retention has not
  /// dropped), and take note of puts that were written but never acknowledged. Errors: kInternal
  /// (the promise is broken).
  Status Recover(stream::Stream& stream);

  /// Record `i` of the stream has sequence number i + 1.
  const std::vector<SimRecord>& stored() const { return stored_; }
  bool all_put() const { return next_ == records_.size(); }
  double progress() const {
    return static_cast<double>(next_) / static_cast<double>(records_.size());
  }
  /// Records that were put a second time, because nobody acknowledged the first.
  int64_t put_twice() const { return put_twice_; }
  const source::Simulator& simulator() const { return *simulator_; }

 private:
  ChangeLog() = default;
  void Acknowledge(size_t records, const Result<stream::StreamWriter::Places>& places);

  std::unique_ptr<source::Simulator> simulator_;
  std::vector<SimRecord> records_;  // to be put, in order
  size_t next_ = 0;                 // records_ before it are acknowledged
  std::set<size_t> in_doubt_;       // sizes of puts from next_ on that nobody acknowledged
  bool under_way_ = false;
  Status status_;
  std::vector<stream::PutEntry> entries_;  // of the put under way
  std::vector<SimRecord> stored_;
  int64_t put_twice_ = 0;
};

/// The newest change of every key among the first records of the stream.
class TableOracle {
 public:
  explicit TableOracle(const std::vector<SimRecord>& records) : records_(records) {}

  struct Row {
    std::string version;
    bool removed = false;
  };
  /// The rows by key (removed ones included) after the records with sequence numbers before
  /// `next_sequence`. The reference lives until the next call.
  const std::map<std::string, Row>& At(uint64_t next_sequence);

  const SimRecord& record(uint64_t sequence) const { return records_.at(sequence - 1); }

 private:
  const std::vector<SimRecord>& records_;
  size_t applied_ = 0;
  std::map<std::string, Row> rows_;
};

}  // namespace tapelake::sim
