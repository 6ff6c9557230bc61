#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "io/file_system.h"

namespace tapelake::testing {

/// A file system in memory that can fail at any step and lose power. Any thread.
///
/// It remembers what a real disk would still hold after power loss: the content of closed files
/// whose directory was synced, files published by CreateIfAbsent and ReplaceFile, and deletions
/// whose directory was synced. Directories themselves are always durable.
class FakeFileSystem : public io::FileSystem {
 public:
  enum class Step : uint8_t { kRead, kWrite, kCreate, kReplace, kList, kDelete, kSync };

  /// Called before every step; a failure is returned instead of doing it. Set it while nobody
  /// works.
  using Hook = std::function<Status(Step step, const std::string& path)>;
  void SetBefore(Hook hook) { before_ = std::move(hook); }
  /// Called after every successful step; a failure is returned although it was done.
  void SetAfter(Hook hook) { after_ = std::move(hook); }

  /// Forget everything that was not durable.
  void LosePower();

  /// All paths that exist, sorted.
  std::vector<std::string> Paths() const;

  Result<std::string> ReadFile(const std::string& path) override;
  Result<std::shared_ptr<arrow::io::RandomAccessFile>> OpenForRead(
      const std::string& path) override;
  Result<std::shared_ptr<arrow::io::OutputStream>> OpenForWrite(const std::string& path) override;
  Result<std::unique_ptr<io::AppendFile>> OpenForAppend(const std::string& path) override;
  Result<std::unique_ptr<io::FileLock>> Lock(const std::string& path) override;
  Status CreateIfAbsent(const std::string& path, std::string_view content) override;
  Status ReplaceFile(const std::string& path, std::string_view content) override;
  Result<std::vector<io::FileInfo>> List(const std::string& directory) override;
  Result<std::vector<std::string>> ListNames(const std::string& directory) override;
  Result<io::FileInfo> GetInfo(const std::string& path) override;
  Result<bool> Exists(const std::string& path) override;
  Status CreateDirectories(const std::string& path) override;
  Status DeleteFile(const std::string& path) override;
  Status DeleteDirectory(const std::string& path) override;
  Status SyncDirectory(const std::string& path) override;

 private:
  class Output;
  class Appender;
  class Lease;
  using Content = std::shared_ptr<const std::string>;

  Status Before(Step step, const std::string& path) const;
  Status After(Step step, const std::string& path) const;
  Result<Content> Find(const std::string& path) const;
  Status Publish(Step step, const std::string& path, std::string_view content);
  void Put(const std::string& path, Content content);

  mutable std::mutex mutex_;
  std::map<std::string, Content> live_;
  std::map<std::string, Content> durable_;
  std::set<std::string> directories_;
  std::set<std::string> locked_;
  Hook before_;
  Hook after_;
};

}  // namespace tapelake::testing
