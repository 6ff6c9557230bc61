#pragma once

/// A seeded model of the DynamoDB table CryptoTransactions and of its change stream.

#include <cstdint>
#include <memory>
#include <string>

#include "base/status.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "record/change.h"
#include "record/record_block.h"

namespace tapelake::source {

/// How much of what to simulate. The table's states depend on `seed`, `changes`, `start_micros`,
/// `changes_per_second`, `odd_types` and `added_attributes` only; the other members decide how the
/// changes are written down.
struct SimulatorOptions {
  uint64_t seed = 1;
  /// Changes of the table (duplicates come on top). 0: without end.
  int64_t changes = 20'000;
  record::RecordShape shape = record::RecordShape::kStreams;
  /// Event time of the start; the default 2024-05-01T22:00:00Z soon crosses a day's border.
  int64_t start_micros = 1'714'600'800'000'000;
  /// Mean rate in event time. 0: such that `changes` fill 30 hours (two day borders).
  double changes_per_second = 0;
  /// Share of the events that come a second time, later by at most `disorder_micros` (60 s if that
  /// is 0). 0..1
  double duplicates = 0;
  /// Bound of the disorder: an event comes at most this much (event time) after newer ones. 0:
  /// none.
  int64_t disorder_micros = 0;
  /// Share of the events that come late, if there is disorder. 0..1
  double disorder_fraction = 0.05;
  /// Share of inserts and edits that leave a value of an unexpected type, size or format. 0..1
  double odd_types = 0.01;
  /// A live run begins so long before the clock's time and hands that past out at once, as fast as
  /// it is read.
  int64_t history_micros = 0;
  /// New attributes that appear after half of the changes (without end: after 5,000). 0..9
  int added_attributes = 2;
};

/// What a simulator has made so far. changes = inserts + modifies + removes;
/// events = changes + duplicates, once all held-back events are out.
struct SimulatorCounts {
  int64_t changes = 0;
  int64_t inserts = 0;
  int64_t modifies = 0;
  int64_t removes = 0;
  int64_t events = 0;      ///< Records handed out.
  int64_t duplicates = 0;  ///< Events that come twice.
  int64_t late = 0;        ///< Events held back.
  int64_t moves = 0;       ///< Changes that put a row into another day.
  int64_t odd = 0;         ///< Changes that made an odd value.
  int64_t rows = 0;        ///< Items in the table now.
};

/// The simulator. One thread.
///
/// The simulated database is a real little table (simulation/simulated_table.h); every event's
/// images are its states. Trades arrive in self-exciting clusters, settle, get corrected, moved,
/// removed and sometimes put again. Same options, same bytes. Entry offsets count events from 0.
class Simulator : public record::RecordSource {
 public:
  /// A run in simulated time, as fast as it is read. The whole table stays in memory (about 400
  /// bytes a row), for WriteExpected. Errors: kInvalid, naming the option and its range.
  static Result<std::unique_ptr<Simulator>> Make(const SimulatorOptions& options);

  /// A run in real time: starts at `clock`'s wall time less `history_micros`, hands out what is due
  /// by its steady time. `start_micros` is ignored and `changes_per_second` must be given. Rows
  /// that will not change any more are forgotten, so memory stays bounded. `clock` must outlive the
  /// simulator. Errors: kInvalid.
  static Result<std::unique_ptr<Simulator>> MakeLive(const SimulatorOptions& options,
                                                     io::Clock& clock);
  ~Simulator() override;

  /// See RecordSource. A live run returns true with no entries while nothing is due. Cannot fail.
  Result<bool> ReadBlock(record::RecordBlock* block) override;

  /// Write the expected final table as CSV: the state of the simulated database at this moment (see
  /// simulation/expected_table.h for the form). Call it after ReadBlock has returned false.
  /// Errors: kInvalid for a live run; those of `files`.
  Status WriteExpected(io::FileSystem& files, const std::string& path) const;

  const SimulatorCounts& counts() const;

 private:
  Simulator();
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tapelake::source
