#include "testing/fake_file_system.h"

#include <arrow/buffer.h>
#include <arrow/io/memory.h>
#include "testing/sim_disk.h"

namespace tapelake::testing {
namespace {

bool IsDirectlyIn(const std::string& path, const std::string& directory) {
  return IsBelow(path, directory) && path.find('/', directory.size() + 1) == std::string::npos;
}

Status NotFound(const std::string& path) {
  return MakeError(ErrorKind::kNotFound, "no file '" + path + "'");
}

}  // namespace

/// A file being written: its bytes appear, still volatile, when it is closed.
class FakeFileSystem::Output : public arrow::io::OutputStream {
 public:
  Output(FakeFileSystem* owner, std::string path) : owner_(owner), path_(std::move(path)) {}

  using OutputStream::Write;
  Status Write(const void* data, int64_t size) override {
    TAPELAKE_RETURN_NOT_OK(owner_->Before(Step::kWrite, path_));
    content_.append(static_cast<const char*>(data), static_cast<size_t>(size));
    return Status::OK();
  }
  Result<int64_t> Tell() const override { return static_cast<int64_t>(content_.size()); }
  bool closed() const override { return closed_; }
  Status Abort() override {
    closed_ = true;
    return Status::OK();
  }
  Status Close() override {
    if (closed_) return Status::OK();
    TAPELAKE_RETURN_NOT_OK(owner_->Before(Step::kWrite, path_));
    closed_ = true;
    owner_->Put(path_, std::make_shared<const std::string>(std::move(content_)));
    return Status::OK();
  }

 private:
  FakeFileSystem* owner_;
  std::string path_;
  std::string content_;
  bool closed_ = false;
};

/// Bytes are live at once and durable after Sync().
class FakeFileSystem::Appender : public io::AppendFile {
 public:
  Appender(FakeFileSystem* owner, std::string path, std::string content)
      : owner_(owner), path_(std::move(path)), content_(std::move(content)) {}

  Status Append(std::string_view bytes) override {
    TAPELAKE_RETURN_NOT_OK(owner_->Before(Step::kWrite, path_));
    content_.append(bytes);
    owner_->Put(path_, std::make_shared<const std::string>(content_));
    return owner_->After(Step::kWrite, path_);
  }
  Status Sync() override {
    TAPELAKE_RETURN_NOT_OK(owner_->Before(Step::kSync, path_));
    const std::scoped_lock lock(owner_->mutex_);
    owner_->durable_[path_] = owner_->live_[path_];
    return Status::OK();
  }
  Status Truncate(int64_t size_bytes) override {
    TAPELAKE_RETURN_NOT_OK(owner_->Before(Step::kWrite, path_));
    content_.resize(static_cast<size_t>(size_bytes));
    owner_->Put(path_, std::make_shared<const std::string>(content_));
    return Status::OK();
  }
  int64_t size_bytes() const override { return static_cast<int64_t>(content_.size()); }

 private:
  FakeFileSystem* owner_;
  std::string path_;
  std::string content_;
};

class FakeFileSystem::Lease : public io::FileLock {
 public:
  Lease(FakeFileSystem* owner, std::string path) : owner_(owner), path_(std::move(path)) {}
  ~Lease() override {
    const std::scoped_lock lock(owner_->mutex_);
    owner_->locked_.erase(path_);
  }

 private:
  FakeFileSystem* owner_;
  std::string path_;
};

Status FakeFileSystem::Before(Step step, const std::string& path) const {
  return before_ ? before_(step, path) : Status::OK();
}

Status FakeFileSystem::After(Step step, const std::string& path) const {
  return after_ ? after_(step, path) : Status::OK();
}

void FakeFileSystem::Put(const std::string& path, Content content) {
  const std::scoped_lock lock(mutex_);
  live_[path] = std::move(content);
}

void FakeFileSystem::LosePower() {
  const std::scoped_lock lock(mutex_);
  live_ = durable_;
  for (const auto& [path, content] : live_)
    directories_.insert(io::ParentPath(path));
}

std::vector<std::string> FakeFileSystem::Paths() const {
  const std::scoped_lock lock(mutex_);
  std::vector<std::string> paths;
  for (const auto& [path, content] : live_)
    paths.push_back(path);
  return paths;
}

Result<FakeFileSystem::Content> FakeFileSystem::Find(const std::string& path) const {
  TAPELAKE_RETURN_NOT_OK(Before(Step::kRead, path));
  const std::scoped_lock lock(mutex_);
  const auto found = live_.find(path);
  if (found == live_.end()) return NotFound(path);
  return found->second;
}

Result<std::string> FakeFileSystem::ReadFile(const std::string& path) {
  TAPELAKE_ASSIGN_OR_RAISE(const Content content, Find(path));
  return *content;
}

Result<std::shared_ptr<arrow::io::RandomAccessFile>> FakeFileSystem::OpenForRead(
    const std::string& path) {
  TAPELAKE_ASSIGN_OR_RAISE(const Content content, Find(path));
  return std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(*content));
}

Result<std::shared_ptr<arrow::io::OutputStream>> FakeFileSystem::OpenForWrite(
    const std::string& path) {
  TAPELAKE_RETURN_NOT_OK(Before(Step::kWrite, path));
  {
    const std::scoped_lock lock(mutex_);
    if (!directories_.contains(io::ParentPath(path))) return NotFound(io::ParentPath(path));
  }
  Put(path, std::make_shared<const std::string>());
  return std::make_shared<Output>(this, path);
}

