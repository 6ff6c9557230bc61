#include "testing/sim_file_system.h"

#include <algorithm>
#include <cstring>
#include <thread>
#include <utility>

#include <arrow/buffer.h>
#include <arrow/io/interfaces.h>
#include "base/assert.h"

namespace tapelake::testing {
namespace {

Status Dead() {
  return MakeError(ErrorKind::kShuttingDown, "the simulated process is dead");
}

Status NotFound(const std::string& path) {
  return MakeError(ErrorKind::kNotFound, "no file '" + path + "'");
}

/// Actions of which a failure may leave a part.
bool LeavesAPart(DiskAction action) {
  return action == DiskAction::kWrite || action == DiskAction::kAppend;
}

uint64_t ThisThread() {
  return std::hash<std::thread::id>()(std::this_thread::get_id());
}

}  // namespace

std::string_view DiskActionText(DiskAction action) {
  switch (action) {
    case DiskAction::kOpen:
      return "open";
    case DiskAction::kWrite:
      return "write";
    case DiskAction::kClose:
      return "close";
    case DiskAction::kStart:
      return "start";
    case DiskAction::kAppend:
      return "append";
    case DiskAction::kSync:
      return "sync";
    case DiskAction::kTruncate:
      return "truncate";
    case DiskAction::kCreate:
      return "create";
    case DiskAction::kReplace:
      return "replace";
    case DiskAction::kDelete:
      return "delete";
    case DiskAction::kMakeDirectory:
      return "make directory";
    case DiskAction::kRemove:
      return "remove";
    case DiskAction::kSyncDirectory:
      return "sync directory";
    case DiskAction::kLock:
      return "lock";
  }
  return "?";
}

bool CanBeTorn(DiskAction action) {
  switch (action) {
    case DiskAction::kWrite:
    case DiskAction::kAppend:
    case DiskAction::kCreate:
    case DiskAction::kReplace:
    case DiskAction::kMakeDirectory:
      return true;
    default:
      return false;
  }
}

/// A file being written front to back.
class SimFileSystem::Output : public arrow::io::OutputStream {
 public:
  Output(SimFileSystem* owner, std::string path, SimDisk::FilePointer file)
      : owner_(owner), path_(std::move(path)), file_(std::move(file)), process_(owner->process_) {}

  using OutputStream::Write;
  Status Write(const void* data, int64_t size) override {
    TAPELAKE_RETURN_NOT_OK(owner_->CheckAlive(process_));
    const std::string_view bytes(static_cast<const char*>(data), static_cast<size_t>(size));
    const int64_t now = owner_->clock_.WallMicros();
    return owner_->Step(
        DiskAction::kWrite, path_, [&] { file_->Append(bytes, now); },
        [&] { file_->Append(bytes.substr(0, owner_->PartOf(bytes.size())), now); });
  }
  Result<int64_t> Tell() const override { return static_cast<int64_t>(file_->bytes.size()); }
  bool closed() const override { return closed_; }
  Status Abort() override {
    closed_ = true;
    return Status::OK();
  }
  Status Close() override {
    if (closed_) return Status::OK();
    TAPELAKE_RETURN_NOT_OK(owner_->CheckAlive(process_));
    TAPELAKE_RETURN_NOT_OK(owner_->Step(DiskAction::kClose, path_, [&] { file_->Sync(); }, {}));
    closed_ = true;
    return Status::OK();
  }

 private:
  SimFileSystem* owner_;
  std::string path_;
  SimDisk::FilePointer file_;
  uint64_t process_;
  bool closed_ = false;
};

class SimFileSystem::Appender : public io::AppendFile {
 public:
  Appender(SimFileSystem* owner, std::string path, SimDisk::FilePointer file)
      : owner_(owner), path_(std::move(path)), file_(std::move(file)), process_(owner->process_) {}

  Status Append(std::string_view bytes) override {
    TAPELAKE_RETURN_NOT_OK(owner_->CheckAlive(process_));
    const int64_t now = owner_->clock_.WallMicros();
    return owner_->Step(
        DiskAction::kAppend, path_, [&] { file_->Append(bytes, now); },
        [&] { file_->Append(bytes.substr(0, owner_->PartOf(bytes.size())), now); });
  }
  Status Sync() override {
    TAPELAKE_RETURN_NOT_OK(owner_->CheckAlive(process_));
    return owner_->Step(DiskAction::kSync, path_, [&] { file_->Sync(); }, {});
  }
  Status Truncate(int64_t size_bytes) override {
    TAPELAKE_RETURN_NOT_OK(owner_->CheckAlive(process_));
    TAPELAKE_ASSERT(size_bytes >= 0 && size_bytes <= this->size_bytes());
    const int64_t now = owner_->clock_.WallMicros();
    return owner_->Step(DiskAction::kTruncate, path_, [&] { file_->Truncate(size_bytes, now); },
                        {});
  }
  int64_t size_bytes() const override { return static_cast<int64_t>(file_->bytes.size()); }

