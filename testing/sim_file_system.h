#pragma once

/// A file system on a SimDisk whose every step can fail, take its time or be the last one.

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "io/file_system.h"
#include "io/random.h"
#include "testing/fake_clock.h"
#include "testing/sim_disk.h"

namespace tapelake::testing {

/// What a step does to the disk.
enum class DiskAction : uint8_t {
  kOpen,           ///< OpenForWrite: an empty file appears.
  kWrite,          ///< Bytes of an output stream.
  kClose,          ///< Its content becomes durable.
  kStart,          ///< OpenForAppend, if the file was absent.
  kAppend,         ///< Bytes of an AppendFile.
  kSync,           ///< Its content becomes durable.
  kTruncate,       ///< Of an AppendFile.
  kCreate,         ///< CreateIfAbsent.
  kReplace,        ///< ReplaceFile.
  kDelete,         ///< DeleteFile.
  kMakeDirectory,  ///< CreateDirectories, if it was absent.
  kRemove,         ///< DeleteDirectory, if it was there.
  kSyncDirectory,  ///< Its names become durable.
  kLock,           ///< Lock, if the file was absent.
};

/// `open`, `write`, `sync directory`, ...
std::string_view DiskActionText(DiskAction action);

/// Whether dying inside the action leaves something that dying before or after it does not.
bool CanBeTorn(DiskAction action);

/// One step, before it happens.
struct DiskStep {
  DiskAction action = DiskAction::kOpen;
  const std::string& path;
};

/// What becomes of a step.
enum class StepFate : uint8_t {
  kDone,
  kFail,       ///< kUnavailable; a part of written or appended bytes may be there.
  kLostReply,  ///< Done, but the caller is told kUnknownOutcome (kUnavailable where it may not be).
  kDieBefore,  ///< The process ends: nothing of the step happened ...
  kDieTorn,    ///< ... a part of it, ...
  kDieAfter,   ///< ... or all of it. From then on every call fails with kShuttingDown.
};

/// Decides about steps. Called in the order in which they happen.
class DiskFaults {
 public:
  virtual ~DiskFaults() = default;

  /// Before each step that changes the disk.
  virtual StepFate OnStep(const DiskStep& step) = 0;

  /// Before each read, listing or look; a failure is returned instead of doing it.
  virtual Status OnRead(const std::string& path) = 0;
};

/// The file system. One thread (asserted: a simulation that uses two is not reproducible).
///
/// Files and locks of a dead process fail for ever; destroy them, then call Restart().
class SimFileSystem : public io::FileSystem {
 public:
  /// `random` decides about torn parts; everything referenced must outlive the file system.
  SimFileSystem(io::Clock& clock, io::Random& random);
  ~SimFileSystem() override;

  /// nullptr: nothing fails.
  void SetFaults(DiskFaults* faults) { faults_ = faults; }

  /// Whether the process has died.
  bool dead() const { return dead_; }
  /// Let the process die between two steps.
  void Die() { dead_ = true; }
  /// Begin a new process, after a power loss or not. Bytes that were not synced stay unsynced if
  /// there was none.
  void Restart(bool power_lost);

  /// The disk itself, for looking at it and for damaging it.
  SimDisk& disk() { return disk_; }
  const SimDisk& disk() const { return disk_; }

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
  class Reader;
  class Lease;

  /// Do a step: `all` does it, `part` (may be empty) leaves what a torn one leaves.
  Status Step(DiskAction action, const std::string& path, const std::function<void()>& all,
              const std::function<void()>& part);
  Status BeforeRead(const std::string& path) const;
  Status CheckAlive(uint64_t process) const;
  Status RequireParent(const std::string& path) const;
  /// Write a whole file beside `path`, then give it its name; in a torn step only a part of that.
  Status Publish(DiskAction action, const std::string& path, std::string_view content);
  void PublishPart(const std::string& path, std::string_view content);
  size_t PartOf(size_t bytes);

  io::Clock& clock_;
  io::Random& random_;
  DiskFaults* faults_ = nullptr;
  SimDisk disk_;
  std::set<std::string> locked_;
  bool dead_ = false;
  uint64_t process_ = 1;
  uint64_t next_temporary_ = 0;
  uint64_t thread_;
};

}  // namespace tapelake::testing
