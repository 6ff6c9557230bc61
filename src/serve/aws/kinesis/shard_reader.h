#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "io/file_system.h"
#include "stream/frame.h"
#include "stream/segment.h"
#include "stream/stream.h"

namespace tapelake::serve {

/// Where a reader of a shard goes on.
struct ReadPosition {
  uint64_t sequence = 1;  ///< The first record of the stream that it has not passed.
  /// A frame that stands before or at it, so that nothing is searched for: first record of its
  /// segment, and offset. 0: not known.
  uint64_t segment = 0;
  uint64_t offset = 0;
};

/// Records of one shard, and where to go on.
struct ShardRecords {
  struct Record {
    uint64_t sequence = 0;
    int64_t arrival_micros = 0;
    bool encrypted = false;  ///< As it is stored.
    std::string_view partition_key;
    std::string_view data;
  };
  std::vector<Record> records;  ///< Into `frames`.
  std::vector<std::shared_ptr<const stream::Frame>> frames;
  ReadPosition next;
  /// Arrival of the newest record that was passed, of whatever shard; 0: none was.
  int64_t passed_arrival_micros = 0;
  bool at_end = false;  ///< `next` is behind the newest durable record, or the end of the shard.
};

/// Reads records with their keys, shard by shard, from a stream's segments while it is written.
///
/// Only what the stream says is durable is looked at. Any thread. Memory: kFramesMax decompressed
/// frames, and those that an answer refers to. The first read from a place walks the frame headers
/// of its segment; one that goes on where an answer ended does not.
class ShardReader {
 public:
  /// `files` and `log` must outlive it; `directory` is the stream's, `salt` that of its metadata.
  ShardReader(io::FileSystem& files, stream::Stream& log, std::string directory, uint64_t salt)
      : files_(files), log_(log), directory_(std::move(directory)), salt_(salt) {}

  struct Limits {
    size_t records_max = 10'000;
    size_t data_bytes_max = 0;     ///< Keys and data of the answer, but for one record at least.
    size_t scanned_bytes_max = 0;  ///< Of frames that are gone through, but for one at least.
    uint64_t end_sequence = 0;     ///< The shard has no records from this one on; 0: it is open.
  };

  /// Read records of `shard` from a position on; what retention dropped is passed over. Errors:
  /// kCorrupt (names segment and offset), kUnavailable.
  Result<ShardRecords> Read(uint32_t shard, const ReadPosition& from, const Limits& limits);

 private:
  static constexpr size_t kFramesMax = 8;

  /// A frame and where it and the next one stand.
  struct PlacedFrame {
    std::shared_ptr<const stream::Frame> frame;
    uint64_t segment = 0;
    uint64_t offset = 0;
    uint64_t end_offset = 0;
  };

  Result<PlacedFrame> FrameHolding(const ReadPosition& position);
  Result<PlacedFrame> LoadFrame(const ReadPosition& position);
  Result<uint64_t> SegmentOf(uint64_t sequence);

  io::FileSystem& files_;
  stream::Stream& log_;
  const std::string directory_;
  const uint64_t salt_;

  std::mutex mutex_;                // guards the rest
  std::deque<PlacedFrame> frames_;  // latest used first
};

}  // namespace tapelake::serve
