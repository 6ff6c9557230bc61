#include "bench/watched_files.h"

#include <utility>

namespace tapelake::bench {
namespace {

Status Dead(const std::string& path) {
  return MakeError(ErrorKind::kUnavailable, "'" + path + "': this process is dead");
}

}  // namespace

/// Counts and dates the file when it is closed.
class WatchedFiles::Output : public arrow::io::OutputStream {
 public:
  Output(WatchedFiles& files, std::shared_ptr<arrow::io::OutputStream> sink, std::string path)
      : files_(files), sink_(std::move(sink)), path_(std::move(path)) {}

  using OutputStream::Write;
  Status Write(const void* data, int64_t size) override {
    TAPELAKE_RETURN_NOT_OK(files_.CheckAlive(path_));
    return sink_->Write(data, size);
  }
  Status Flush() override { return sink_->Flush(); }
  Result<int64_t> Tell() const override { return sink_->Tell(); }
  bool closed() const override { return sink_->closed(); }
  Status Abort() override { return sink_->Abort(); }
  Status Close() override {
    if (sink_->closed()) return Status::OK();
    TAPELAKE_ASSIGN_OR_RAISE(const int64_t bytes, sink_->Tell());
    TAPELAKE_RETURN_NOT_OK(sink_->Close());
    files_.Written(path_, bytes);
    return Status::OK();
  }

 private:
  WatchedFiles& files_;
  std::shared_ptr<arrow::io::OutputStream> sink_;
  std::string path_;
};

FileKind WatchedFiles::KindOfPath(std::string_view path) {
  if (path.find("/.hoodie/archived/") != std::string_view::npos) return FileKind::kArchive;
  if (path.find("/.hoodie/") != std::string_view::npos) return FileKind::kTimeline;
  if (path.ends_with(".parquet")) return FileKind::kBase;
  const std::string_view name = path.substr(path.rfind('/') + 1);
  const bool is_log = name.starts_with('.') && name.find(".log.") != std::string_view::npos;
  return is_log ? FileKind::kLog : FileKind::kOther;
}

FileCounts WatchedFiles::counts(FileKind kind) const {
  const std::scoped_lock lock(mutex_);
  return counts_[static_cast<size_t>(kind)];
}

void WatchedFiles::DieAt(FileKind kind, int64_t number) {
  const std::scoped_lock lock(mutex_);
  deadly_kind_ = kind;
  writes_until_death_ = number;
}

void WatchedFiles::Revive() {
  const std::scoped_lock lock(mutex_);
  writes_until_death_ = 0;
  is_dead_ = false;
}

bool WatchedFiles::is_dead() const {
  const std::scoped_lock lock(mutex_);
  return is_dead_;
}

Status WatchedFiles::BeforeWrite(const std::string& path) {
  const std::scoped_lock lock(mutex_);
  if (writes_until_death_ > 0 && KindOfPath(path) == deadly_kind_ && --writes_until_death_ == 0) {
    is_dead_ = true;
  }
  return is_dead_ ? Dead(path) : Status::OK();
}

Status WatchedFiles::CheckAlive(const std::string& path) const {
  return is_dead() ? Dead(path) : Status::OK();
}

void WatchedFiles::Written(const std::string& path, int64_t bytes) {
  const int64_t micros = clock_.WallMicros();
  const std::scoped_lock lock(mutex_);
  FileCounts& counts = counts_[static_cast<size_t>(KindOfPath(path))];
  counts.written_bytes += bytes;
  ++counts.created;
  micros_by_path_[path] = micros;
}

Result<std::shared_ptr<arrow::io::OutputStream>> WatchedFiles::OpenForWrite(
    const std::string& path) {
  TAPELAKE_RETURN_NOT_OK(BeforeWrite(path));
  TAPELAKE_ASSIGN_OR_RAISE(auto sink, LocalFileSystem::OpenForWrite(path));
  return std::make_shared<Output>(*this, std::move(sink), path);
}

Status WatchedFiles::CreateIfAbsent(const std::string& path, std::string_view content) {
  TAPELAKE_RETURN_NOT_OK(BeforeWrite(path));
  TAPELAKE_RETURN_NOT_OK(LocalFileSystem::CreateIfAbsent(path, content));
  Written(path, std::ssize(content));
  return Status::OK();
}

Status WatchedFiles::ReplaceFile(const std::string& path, std::string_view content) {
  TAPELAKE_RETURN_NOT_OK(BeforeWrite(path));
  TAPELAKE_RETURN_NOT_OK(LocalFileSystem::ReplaceFile(path, content));
  Written(path, std::ssize(content));
  return Status::OK();
}

Result<std::vector<io::FileInfo>> WatchedFiles::List(const std::string& directory) {
  TAPELAKE_ASSIGN_OR_RAISE(auto files, LocalFileSystem::List(directory));
  const std::scoped_lock lock(mutex_);
  for (io::FileInfo& file : files) {
    const auto found = micros_by_path_.find(io::JoinPath(directory, file.name));
    if (found != micros_by_path_.end()) file.modified_micros = found->second;
  }
  return files;
}

Result<io::FileInfo> WatchedFiles::GetInfo(const std::string& path) {
  TAPELAKE_ASSIGN_OR_RAISE(io::FileInfo file, LocalFileSystem::GetInfo(path));
  const std::scoped_lock lock(mutex_);
  const auto found = micros_by_path_.find(path);
  if (found != micros_by_path_.end()) file.modified_micros = found->second;
  return file;
}

Status WatchedFiles::DeleteFile(const std::string& path) {
  TAPELAKE_RETURN_NOT_OK(CheckAlive(path));
  TAPELAKE_RETURN_NOT_OK(LocalFileSystem::DeleteFile(path));
  const std::scoped_lock lock(mutex_);
  ++counts_[static_cast<size_t>(KindOfPath(path))].deleted;
  micros_by_path_.erase(path);
  return Status::OK();
}

Status WatchedFiles::DeleteDirectory(const std::string& path) {
  TAPELAKE_RETURN_NOT_OK(CheckAlive(path));
  return LocalFileSystem::DeleteDirectory(path);
}

}  // namespace tapelake::bench
