#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "io/clock.h"
#include "io/local_file_system.h"

namespace tapelake::bench {

/// What a file of a Hudi table is there for.
enum class FileKind : uint8_t { kBase, kLog, kTimeline, kArchive, kOther };
inline constexpr size_t kFileKinds = 5;

/// What was done to the files of one kind.
struct FileCounts {
  int64_t written_bytes = 0;
  int64_t created = 0;  ///< Or put in place of another.
  int64_t deleted = 0;
};

/// The machine's files, watched: counts what is written by kind, and dates files by the clock it is
/// given, as a table's services compare their times with that. Can die as a process does: from a
/// given write on nothing more reaches the disk.
///
/// Any thread. Appended files are not counted: tables have none. The clock must outlive it.
class WatchedFiles : public io::LocalFileSystem {
 public:
  explicit WatchedFiles(io::Clock& clock) : clock_(clock) {}

  static FileKind KindOfPath(std::string_view path);
  FileCounts counts(FileKind kind) const;

  /// Let the `number`-th file of a kind that is begun from now on, and whatever would change the
  /// disk after it, fail with kUnavailable.
  void DieAt(FileKind kind, int64_t number);
  /// Be as before again; also if nobody died.
  void Revive();
  bool is_dead() const;

  Result<std::shared_ptr<arrow::io::OutputStream>> OpenForWrite(const std::string& path) override;
  Status CreateIfAbsent(const std::string& path, std::string_view content) override;
  Status ReplaceFile(const std::string& path, std::string_view content) override;
  Result<std::vector<io::FileInfo>> List(const std::string& directory) override;
  Result<io::FileInfo> GetInfo(const std::string& path) override;
  Status DeleteFile(const std::string& path) override;
  Status DeleteDirectory(const std::string& path) override;

 private:
  class Output;

  Status BeforeWrite(const std::string& path);
  Status CheckAlive(const std::string& path) const;
  void Written(const std::string& path, int64_t bytes);

  io::Clock& clock_;
  mutable std::mutex mutex_;  // guards what follows
  std::array<FileCounts, kFileKinds> counts_;
  std::map<std::string, int64_t> micros_by_path_;
  FileKind deadly_kind_ = FileKind::kOther;
  int64_t writes_until_death_ = 0;  // 0: none is in sight
  bool is_dead_ = false;
};

}  // namespace tapelake::bench
