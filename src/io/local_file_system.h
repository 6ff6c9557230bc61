#pragma once

#include "io/file_system.h"

namespace tapelake::io {

/// The machine's own file system. Deletes Hadoop's stale `.NAME.crc` sibling when it replaces a
/// file (Spark refuses a file whose CRC sibling disagrees).
class LocalFileSystem : public FileSystem {
 public:
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

  /// The path from the root on, without links: the same file for whoever is elsewhere. Errors:
  /// kNotFound, kUnavailable, kUnauthorized.
  Result<std::string> AbsolutePath(const std::string& path);

  /// As ReplaceFile, but only this user may read and write the file: for secrets.
  Status ReplacePrivateFile(const std::string& path, std::string_view content);
};

}  // namespace tapelake::io
