#pragma once

/// The raw bytes of a file, for the decompressors.

#include <cstdint>
#include <memory>
#include <string>

#include <arrow/io/interfaces.h>

#include "base/status.h"
#include "source/files/byte_stream.h"

namespace tapelake::source {

/// A file read front to back. One thread.
struct InputFile {
  std::shared_ptr<arrow::io::RandomAccessFile> file;
  std::string path;
  int64_t position = 0;  ///< Of the next byte to read.

  /// Read up to `size` bytes; return how many, 0 at the end.
  Result<size_t> Read(char* to, size_t size) {
    TAPELAKE_ASSIGN_OR_RAISE(const int64_t read,
                             file->ReadAt(position, static_cast<int64_t>(size), to));
    position += read;
    return static_cast<size_t>(read);
  }
};

/// kCorrupt: what is wrong in which file, at which stored and which uncompressed byte.
Status DamagedFile(const std::string& path, int64_t stored_offset, uint64_t uncompressed_offset,
                   const std::string& reason);

/// The decompressors behind OpenByteStream. Each takes the file over, positioned at its start.
std::unique_ptr<ByteStream> MakeGzipStream(InputFile input);
std::unique_ptr<ByteStream> MakeZstdStream(InputFile input);
Result<std::unique_ptr<ByteStream>> OpenZipStream(InputFile input);

}  // namespace tapelake::source
