#pragma once

/// The world of files, passed in so that tests and the simulator can take its place.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <arrow/io/interfaces.h>

#include "base/status.h"

namespace tapelake::io {

/// One entry of a directory.
struct FileInfo {
  std::string name;  ///< Last path component.
  bool is_directory = false;
  int64_t size_bytes = 0;       ///< 0 for directories.
  int64_t modified_micros = 0;  ///< Since 1970-01-01 UTC.
};

/// A file that grows at its end. One thread. Destroying it closes it without Sync().
///
/// Errors everywhere: kUnavailable (the message names path and system reason, for example a full
/// disk).
class AppendFile {
 public:
  virtual ~AppendFile() = default;

  /// Append all bytes. On failure any part of them may be in the file: Truncate() to the size
  /// before, or give the file up.
  virtual Status Append(std::string_view bytes) = 0;

  /// Make everything appended survive power loss (fdatasync). The file's *name* is durable after
  /// SyncDirectory of its parent. After a failure nobody knows what is durable: give the file up.
  virtual Status Sync() = 0;

  /// Cut the file to `size_bytes`, which must not be more than size_bytes(). Durable after Sync().
  virtual Status Truncate(int64_t size_bytes) = 0;

  /// Bytes in the file.
  virtual int64_t size_bytes() const = 0;
};

/// Holds a lock until destroyed. The lock also ends with the process, however it dies.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

/// Files and directories by path ('/' between components).
///
/// Thread rule: every method may be called from any thread; two writers of one path are the
/// caller's mistake. Errors everywhere: kNotFound, kAlreadyExists, kUnavailable (the message names
/// path and system reason).
class FileSystem {
 public:
  virtual ~FileSystem() = default;

  /// Return the whole content of a file.
  virtual Result<std::string> ReadFile(const std::string& path) = 0;

  /// Open a file for reads at any offset; the returned object is safe for concurrent ReadAt.
  virtual Result<std::shared_ptr<arrow::io::RandomAccessFile>> OpenForRead(
      const std::string& path) = 0;

  /// Create (or truncate) a file to be written front to back. Close() makes its *content* durable;
  /// its name is durable after SyncDirectory of the parent. A file not closed may hold anything.
  virtual Result<std::shared_ptr<arrow::io::OutputStream>> OpenForWrite(
      const std::string& path) = 0;

  /// Open a file to be appended to; it is created (empty) if absent.
  virtual Result<std::unique_ptr<AppendFile>> OpenForAppend(const std::string& path) = 0;

  /// Take the exclusive lock of a file, which is created if absent and never deleted.
  /// Errors: kConflict at once if another process (or another FileLock) holds it.
  virtual Result<std::unique_ptr<FileLock>> Lock(const std::string& path) = 0;

  /// Publish a whole file under a name that must not exist, durably: it appears complete or not at
  /// all. Errors: kAlreadyExists (file untouched), kUnknownOutcome (it may be there: read to know).
  virtual Status CreateIfAbsent(const std::string& path, std::string_view content) = 0;

  /// Put a whole file in place of whatever has this name, durably and atomically.
  virtual Status ReplaceFile(const std::string& path, std::string_view content) = 0;

  /// List a directory, sorted by name.
  virtual Result<std::vector<FileInfo>> List(const std::string& directory) = 0;

  /// List the names in a directory, sorted: much cheaper than List(), nothing is looked at.
  virtual Result<std::vector<std::string>> ListNames(const std::string& directory) = 0;

  /// Return size and time of one path.
  virtual Result<FileInfo> GetInfo(const std::string& path) = 0;

  /// Return whether a file or directory exists.
  virtual Result<bool> Exists(const std::string& path) = 0;

  /// Create a directory and its parents, durably; fine if present.
  virtual Status CreateDirectories(const std::string& path) = 0;

  /// Delete a file; kNotFound if absent.
  virtual Status DeleteFile(const std::string& path) = 0;

  /// Delete a directory with all it holds; fine if absent.
  virtual Status DeleteDirectory(const std::string& path) = 0;

  /// Make the names created, replaced or deleted in a directory durable.
  virtual Status SyncDirectory(const std::string& path) = 0;
};

/// Join two path parts with exactly one '/'; an empty part adds nothing.
std::string JoinPath(std::string_view left, std::string_view right);

/// The part of `path` before its last '/' ("." if there is none).
std::string ParentPath(std::string_view path);

/// The part of `path` after its last '/'.
std::string FileName(std::string_view path);

}  // namespace tapelake::io
