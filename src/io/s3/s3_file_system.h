#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "io/clock.h"
#include "io/file_system.h"
#include "io/random.h"
#include "io/s3/s3_objects.h"

namespace tapelake::io {

/// Objects of S3 as files, by `s3://bucket/key` (docs/decisions/0011-s3.md). A write is durable and
/// seen by everybody when its call returns, so SyncDirectory() has nothing to do.
///
/// Directories are what keys have before a '/': one is there as long as an object lies below it.
/// CreateDirectories() writes nothing; what it made is there for this S3FileSystem until it is
/// deleted. Files only appear whole: OpenForAppend() and Lock() are refused (kInvalid).
///
/// CreateIfAbsent() is S3's conditional PUT. Whether a server other than AWS's honours the
/// condition is tried once, with the first object so created: one that does not is refused
/// (kInvalid), for it would let two writers overwrite each other's commits.
///
/// Any thread. Every request is repeated as S3Client says; a failure is kUnavailable, and for
/// CreateIfAbsent() kUnknownOutcome where the answer of a request was lost.
class S3FileSystem : public FileSystem {
 public:
  /// `client` must outlive it; `random` (for marks of what is created) is used under its own lock.
  S3FileSystem(S3Client& client, Random& random);

  Result<std::string> ReadFile(const std::string& path) override;

  /// Errors also: kConflict of a read after the file was replaced.
  Result<std::shared_ptr<arrow::io::RandomAccessFile>> OpenForRead(
      const std::string& path) override;

  /// The file appears when the stream is closed; until then an older one stays.
  Result<std::shared_ptr<arrow::io::OutputStream>> OpenForWrite(const std::string& path) override;
  Result<std::unique_ptr<AppendFile>> OpenForAppend(const std::string& path) override;
  Result<std::unique_ptr<FileLock>> Lock(const std::string& path) override;
  Status CreateIfAbsent(const std::string& path, std::string_view content) override;
  Status ReplaceFile(const std::string& path, std::string_view content) override;
  Result<std::vector<FileInfo>> List(const std::string& directory) override;
  Result<std::vector<std::string>> ListNames(const std::string& directory) override;
  Result<FileInfo> GetInfo(const std::string& path) override;
  Result<bool> Exists(const std::string& path) override;
  Status CreateDirectories(const std::string& path) override;
  Status DeleteFile(const std::string& path) override;
  Status DeleteDirectory(const std::string& path) override;
  Status SyncDirectory(const std::string& path) override;

 private:
  /// Whether an object lies below `directory`, or it was made here.
  Result<bool> IsDirectory(const S3Path& directory);
  Status CheckCondition(const S3Path& path, std::string_view content);
  std::string NextMark();

  S3Objects objects_;
  const bool trusted_server_;
  std::mutex mutex_;
  Random& random_;
  bool condition_checked_ = false;
  std::set<std::string> made_;  // `bucket/key/` of directories that CreateDirectories() made
};

}  // namespace tapelake::io