Result<std::unique_ptr<io::AppendFile>> FakeFileSystem::OpenForAppend(const std::string& path) {
  TAPELAKE_RETURN_NOT_OK(Before(Step::kWrite, path));
  const std::scoped_lock lock(mutex_);
  if (!directories_.contains(io::ParentPath(path))) return NotFound(io::ParentPath(path));
  Content& content = live_[path];
  if (content == nullptr) content = std::make_shared<const std::string>();
  return std::make_unique<Appender>(this, path, *content);
}

Result<std::unique_ptr<io::FileLock>> FakeFileSystem::Lock(const std::string& path) {
  const std::scoped_lock lock(mutex_);
  if (!locked_.insert(path).second) {
    return MakeError(ErrorKind::kConflict, "'" + path + "' is locked by another process");
  }
  return std::make_unique<Lease>(this, path);
}

Status FakeFileSystem::Publish(Step step, const std::string& path, std::string_view content) {
  TAPELAKE_RETURN_NOT_OK(Before(step, path));
  {
    const std::scoped_lock lock(mutex_);
    if (!directories_.contains(io::ParentPath(path))) return NotFound(io::ParentPath(path));
    if (step == Step::kCreate && live_.contains(path)) {
      return MakeError(ErrorKind::kAlreadyExists, "'" + path + "' exists");
    }
    live_[path] = std::make_shared<const std::string>(content);
    durable_[path] = live_[path];
  }
  return After(step, path);
}

Status FakeFileSystem::CreateIfAbsent(const std::string& path, std::string_view content) {
  return Publish(Step::kCreate, path, content);
}

Status FakeFileSystem::ReplaceFile(const std::string& path, std::string_view content) {
  return Publish(Step::kReplace, path, content);
}

Result<std::vector<io::FileInfo>> FakeFileSystem::List(const std::string& directory) {
  TAPELAKE_RETURN_NOT_OK(Before(Step::kList, directory));
  const std::scoped_lock lock(mutex_);
  if (!directories_.contains(directory)) return NotFound(directory);
  std::map<std::string, io::FileInfo> entries;
  for (const auto& [path, content] : live_) {
    if (!IsDirectlyIn(path, directory)) continue;
    const std::string name = io::FileName(path);
    entries[name] = {.name = name, .size_bytes = static_cast<int64_t>(content->size())};
  }
  for (const std::string& path : directories_) {
    if (!IsDirectlyIn(path, directory)) continue;
    const std::string name = io::FileName(path);
    entries[name] = {.name = name, .is_directory = true};
  }
  std::vector<io::FileInfo> list;
  for (auto& [name, entry] : entries)
    list.push_back(std::move(entry));
  return list;
}

Result<std::vector<std::string>> FakeFileSystem::ListNames(const std::string& directory) {
  TAPELAKE_ASSIGN_OR_RAISE(const auto entries, List(directory));
  std::vector<std::string> names;
  for (const io::FileInfo& entry : entries)
    names.push_back(entry.name);
  return names;
}

Result<io::FileInfo> FakeFileSystem::GetInfo(const std::string& path) {
  TAPELAKE_RETURN_NOT_OK(Before(Step::kRead, path));
  const std::scoped_lock lock(mutex_);
  if (const auto found = live_.find(path); found != live_.end()) {
    return io::FileInfo{.name = io::FileName(path),
                        .size_bytes = static_cast<int64_t>(found->second->size())};
  }
  if (!directories_.contains(path)) return NotFound(path);
  return io::FileInfo{.name = io::FileName(path), .is_directory = true};
}

Result<bool> FakeFileSystem::Exists(const std::string& path) {
  auto info = GetInfo(path);
  if (info.ok()) return true;
  if (KindOf(info.status()) == ErrorKind::kNotFound) return false;
  return info.status();
}

Status FakeFileSystem::CreateDirectories(const std::string& path) {
  TAPELAKE_RETURN_NOT_OK(Before(Step::kWrite, path));
  const std::scoped_lock lock(mutex_);
  for (size_t slash = path.find('/', 1); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    directories_.insert(path.substr(0, slash));
  }
  directories_.insert(path);
  return Status::OK();
}

Status FakeFileSystem::DeleteFile(const std::string& path) {
  TAPELAKE_RETURN_NOT_OK(Before(Step::kDelete, path));
  {
    const std::scoped_lock lock(mutex_);
    if (live_.erase(path) == 0) return NotFound(path);
  }
  return After(Step::kDelete, path);
}

Status FakeFileSystem::DeleteDirectory(const std::string& path) {
  TAPELAKE_RETURN_NOT_OK(Before(Step::kDelete, path));
  const std::scoped_lock lock(mutex_);
  std::erase_if(live_, [&](const auto& entry) { return IsBelow(entry.first, path); });
  std::erase_if(directories_,
                [&](const std::string& entry) { return entry == path || IsBelow(entry, path); });
  return Status::OK();
}

Status FakeFileSystem::SyncDirectory(const std::string& path) {
  TAPELAKE_RETURN_NOT_OK(Before(Step::kSync, path));
  const std::scoped_lock lock(mutex_);
  std::erase_if(durable_, [&](const auto& entry) {
    return IsDirectlyIn(entry.first, path) && !live_.contains(entry.first);
  });
  for (const auto& [name, content] : live_) {
    if (IsDirectlyIn(name, path)) durable_[name] = content;
  }
  return Status::OK();
}

}  // namespace tapelake::testing
