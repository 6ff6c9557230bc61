#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "delivery/cut_job.h"
#include "delivery/delivery.h"
#include "delivery/delivery_state.h"
#include "delivery/publisher.h"
#include "transform/ndjson_writer.h"

namespace tapelake::delivery {

/// Puts every record into exactly one cut, or into none if it is delivered already. One thread; no
/// I/O.
class Collector {
 public:
  /// `clock` and `publisher` must outlive the collector. The pending cuts of `state` are filled
  /// again.
  Collector(io::Clock& clock, const DeliveryOptions& options,
            std::shared_ptr<const ObjectLayout> layout, const DeliveryState& state,
            Publisher& publisher);

  bool CanAdd() const { return waiting_bytes() < options_.waiting_bytes_max; }
  void Add(const record::Change& change, const DeliveredRecord& record);
  void AddRecord(const DeliveredRecord& record);
  void AddError(transform::ParseError error, std::string_view reason,
                const DeliveredRecord& record);
  void Advance(const std::string& source, uint64_t end_offset);
  void Cut(bool flush);

  /// Whether nothing waits for Cut().
  bool idle() const { return open_ == nullptr; }

  /// Steady time of the open object's first line, 0 if none is open. Any thread.
  int64_t open_since_micros() const { return open_since_micros_.load(); }

 private:
  /// Where a line goes; no job: nowhere.
  struct Place {
    CutJob* job = nullptr;
    size_t part = 0;
  };
  /// A cut of an earlier run that is filled again.
  struct Recovery {
    std::shared_ptr<CutJob> job;
    std::vector<uint64_t> next;  ///< Of each range: records before have been added.
    std::vector<bool> complete;  ///< Of each range.
    size_t incomplete = 0;       ///< Ranges.
  };

  Place Find(const std::string& source, uint64_t offset) {
    if (open_ != nullptr && source == open_source_ && offset >= open_from_) [[likely]]
      return {open_.get(), open_part_};
    return FindSlowly(source, offset);
  }
  Place FindSlowly(const std::string& source, uint64_t offset);
  /// Note that the record found last is there: it may come again if its block is taken again.
  void Note(const Place& place, uint64_t offset) {
    if (place.job == open_.get()) [[likely]]
      open_from_ = offset + 1;
    else
      NoteRecovered(place, offset);
  }
  void NoteRecovered(const Place& place, uint64_t offset);
  /// Add a change where it does not simply go into the one raw object.
  void AddElsewhere(const record::Change& change, const DeliveredRecord& record,
                    const Place& place);
  /// Add text, and what stands behind it, to the one raw object of a place.
  void AddText(std::string_view text, std::string_view end, const Place& place);
  /// The same, to the raw object of partition_; without one (reason_ says why) an error line.
  void AddToPartition(std::string_view text, std::string_view end, bool has_partition,
                      const DeliveredRecord& record, const Place& place);
  /// Add a change of the last part of a transformed cut: its function will say what it becomes.
  void Queue(const record::Change& change, const DeliveredRecord& record, CutJob* job);
  void AddBackup(std::string_view raw, const Place& place);
  /// Count what was appended to the error lines of a place.
  void CountError(int64_t bytes, const Place& place);
  /// Count text that stays as it is until its cut is written.
  void Hold(int64_t bytes, CutJob* job);
  void Recover(const delivery::Cut& cut);
  void AdvanceRecoveries(const std::string& source, uint64_t end_offset);
  void OpenPart(const std::string& source);
  uint64_t Collected(const std::string& source) const;
  /// Let the last range reach to what was added.
  void CloseRange();
  bool Due() const;
  bool Old() const;
  int64_t waiting_bytes() const { return added_bytes_ - publisher_.released_bytes(); }

  io::Clock& clock_;
  const DeliveryOptions options_;
  const std::shared_ptr<const ObjectLayout> layout_;  // of new cuts
  Publisher& publisher_;
  const transform::NdjsonWriter writer_;
  uint64_t next_id_;
  std::map<std::string, uint64_t> collected_;  // source -> records before are in some cut
  std::vector<Recovery> recoveries_;
  int64_t added_bytes_ = 0;

  // Scratch of AddElsewhere() and AddRecord().
  std::string partition_;
  std::string reason_;
  std::vector<char> line_;

  std::shared_ptr<CutJob> open_;
  int64_t open_wall_micros_ = 0;
  std::atomic<int64_t> open_since_micros_{0};  // steady; 0: none open
  // Of the last part of open_:
  std::string open_source_;
  uint64_t open_from_ = 0;  // records before have been added
  size_t open_part_ = 0;
};

}  // namespace tapelake::delivery
