#include "io/local_file_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>

#include <arrow/io/file.h>

namespace tapelake::io {
namespace {

Status SystemError(std::string_view action, const std::string& path, int error) {
  ErrorKind kind = ErrorKind::kUnavailable;
  if (error == ENOENT || error == ENOTDIR) kind = ErrorKind::kNotFound;
  if (error == EEXIST) kind = ErrorKind::kAlreadyExists;
  if (error == EACCES || error == EPERM) kind = ErrorKind::kUnauthorized;
  return MakeError(kind, std::string(action) + " '" + path + "': " + std::strerror(error));
}

/// A file descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

Status WriteAll(int descriptor, const std::string& path, std::string_view content) {
  while (!content.empty()) {
    const ssize_t written = ::write(descriptor, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return SystemError("cannot write", path, errno);
    content.remove_prefix(static_cast<size_t>(written));
  }
  return Status::OK();
}

/// A name in the same directory that no reader takes for anything.
std::string TemporaryName(const std::string& path) {
  static std::atomic<uint64_t> counter{0};
  return JoinPath(ParentPath(path), ".tmp-" + std::to_string(::getpid()) + "-" +
                                        std::to_string(counter.fetch_add(1)));
}

/// The durable content of a file to be. Has no name yet where the file system can do that, so that
/// a process that is killed leaves nothing behind; else a temporary one.
class Draft {
 public:
  /// `path` must outlive the draft; `mode` are its permissions.
  explicit Draft(const std::string& path, mode_t mode = 0644)
      : path_(path),
        file_(::open(ParentPath(path).c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, mode)) {
    if (file_->get() >= 0) return;
    temporary_ = TemporaryName(path);
    file_.emplace(::open(temporary_.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, mode));
  }
  ~Draft() {
    if (!temporary_.empty()) ::unlink(temporary_.c_str());
  }
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;

  Status Write(std::string_view content) {
    if (file_->get() < 0) return SystemError("cannot create", path_, errno);
    TAPELAKE_RETURN_NOT_OK(WriteAll(file_->get(), path_, content));
    if (::fsync(file_->get()) != 0) return SystemError("cannot sync", path_, errno);
    return Status::OK();
  }

  /// Give it its name. Errors: kAlreadyExists.
  Status Link() {
    if (LinkAs(path_)) return Status::OK();
    return SystemError("cannot publish", path_, errno);
  }

  /// Give it its name, whoever had it.
  Status Replace() {
    if (temporary_.empty()) {
      temporary_ = TemporaryName(path_);
      if (!LinkAs(temporary_)) return SystemError("cannot create", path_, errno);
    }
    if (::rename(temporary_.c_str(), path_.c_str()) != 0) {
      return SystemError("cannot replace", path_, errno);
    }
    temporary_.clear();
    return Status::OK();
  }

 private:
  bool LinkAs(const std::string& name) const {
    const std::string open_file = "/proc/self/fd/" + std::to_string(file_->get());
    return ::linkat(AT_FDCWD, open_file.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) == 0;
  }

  const std::string& path_;
  std::string temporary_;  // empty: it has none
  std::optional<Descriptor> file_;
};

/// Adds fsync before close to Arrow's file stream.
class DurableFile : public arrow::io::FileOutputStream::OutputStream {
 public:
  DurableFile(std::shared_ptr<arrow::io::FileOutputStream> file, std::string path)
      : file_(std::move(file)), path_(std::move(path)) {}
  ~DurableFile() override {
    if (!file_->closed()) (void)file_->Close();
  }

  using OutputStream::Write;
  Status Write(const void* data, int64_t size) override { return file_->Write(data, size); }
  Status Flush() override { return file_->Flush(); }
  Result<int64_t> Tell() const override { return file_->Tell(); }
  bool closed() const override { return file_->closed(); }
  Status Abort() override { return file_->Close(); }
  Status Close() override {
    if (file_->closed()) return Status::OK();
    TAPELAKE_RETURN_NOT_OK(file_->Flush());
    if (::fsync(file_->file_descriptor()) != 0) return SystemError("cannot sync", path_, errno);
    return file_->Close();
  }

 private:
  std::shared_ptr<arrow::io::FileOutputStream> file_;
  std::string path_;
};

class LocalAppendFile : public AppendFile {
 public:
  LocalAppendFile(int descriptor, std::string path, int64_t size_bytes)
      : file_(descriptor), path_(std::move(path)), size_bytes_(size_bytes) {}

  Status Append(std::string_view bytes) override {
    const Status written = WriteAll(file_.get(), path_, bytes);
    if (written.ok()) {
      size_bytes_ += static_cast<int64_t>(bytes.size());
      return written;
    }
    struct stat st{};
    if (::fstat(file_.get(), &st) == 0) size_bytes_ = st.st_size;
    return written;
  }
  Status Sync() override {
    if (::fdatasync(file_.get()) != 0) return SystemError("cannot sync", path_, errno);
    return Status::OK();
  }
  Status Truncate(int64_t size_bytes) override {
    if (::ftruncate(file_.get(), size_bytes) != 0) {
      return SystemError("cannot truncate", path_, errno);
    }
    size_bytes_ = size_bytes;
    return Status::OK();
  }
  int64_t size_bytes() const override { return size_bytes_; }

 private:
  Descriptor file_;
  std::string path_;
  int64_t size_bytes_;
};

class LocalFileLock : public FileLock {
 public:
  explicit LocalFileLock(int descriptor) : file_(descriptor) {}

 private:
  Descriptor file_;  // closing it releases the lock
};

int64_t ModifiedMicros(const struct stat& st) {
  return st.st_mtim.tv_sec * int64_t{1'000'000} + st.st_mtim.tv_nsec / 1000;
}

}  // namespace

std::string JoinPath(std::string_view left, std::string_view right) {
  if (left.empty()) return std::string(right);
  while (!right.empty() && right.front() == '/')
    right.remove_prefix(1);
  if (right.empty()) return std::string(left);
  std::string joined(left);
  if (joined.back() != '/') joined.push_back('/');
  return joined.append(right);
}

std::string ParentPath(std::string_view path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  return slash == 0 ? "/" : std::string(path.substr(0, slash));
}

std::string FileName(std::string_view path) {
  const size_t slash = path.rfind('/');
  return std::string(slash == std::string_view::npos ? path : path.substr(slash + 1));
}

Result<std::string> LocalFileSystem::ReadFile(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return SystemError("cannot open", path, errno);
  std::string content;
  struct stat st{};
  if (::fstat(file.get(), &st) == 0 && st.st_size > 0) {
    content.reserve(static_cast<size_t>(st.st_size));
  }
  char buffer[64 * 1024];
  while (true) {
    const ssize_t got = ::read(file.get(), buffer, sizeof(buffer));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return SystemError("cannot read", path, errno);
    if (got == 0) return content;
    content.append(buffer, static_cast<size_t>(got));
  }
}

Result<std::shared_ptr<arrow::io::RandomAccessFile>> LocalFileSystem::OpenForRead(
    const std::string& path) {
  struct stat st{};
  if (::stat(path.c_str(), &st) != 0) return SystemError("cannot open", path, errno);
  if (S_ISDIR(st.st_mode)) {
    return MakeError(ErrorKind::kInvalid, "cannot open '" + path + "': it is a directory");
  }
  // Arrow would not say why it cannot.
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return SystemError("cannot open", path, errno);
  TAPELAKE_ASSIGN_OR_RAISE(auto file, arrow::io::ReadableFile::Open(descriptor));
  return file;
}

Result<std::shared_ptr<arrow::io::OutputStream>> LocalFileSystem::OpenForWrite(
    const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0666);
  if (descriptor < 0) return SystemError("cannot create", path, errno);
  TAPELAKE_ASSIGN_OR_RAISE(auto file, arrow::io::FileOutputStream::Open(descriptor));
  return std::make_shared<DurableFile>(std::move(file), path);
}

Result<std::unique_ptr<AppendFile>> LocalFileSystem::OpenForAppend(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0644);
  if (descriptor < 0) return SystemError("cannot open", path, errno);
  struct stat st{};
  if (::fstat(descriptor, &st) != 0) {
    const Status status = SystemError("cannot look at", path, errno);
    ::close(descriptor);
    return status;
  }
  return std::make_unique<LocalAppendFile>(descriptor, path, st.st_size);
}

