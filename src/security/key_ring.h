#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "base/status.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "security/key_file.h"

namespace tapelake::security {

/// The key file as a running door sees it, while other processes change it. Any thread.
///
/// The file is looked at (its size and time, no more, unless it changed just now) once in
/// kLookMicros at most, so a key that is revoked opens nothing any more after that. Errors fail
/// every request: a file that cannot be read lets nobody in.
class KeyRing {
 public:
  static constexpr int64_t kLookMicros = 1'000'000;

  /// Both must outlive the ring.
  KeyRing(io::FileSystem& files, io::Clock& clock, std::string path)
      : files_(files), clock_(clock), path_(std::move(path)) {}

  /// The keys as of a second ago at most. Errors: those of ReadKeyFile.
  Result<std::shared_ptr<const KeySet>> Current();

  /// The keys as they are now: for a request whose key is not in Current(), which may be new.
  Result<std::shared_ptr<const KeySet>> Newest();

 private:
  Status Look();

  io::FileSystem& files_;
  io::Clock& clock_;
  const std::string path_;

  std::mutex mutex_;                    // guards what follows
  std::shared_ptr<const KeySet> keys_;  // nullptr: not read yet, or not readable
  int64_t looked_micros_ = 0;           // steady
  int64_t read_micros_ = 0;             // wall time of the last read, before it
  int64_t size_bytes_ = -1;             // of the file that was read; -1: there was none
  int64_t modified_micros_ = 0;
};

}  // namespace tapelake::security
