#pragma once

/// The raw layer: every change as one NDJSON line in exactly one object, and every record that
/// could not become a row in exactly one error object. What Firehose is to the managed pipeline.
/// Protocol and numbered invariants: docs/internals/delivery.md.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "delivery/object_layout.h"
#include "delivery/transformer.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "record/change.h"
#include "record/table_definition.h"
#include "transform/record_parser.h"

namespace tapelake::delivery {

struct DeliveryOptions {
  std::string lake_path;
  std::string stream;               ///< In `raw/<stream>/...`; empty: `database.table`.
  std::string state_path = {};      ///< Below the lake; empty: StatePath(stream).
  uint64_t first_id = 1;            ///< Of the first cut of a stream that has no state yet.
  bool raw = true;                  ///< Off: only error objects are written.
  int64_t buffer_bytes = 32 << 20;  ///< NDJSON bytes of one raw object, before compression.
  /// Oldest line's greatest age before an object is cut. 0: it is cut as soon as no other waits to
  /// be written.
  int64_t buffer_micros = 60'000'000;
  int64_t waiting_bytes_max = 128 << 20;  ///< Lines and objects in memory; see CanAdd().
  LayoutOptions layout = {};              ///< Names and form of objects cut from now on.
  TransformOptions transform = {};        ///< Of changes that come from now on.
};

/// Where a record came from, and its bytes.
struct DeliveredRecord {
  const std::string& source;
  uint64_t offset = 0;     ///< Where it starts in the source.
  std::string_view place;  ///< The source's name for people.
  std::string_view raw;
};

struct DeliveryCounts {
  int64_t lines = 0;  ///< In raw objects written since Open.
  int64_t raw_objects = 0;
  int64_t raw_bytes = 0;  ///< Compressed.
  int64_t error_lines = 0;
  int64_t error_objects = 0;
  TransformCounts transform = {};
  int64_t open_since_micros = 0;  ///< Steady time of the open object's first line; 0: none open.
};

/// Delivery of one table, or of records as they came. The source positions delivered are its own,
/// kept in
/// `<lake>/.tapelake/delivery/<stream>/`: the boundaries of an object are durable there before the
/// object is, so that after a crash the same records make the same bytes under the same name.
///
/// Raw lines are transform's replayable row lines: attributes keep their names whatever the table
/// calls its columns, and RawLineReader gets the change out of them again.
///
/// Names: `raw/<stream>/YYYY/MM/DD/HH/<stream>-1-YYYY-MM-DD-HH-MM-SS-<id>.ndjson.gz` and
/// `errors/<type>/YYYY/MM/DD/HH/<stream>-...-<id>.ndjson`, UTC time of the cut, `<id>` grows; or as
/// another layout has it. A cut that was begun under one layout is finished under it.
///
/// With partition keys a change goes to the raw object of its partition; if it has none, or the cut
/// has too many, it becomes an error line of type `processing-failed`, and that is where it is.
///
/// With a transform a function makes the lines of raw objects: what it returns for the record, any
/// bytes, as they are. What it drops is nowhere; what failed is an error line of type
/// `processing-failed`. It may be asked again for what no object holds; objects never change.
///
/// Thread rule: everything but Step() belongs to one thread; Step() may run on another.
class Delivery {
 public:
  /// `files` and `clock` must outlive it. The caller holds the lake's lock. Errors: kCorrupt (state
  /// file; names it), kInvalid (options), kUnavailable.
  static Result<std::unique_ptr<Delivery>> Open(io::FileSystem& files, io::Clock& clock,
                                                const record::TableDefinition& table,
                                                const DeliveryOptions& options);
  ~Delivery();

  /// Records of `source` before this offset are delivered for good. The caller must Add() every
  /// record from here on, in order, and may skip those before; what is delivered or added already
  /// makes no second line. Any thread.
  uint64_t DeliveredOffset(const std::string& source) const;

  /// Whether there is room; if not, read no more records until Step() has made some.
  bool CanAdd() const;

  /// Add the line of one change, parsed from `record`.
  void Add(const record::Change& change, const DeliveredRecord& record);

  /// Add a record as it came. The layout has `as_they_came`, and then nothing else is added. A
  /// record without bytes makes nothing.
  void AddRecord(const DeliveredRecord& record);

  /// Add a record that cannot become a row.
  void AddError(transform::ParseError error, std::string_view reason,
                const DeliveredRecord& record);

  /// All records of `source` before `end_offset` have been added (also if none made a line). Call
  /// it after each block, before records of another source.
  void Advance(const std::string& source, uint64_t end_offset);

  /// Cut an object if one is due by size or time, or (with `flush`) if anything waits; nothing
  /// while records are added but not advanced over. Without lines only the position moves.
  Status Cut(bool flush);

  /// Compress 256 KiB of lines, have one batch transformed (which takes as long as the function
  /// does), or write one cut: state, objects, state. Return whether there was anything to do. After
  /// a failure call it again: it does the same. Errors: kUnavailable, kCorrupt (the content file of
  /// a transformed cut; names it).
  Result<bool> Step();

  /// Whether nothing waits for Cut() or, cut, for Step(). A cut of an earlier run whose sources
  /// have not all come back does not count: it waits for them, through restarts.
  bool idle() const;

  DeliveryCounts counts() const;

 private:
  class Impl;
  explicit Delivery(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tapelake::delivery