 private:
  SimFileSystem* owner_;
  std::string path_;
  SimDisk::FilePointer file_;
  uint64_t process_;
};

/// Sees what is appended later, as a file descriptor does.
class SimFileSystem::Reader : public arrow::io::RandomAccessFile {
 public:
  Reader(SimFileSystem* owner, std::string path, SimDisk::FilePointer file)
      : owner_(owner), path_(std::move(path)), file_(std::move(file)), process_(owner->process_) {}

  Status Close() override {
    closed_ = true;
    return Status::OK();
  }
  bool closed() const override { return closed_; }
  Result<int64_t> Tell() const override { return position_; }
  Status Seek(int64_t position) override {
    position_ = position;
    return Status::OK();
  }
  Result<int64_t> GetSize() override { return static_cast<int64_t>(file_->bytes.size()); }
  Result<int64_t> ReadAt(int64_t position, int64_t size, void* out) override {
    TAPELAKE_RETURN_NOT_OK(owner_->CheckAlive(process_));
    TAPELAKE_RETURN_NOT_OK(owner_->BeforeRead(path_));
    const auto end = static_cast<int64_t>(file_->bytes.size());
    const int64_t got = std::max<int64_t>(0, std::min(size, end - position));
    if (got > 0) std::memcpy(out, file_->bytes.data() + position, static_cast<size_t>(got));
    return got;
  }
  Result<std::shared_ptr<arrow::Buffer>> ReadAt(int64_t position, int64_t size) override {
    const auto end = static_cast<int64_t>(file_->bytes.size());
    std::string bytes(static_cast<size_t>(std::max<int64_t>(0, std::min(size, end - position))),
                      '\0');
    TAPELAKE_RETURN_NOT_OK(
        ReadAt(position, static_cast<int64_t>(bytes.size()), bytes.data()).status());
    return arrow::Buffer::FromString(std::move(bytes));
  }
  Result<int64_t> Read(int64_t size, void* out) override {
    TAPELAKE_ASSIGN_OR_RAISE(const int64_t got, ReadAt(position_, size, out));
    position_ += got;
    return got;
  }
  Result<std::shared_ptr<arrow::Buffer>> Read(int64_t size) override {
    TAPELAKE_ASSIGN_OR_RAISE(auto buffer, ReadAt(position_, size));
    position_ += buffer->size();
    return buffer;
  }

 private:
  SimFileSystem* owner_;
  std::string path_;
  SimDisk::FilePointer file_;
  uint64_t process_;
  int64_t position_ = 0;
  bool closed_ = false;
};

class SimFileSystem::Lease : public io::FileLock {
 public:
  Lease(SimFileSystem* owner, std::string path)
      : owner_(owner), path_(std::move(path)), process_(owner->process_) {}
  ~Lease() override {
    if (process_ == owner_->process_) owner_->locked_.erase(path_);
  }