Result<std::unique_ptr<FileLock>> LocalFileSystem::Lock(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0644);
  if (descriptor < 0) return SystemError("cannot open", path, errno);
  auto lock = std::make_unique<LocalFileLock>(descriptor);
  if (::flock(descriptor, LOCK_EX | LOCK_NB) == 0) return lock;
  if (errno == EWOULDBLOCK) {
    return MakeError(ErrorKind::kConflict, "'" + path + "' is locked by another process");
  }
  return SystemError("cannot lock", path, errno);
}

Status LocalFileSystem::CreateIfAbsent(const std::string& path, std::string_view content) {
  Draft draft(path);
  TAPELAKE_RETURN_NOT_OK(draft.Write(content));
  TAPELAKE_RETURN_NOT_OK(draft.Link());
  const Status synced = SyncDirectory(ParentPath(path));
  if (synced.ok()) return synced;
  return MakeError(ErrorKind::kUnknownOutcome, synced.message());
}

Status LocalFileSystem::ReplaceFile(const std::string& path, std::string_view content) {
  Draft draft(path);
  TAPELAKE_RETURN_NOT_OK(draft.Write(content));
  TAPELAKE_RETURN_NOT_OK(draft.Replace());
  ::unlink(JoinPath(ParentPath(path), "." + FileName(path) + ".crc").c_str());
  return SyncDirectory(ParentPath(path));
}

