#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "io/file_system.h"
#include "io/local_file_system.h"
#include "io/s3/s3_settings.h"

namespace tapelake::io {

/// Files of this machine by path, and of S3 by `s3://bucket/key`: what a path of a user may name.
///
/// S3 is set up (settings, credentials, connections) when the first such path is used; errors of
/// that are the errors of the call, and the next one tries again.
class UriFileSystem : public FileSystem {
 public:
  UriFileSystem();
  ~UriFileSystem() override;

  /// State how S3 is reached; what is left open the environment says. Before the first S3 path.
  void StateS3(S3Settings settings);

  LocalFileSystem& local() { return local_; }

  Result<std::string> ReadFile(const std::string& path) override;
  Result<std::shared_ptr<arrow::io::RandomAccessFile>> OpenForRead(
      const std::string& path) override;
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
  class S3World;

  /// The file system that `path` belongs to.
  Result<FileSystem*> Of(const std::string& path);

  LocalFileSystem local_;
  std::mutex mutex_;  // guards what follows
  S3Settings stated_;
  std::unique_ptr<S3World> s3_;  // nullptr: not used yet
};

}  // namespace tapelake::io
