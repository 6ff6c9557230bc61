#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "stream/segment.h"

namespace tapelake::stream {

/// The writing end of a stream: puts frames durably behind each other, in segments. One thread.
///
/// Closed for good after any step that leaves in doubt what the disk holds; everything then fails
/// with kUnknownOutcome.
class SegmentAppender {
 public:
  struct Options {
    std::string directory;
    uint64_t salt = 0;
    uint64_t segment_bytes_max = 0;
  };

  SegmentAppender(io::FileSystem& files, io::Clock& clock, Options options)
      : files_(files), clock_(clock), options_(std::move(options)) {}

  /// Go on behind the newest frame of a recovered and repaired segment.
  Status Resume(const Segment& newest);

  /// Make ready for a frame that starts with `first_sequence`: finish a full segment and begin a
  /// new one. Return the offset at which the frame will stand. Errors: kUnavailable (nothing
  /// changed; may be called again), kUnknownOutcome.
  Result<uint64_t> Prepare(uint64_t first_sequence);

  /// Write one whole frame where Prepare() said, and make it durable. On failure it is not there.
  /// Errors: kUnavailable (cut away again), kUnknownOutcome (in doubt: closed).
  Status Write(std::string_view frame, const FrameHeader& header);

  /// Say after the newest frame that it is durable. Without effect if said already.
  /// Errors: as Write().
  Status WriteSeal();

  /// The segment written to, without its index; `path` is empty before the first frame.
  const Segment& segment() const { return segment_; }

 private:
  Status FinishSegment();
  Status BeginSegment(uint64_t first_sequence);
  Status CutSeal();
  Status Append(std::string_view bytes);
  void DropUnborn();
  Status Close(const std::string& reason);

  io::FileSystem& files_;
  io::Clock& clock_;
  const Options options_;
  std::unique_ptr<io::AppendFile> file_;
  Segment segment_;
  bool unborn_ = false;  ///< The segment holds no durable frame, its name is not durable.
  Status closed_;
};

}  // namespace tapelake::stream