 private:
  SimFileSystem* owner_;
  std::string path_;
  uint64_t process_;
};

SimFileSystem::SimFileSystem(io::Clock& clock, io::Random& random)
    : clock_(clock), random_(random), thread_(ThisThread()) {
  disk_.MakeDirectories("/");
  disk_.SyncNames("/");
}

SimFileSystem::~SimFileSystem() = default;

void SimFileSystem::Restart(bool power_lost) {
  if (power_lost) disk_.LosePower(random_);
  locked_.clear();
  dead_ = false;
  ++process_;
}

size_t SimFileSystem::PartOf(size_t bytes) {
  return bytes == 0 ? 0 : static_cast<size_t>(random_.Below(bytes + 1));
}

Status SimFileSystem::CheckAlive(uint64_t process) const {
  return dead_ || process != process_ ? Dead() : Status::OK();
}

Status SimFileSystem::BeforeRead(const std::string& path) const {
  TAPELAKE_ASSERT(ThisThread() == thread_);
  if (dead_) return Dead();
  return faults_ == nullptr ? Status::OK() : faults_->OnRead(path);
}

Status SimFileSystem::RequireParent(const std::string& path) const {
  const std::string parent = io::ParentPath(path);
  return disk_.HasDirectory(parent) ? Status::OK() : NotFound(parent);
}

Status SimFileSystem::Step(DiskAction action, const std::string& path,
                           const std::function<void()>& all, const std::function<void()>& part) {
  TAPELAKE_ASSERT(ThisThread() == thread_);
  if (dead_) return Dead();
  const StepFate fate =
      faults_ == nullptr ? StepFate::kDone : faults_->OnStep({.action = action, .path = path});
  if (fate == StepFate::kDone || fate == StepFate::kLostReply || fate == StepFate::kDieAfter) {
    all();
  } else if (fate == StepFate::kDieTorn && part) {
    part();
  } else if (fate == StepFate::kFail && part && LeavesAPart(action) && PartOf(1) == 1) {
    part();
  }
  if (fate == StepFate::kDone) return Status::OK();
  const std::string what = std::string(DiskActionText(action)) + " '" + path + "'";
  if (fate == StepFate::kFail) {
    return MakeError(ErrorKind::kUnavailable, "injected: cannot " + what);
  }
  if (fate == StepFate::kLostReply) {
    return MakeError(
        action == DiskAction::kCreate ? ErrorKind::kUnknownOutcome : ErrorKind::kUnavailable,
        "injected: no reply to " + what);
  }
  dead_ = true;
  return Dead();
}

Result<std::string> SimFileSystem::ReadFile(const std::string& path) {
  TAPELAKE_RETURN_NOT_OK(BeforeRead(path));
  const auto file = disk_.Find(path);
  if (file == nullptr) return NotFound(path);
  return file->bytes;
}

Result<std::shared_ptr<arrow::io::RandomAccessFile>> SimFileSystem::OpenForRead(
    const std::string& path) {
  TAPELAKE_RETURN_NOT_OK(BeforeRead(path));
  auto file = disk_.Find(path);
  if (file == nullptr) return NotFound(path);
  return std::make_shared<Reader>(this, path, std::move(file));
}

Result<std::shared_ptr<arrow::io::OutputStream>> SimFileSystem::OpenForWrite(
    const std::string& path) {
  TAPELAKE_RETURN_NOT_OK(RequireParent(path));
  const auto all = [&] {
    if (const auto present = disk_.Find(path)) {
      present->Truncate(0, clock_.WallMicros());
    } else {
      disk_.Link(path, std::make_shared<SimDisk::File>());
    }
  };
  TAPELAKE_RETURN_NOT_OK(Step(DiskAction::kOpen, path, all, {}));
  return std::make_shared<Output>(this, path, disk_.Find(path));
}

Result<std::unique_ptr<io::AppendFile>> SimFileSystem::OpenForAppend(const std::string& path) {
  if (dead_) return Dead();
  TAPELAKE_RETURN_NOT_OK(RequireParent(path));
  if (disk_.Find(path) == nullptr) {
    TAPELAKE_RETURN_NOT_OK(Step(DiskAction::kStart, path,
                                [&] { disk_.Link(path, std::make_shared<SimDisk::File>()); }, {}));
  }
  return std::make_unique<Appender>(this, path, disk_.Find(path));
}

Result<std::unique_ptr<io::FileLock>> SimFileSystem::Lock(const std::string& path) {
  if (dead_) return Dead();
  TAPELAKE_RETURN_NOT_OK(RequireParent(path));
  if (disk_.Find(path) == nullptr) {
    TAPELAKE_RETURN_NOT_OK(Step(DiskAction::kLock, path,
                                [&] { disk_.Link(path, std::make_shared<SimDisk::File>()); }, {}));
  }
  if (!locked_.insert(path).second) {
    return MakeError(ErrorKind::kConflict, "'" + path + "' is locked by another process");
  }
  return std::make_unique<Lease>(this, path);
}

void SimFileSystem::PublishPart(const std::string& path, std::string_view content) {
  auto file = std::make_shared<SimDisk::File>();
  const std::string temporary =
      io::JoinPath(io::ParentPath(path),
                   ".tmp-" + std::to_string(process_) + "-" + std::to_string(next_temporary_++));
  disk_.Link(temporary, file);
  const uint64_t how_far = random_.Below(4);
  file->Append(content.substr(0, how_far == 0 ? PartOf(content.size()) : content.size()),
               clock_.WallMicros());
  if (how_far >= 1) file->Sync();
  if (how_far >= 2) disk_.Link(path, file);
  if (how_far >= 3) disk_.Unlink(temporary);
}

Status SimFileSystem::Publish(DiskAction action, const std::string& path,
                              std::string_view content) {
  const auto all = [&] {
    auto file = std::make_shared<SimDisk::File>();
    file->Append(content, clock_.WallMicros());
    file->Sync();
    disk_.Link(path, std::move(file));
    disk_.SyncNames(io::ParentPath(path));
  };
  const auto part = [&] { PublishPart(path, content); };
  return Step(action, path, all, part);
}

Status SimFileSystem::CreateIfAbsent(const std::string& path, std::string_view content) {
  if (dead_) return Dead();
  TAPELAKE_RETURN_NOT_OK(RequireParent(path));
  if (disk_.Find(path) != nullptr) {
    return MakeError(ErrorKind::kAlreadyExists, "'" + path + "' exists");
  }
  return Publish(DiskAction::kCreate, path, content);
}

Status SimFileSystem::ReplaceFile(const std::string& path, std::string_view content) {
  if (dead_) return Dead();
  TAPELAKE_RETURN_NOT_OK(RequireParent(path));
  return Publish(DiskAction::kReplace, path, content);
}

Result<std::vector<io::FileInfo>> SimFileSystem::List(const std::string& directory) {
  TAPELAKE_RETURN_NOT_OK(BeforeRead(directory));
  if (!disk_.HasDirectory(directory)) return NotFound(directory);
  std::vector<io::FileInfo> list;
  for (SimDisk::Entry& entry : disk_.List(directory)) {
    io::FileInfo info{.name = std::move(entry.name), .is_directory = entry.file == nullptr};
    if (entry.file != nullptr) {
      info.size_bytes = static_cast<int64_t>(entry.file->bytes.size());
      info.modified_micros = entry.file->modified_micros;
    }
    list.push_back(std::move(info));
  }
  return list;
}

Result<std::vector<std::string>> SimFileSystem::ListNames(const std::string& directory) {
  TAPELAKE_RETURN_NOT_OK(BeforeRead(directory));
  if (!disk_.HasDirectory(directory)) return NotFound(directory);
  std::vector<std::string> names;
  for (SimDisk::Entry& entry : disk_.List(directory))
    names.push_back(std::move(entry.name));
  return names;
}

Result<io::FileInfo> SimFileSystem::GetInfo(const std::string& path) {
  TAPELAKE_RETURN_NOT_OK(BeforeRead(path));
  if (const auto file = disk_.Find(path)) {
    return io::FileInfo{.name = io::FileName(path),
                        .size_bytes = static_cast<int64_t>(file->bytes.size()),
                        .modified_micros = file->modified_micros};
  }
  if (!disk_.HasDirectory(path)) return NotFound(path);
  return io::FileInfo{.name = io::FileName(path), .is_directory = true};
}

Result<bool> SimFileSystem::Exists(const std::string& path) {
  TAPELAKE_RETURN_NOT_OK(BeforeRead(path));
  return disk_.Find(path) != nullptr || disk_.HasDirectory(path);
}

Status SimFileSystem::CreateDirectories(const std::string& path) {
  if (dead_) return Dead();
  if (disk_.HasDirectory(path)) return Status::OK();
  const auto all = [&] {
    std::vector<std::string> parents;
    for (std::string made = path; !disk_.HasDirectory(made); made = io::ParentPath(made))
      parents.push_back(io::ParentPath(made));
    disk_.MakeDirectories(path);
    for (const std::string& parent : parents)
      disk_.SyncNames(parent);
  };
  const auto part = [&] {
    std::string made = path;
    while (!disk_.HasDirectory(io::ParentPath(made)) && PartOf(1) == 1)
      made = io::ParentPath(made);
    disk_.MakeDirectories(made);
  };
  return Step(DiskAction::kMakeDirectory, path, all, part);
}

Status SimFileSystem::DeleteFile(const std::string& path) {
  if (dead_) return Dead();
  if (disk_.Find(path) == nullptr) return NotFound(path);
  return Step(DiskAction::kDelete, path, [&] { disk_.Unlink(path); }, {});
}

Status SimFileSystem::DeleteDirectory(const std::string& path) {
  if (dead_) return Dead();
  if (!disk_.HasDirectory(path)) return Status::OK();
  return Step(DiskAction::kRemove, path, [&] { disk_.RemoveDirectory(path); }, {});
}

Status SimFileSystem::SyncDirectory(const std::string& path) {
  if (dead_) return Dead();
  if (!disk_.HasDirectory(path)) return NotFound(path);
  return Step(DiskAction::kSyncDirectory, path, [&] { disk_.SyncNames(path); }, {});
}

}  // namespace tapelake::testing
