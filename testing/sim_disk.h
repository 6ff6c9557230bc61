#pragma once

/// What a disk holds, and what of it survives when power goes.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "io/random.h"

namespace tapelake::testing {

/// Files by name, with the difference between what programs see and what is on the platters.
///
/// The model, as hostile as POSIX allows:
/// - Bytes up to File::synced survive. Of the 4 KiB pages behind it each survives by itself or
///   reads as zeros (sometimes as noise), and the file ends anywhere between.
/// - A cut or truncation that was not synced happened or did not.
/// - Each name created, replaced or deleted since its directory was synced is as before or as now.
/// - A directory created since its parent was synced is there or not, with all it holds; a removed
///   one may come back with whatever it held.
///
/// One thread.
class SimDisk {
 public:
  static constexpr int64_t kPageBytes = 4096;

  struct File {
    std::string bytes;
    int64_t synced = 0;  ///< Bytes from the front that survive power loss.
    /// What survives instead if a truncation below `synced` has not reached the disk.
    std::optional<std::string> before_cut;
    int64_t modified_micros = 0;

    void Append(std::string_view more, int64_t now_micros);
    void Truncate(int64_t size_bytes, int64_t now_micros);
    void Sync();
  };
  using FilePointer = std::shared_ptr<File>;

  struct Entry {
    std::string name;
    FilePointer file;  ///< nullptr: a directory.
  };

  /// The file of this name; nullptr if there is none.
  FilePointer Find(const std::string& path) const;
  bool HasDirectory(const std::string& path) const { return directories_.contains(path); }

  /// Give a file a name, replacing whatever had it. The directory must exist.
  void Link(const std::string& path, FilePointer file);
  /// Take a name away; false if there was none.
  bool Unlink(const std::string& path);
  /// Make everything done to the names of a directory durable.
  void SyncNames(const std::string& directory);

  void MakeDirectories(const std::string& path);
  void RemoveDirectory(const std::string& path);

  /// Names in a directory, sorted.
  std::vector<Entry> List(const std::string& directory) const;
  /// Paths of all files, sorted.
  std::vector<std::string> Paths() const;

  /// Lose what is not durable. Everything left is durable.
  void LosePower(io::Random& random);

 private:
  struct Directory {
    std::map<std::string, FilePointer> live;
    std::map<std::string, FilePointer> durable;
    std::set<std::string> unsynced;  ///< Names for which the two may differ.
  };

  void MakeDirectory(const std::string& path);
  Directory* DirectoryOf(const std::string& path);
  static void Settle(Directory* directory, const std::string& name);

  std::map<std::string, Directory> directories_;
  std::set<std::string> unsynced_directories_;  ///< Created, but their parent is not synced.
  std::map<std::string, Directory> removed_;    ///< Removed, but their parent is not synced.
};

/// Whether `path` lies anywhere below `directory`.
bool IsBelow(const std::string& path, const std::string& directory);

}  // namespace tapelake::testing
