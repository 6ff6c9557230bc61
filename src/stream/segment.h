#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <arrow/io/interfaces.h>

#include "base/status.h"
#include "io/file_system.h"
#include "stream/frame.h"
#include "stream/frame_format.h"

namespace tapelake::stream {

/// What is known of one segment without looking into it.
struct Segment {
  /// One point of the sparse index: a frame and where it stands.
  struct IndexPoint {
    uint64_t sequence = 0;
    int64_t arrival_micros = 0;
    uint64_t offset = 0;
  };

  std::string path;
  uint64_t first_sequence = 1;
  uint64_t next_sequence = 1;  ///< After its newest durable record.
  int64_t newest_arrival_micros = 0;
  uint64_t frames_end = 0;        ///< Where its newest frame ends.
  bool sealed = false;            ///< A seal stands at `frames_end`, and nothing after it.
  bool indexed = false;           ///< `index` covers all of it.
  std::vector<IndexPoint> index;  ///< About one point in 64 KiB.

  int64_t stored_bytes() const {
    return static_cast<int64_t>(frames_end + (sealed ? kSealBytes : 0));
  }
  /// Take a frame that follows the newest one into account.
  void Add(const FrameHeader& header);
};

/// A segment file open for reading. Any thread.
class SegmentFile {
 public:
  static Result<SegmentFile> Open(io::FileSystem& files, const std::string& path, uint64_t salt);

  /// Read the header of the frame at `offset`; nothing if there is no whole one.
  Result<std::optional<FrameHeader>> FindFrame(uint64_t offset) const;
  /// Read the header of the frame at `offset`. Errors: kCorrupt (names file and offset),
  /// kUnavailable.
  Result<FrameHeader> ReadHeader(uint64_t offset) const;
  /// Read and check a frame. Errors: kCorrupt, kUnauthorized (it is encrypted, and the key is not
  /// there; both name file and offset), kUnavailable.
  Result<std::shared_ptr<const Frame>> ReadFrame(const FrameHeader& header,
                                                 const FrameDecryptor& decryptor) const;
  /// Return whether the records of a frame have their checksum.
  Result<bool> RecordsFit(const FrameHeader& header) const;
  /// Read `size` bytes, or those that are there.
  Result<std::string> ReadBytes(uint64_t offset, uint64_t size) const;
  /// Of the file when it was opened.
  uint64_t size_bytes() const { return size_bytes_; }
  /// Make the kCorrupt error that names this file.
  Status Damaged(uint64_t offset, const std::string& what) const;

 private:
  Result<std::shared_ptr<arrow::Buffer>> ReadBuffer(uint64_t offset, uint64_t size) const;

  std::string path_;
  uint64_t salt_ = 0;
  uint64_t size_bytes_ = 0;
  std::shared_ptr<arrow::io::RandomAccessFile> file_;
};

/// Where a segment stops making sense.
struct Damage {
  uint64_t offset = 0;
  std::string what;
};

/// What a walk over a segment found: all of its valid frames, and what stopped it early.
struct SegmentScan {
  Segment segment;
  std::optional<Damage> damage;
};

struct ScanOptions {
  uint64_t first_sequence = 1;  ///< Of the segment, by its name.
  bool check_records = false;   ///< Read every byte, not only the headers.
};

/// Walk over a segment from its begin. Errors: kUnavailable.
Result<SegmentScan> ScanSegment(io::FileSystem& files, const std::string& path, uint64_t salt,
                                const ScanOptions& options);

}  // namespace tapelake::stream
