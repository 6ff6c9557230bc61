#pragma once

/// The work of `stream put`: records of a source, in batches, to the running pipeline.

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"
#include "io/byte_stream.h"
#include "io/clock.h"
#include "record/record_block.h"
#include "serve/local/local_client.h"
#include "transform/line_reader.h"
#include "transform/record_parser.h"

namespace tapelake::cli {

/// How often each latency was seen, within 2 %. A fixed 16 KiB, however many are added.
class LatencyHistogram {
 public:
  void Add(int64_t micros);
  /// The latency that `share` (0..1) of all did not pass; 0 if there is none.
  int64_t MicrosAt(double share) const;
  int64_t max_micros() const { return max_micros_; }

 private:
  static constexpr int kStepBits = 6;  // steps per power of two: 64
  std::array<int64_t, 2048> counts_{};
  int64_t count_ = 0;
  int64_t max_micros_ = 0;
};

/// Finds what decides a record's shard.
class PartitionKeyFinder {
 public:
  /// What has no usable key of its own goes under this one: the pipeline makes an error object of
  /// it, or not; any shard will do.
  static constexpr std::string_view kNone = "-";

  /// `field`: a member of the JSON record (string or number); empty: the item's key attribute of
  /// a change record.
  explicit PartitionKeyFinder(std::string field) : field_(std::move(field)) {}

  /// record::kRecordPaddingBytes must be readable after `record`. The key lives until the next call
  /// and as long as the record.
  std::string_view Find(std::string_view record);

 private:
  std::string field_;
  std::string found_;
  transform::RecordParser parser_;
};

/// Lines of a byte stream as records; lines of no bytes are passed over. Of a line over
/// stream::kRecordBytesMax the beginning is handed on. `input` must outlive it. While no bytes
/// come, `gives_up` is asked ten times a second: true ends the records.
std::unique_ptr<record::RecordSource> MakeLineSource(io::ByteInput& input,
                                                     std::function<bool()> gives_up);

struct PutOptions {
  std::string stream;
  std::string partition_key_field;
  int64_t batch_records_max = 2'000;  ///< And at most about 1 MiB.
  int64_t records_per_second = 0;     ///< 0: as fast as it goes.
  /// Set once no more records are wanted: a source that waits for some must give up then. Records
  /// are read on a thread of their own, and PutAll returns when that has ended.
  std::atomic<bool>* over = nullptr;
};

struct PutCounts {
  int64_t records = 0;  ///< Acknowledged.
  int64_t bytes = 0;
  int64_t batches = 0;
  int64_t without_key = 0;
  int64_t throttled = 0;  ///< Batches that had to be put again.
  uint64_t first_sequence = 0;
  uint64_t last_sequence = 0;
  /// From when a batch was sent (with a rate: due) to its acknowledgement.
  LatencyHistogram latencies;
};

/// Put everything of `records`, or until Ctrl-C. `counts` is right also after a failure. A
/// throttled batch is put again for a minute. Errors: those of source and client.
Status PutAll(const PutOptions& options, record::RecordSource& records, serve::LocalClient& client,
              io::Clock& clock, PutCounts* counts, const std::function<void()>& progress);

}  // namespace tapelake::cli