Result<std::string> LocalFileSystem::AbsolutePath(const std::string& path) {
  const std::unique_ptr<char, void (*)(void*)> real(::realpath(path.c_str(), nullptr), ::free);
  if (real == nullptr) return SystemError("cannot find", path, errno);
  return std::string(real.get());
}

Status LocalFileSystem::ReplacePrivateFile(const std::string& path, std::string_view content) {
  Draft draft(path, 0600);
  TAPELAKE_RETURN_NOT_OK(draft.Write(content));
  TAPELAKE_RETURN_NOT_OK(draft.Replace());
  return SyncDirectory(ParentPath(path));
}

Result<std::vector<FileInfo>> LocalFileSystem::List(const std::string& directory) {
  DIR* handle = ::opendir(directory.c_str());
  if (handle == nullptr) return SystemError("cannot list", directory, errno);
  std::vector<FileInfo> files;
  while (const dirent* entry = ::readdir(handle)) {
    const std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    struct stat st{};
    if (::fstatat(::dirfd(handle), entry->d_name, &st, 0) != 0) continue;  // deleted meanwhile
    FileInfo info;
    info.name = name;
    info.is_directory = S_ISDIR(st.st_mode);
    info.size_bytes = info.is_directory ? 0 : st.st_size;
    info.modified_micros = ModifiedMicros(st);
    files.push_back(std::move(info));
  }
  ::closedir(handle);
  std::sort(files.begin(), files.end(),
            [](const FileInfo& a, const FileInfo& b) { return a.name < b.name; });
  return files;
}

Result<std::vector<std::string>> LocalFileSystem::ListNames(const std::string& directory) {
  DIR* handle = ::opendir(directory.c_str());
  if (handle == nullptr) return SystemError("cannot list", directory, errno);
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(handle)) {
    std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(std::move(name));
  }
  ::closedir(handle);
  std::sort(names.begin(), names.end());
  return names;
}

Result<FileInfo> LocalFileSystem::GetInfo(const std::string& path) {
  struct stat st{};
  if (::stat(path.c_str(), &st) != 0) return SystemError("cannot look at", path, errno);
  FileInfo info;
  info.name = FileName(path);
  info.is_directory = S_ISDIR(st.st_mode);
  info.size_bytes = info.is_directory ? 0 : st.st_size;
  info.modified_micros = ModifiedMicros(st);
  return info;
}

Result<bool> LocalFileSystem::Exists(const std::string& path) {
  struct stat st{};
  if (::stat(path.c_str(), &st) == 0) return true;
  if (errno == ENOENT || errno == ENOTDIR) return false;
  return SystemError("cannot look at", path, errno);
}

Status LocalFileSystem::CreateDirectories(const std::string& path) {
  struct stat st{};
  if (::stat(path.c_str(), &st) == 0) {
    return S_ISDIR(st.st_mode) ? Status::OK()
                               : SystemError("cannot create directory", path, ENOTDIR);
  }
  const std::string parent = ParentPath(path);
  if (parent != path) TAPELAKE_RETURN_NOT_OK(CreateDirectories(parent));
  if (::mkdir(path.c_str(), 0777) != 0 && errno != EEXIST) {
    return SystemError("cannot create directory", path, errno);
  }
  return SyncDirectory(parent);
}

Status LocalFileSystem::DeleteFile(const std::string& path) {
  if (::unlink(path.c_str()) != 0) return SystemError("cannot delete", path, errno);
  return Status::OK();
}

Status LocalFileSystem::DeleteDirectory(const std::string& path) {
  std::error_code error;
  std::filesystem::remove_all(path, error);
  if (error) return SystemError("cannot delete directory", path, error.value());
  return Status::OK();
}

Status LocalFileSystem::SyncDirectory(const std::string& path) {
  const Descriptor directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() < 0) return SystemError("cannot open directory", path, errno);
  if (::fsync(directory.get()) != 0) return SystemError("cannot sync directory", path, errno);
  return Status::OK();
}

}  // namespace tapelake::io
