#pragma once

/// The seals of base files (docs/internals/seal.md).

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "base/status.h"
#include "io/file_system.h"

namespace tapelake::hudi {

/// What stands before the digits in a Parquet footer: key and value of one pair, as Thrift's
/// compact protocol has them (two binary fields of 17 and 16 bytes).
inline constexpr std::string_view kBaseFileSealMark = "\x18\x11tapelake.checksum\x18\x10";

/// Check a base file by its seal; one of other programs has none and is fine, whatever it holds.
/// Reads the whole file once, in pieces of 1 MiB. Errors: kCorrupt, naming the file (the seal is
/// wrong, or it does not end as Parquet files do), kNotFound, kUnavailable.
Status CheckBaseFile(io::FileSystem& files, const std::string& path);

/// Remembers which base files were found whole, by path, size and time. Any thread; one lock, not
/// held while a file is read.
class CheckedBaseFiles {
 public:
  /// CheckBaseFile() unless this very file was whole before. Errors: those of CheckBaseFile.
  Status Check(io::FileSystem& files, const std::string& path);

  int64_t files_read() const;  ///< Since the start.

 private:
  using Version = std::pair<int64_t, int64_t>;  // size, time of change

  mutable std::mutex mutex_;
  std::map<std::string, Version> whole_;
  int64_t files_read_ = 0;
};

}  // namespace tapelake::hudi
