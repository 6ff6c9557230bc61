#pragma once

/// Bytes of a file front to back, decompressed on the way.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/status.h"
#include "io/file_system.h"

namespace tapelake::source {

/// The uncompressed bytes of one file. One thread. Memory: a few hundred KiB (zstd: its window, at
/// most 128 MiB).
class ByteStream {
 public:
  virtual ~ByteStream() = default;

  /// Read 1..`size` bytes to `to`; return how many, 0 at the end.
  /// A failure comes only after all bytes before the damage; it comes again at the next call.
  /// Errors: kCorrupt (names file and offsets), kUnavailable.
  virtual Result<size_t> Read(char* to, size_t size) = 0;

  /// Start `bytes` further on. Call before the first Read. Cheap for uncompressed files, else it
  /// decompresses so far. Errors: kInvalid if the file is shorter; those of Read.
  virtual Status Skip(uint64_t bytes);
};

/// Open a file as it is, or gzip (any number of members), zstd (any number of frames) or zip (with
/// exactly one file inside). The first bytes decide, not the name. `files` must outlive the stream.
/// Errors: kInvalid (zip with several files), kCorrupt, those of `files`.
Result<std::unique_ptr<ByteStream>> OpenByteStream(io::FileSystem& files, const std::string& path);

}  // namespace tapelake::source
