#pragma once

/// Golden tables for C++ tests: unpacked into a folder that vanishes with the object.

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

#include <unistd.h>

namespace tapelake::golden {

/// A new, empty folder of its own, deleted with the object. Throws if it cannot be made.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "tapelake-test-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp " + pattern);
    path_ = pattern;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// The table `name` of tests/golden below `source_folder` (TAPELAKE_SOURCE_DIR). Needs the programs
/// zstd and tar. Throws if unpacking fails.
class GoldenTable {
 public:
  GoldenTable(const std::string& source_folder, const std::string& name)
      : stem_(source_folder + "/tests/golden/" + name), path_(folder_.path() + "/" + name) {
    const std::string command =
        "zstd -dc '" + stem_ + ".tar.zst' | tar -x -C '" + folder_.path() + "'";
    if (std::system(command.c_str()) != 0 || !std::filesystem::exists(path_)) {
      throw std::runtime_error("cannot unpack: " + command);
    }
  }

  /// The table's base path.
  const std::string& path() const { return path_; }

  /// Content of the side file NAME.<extension>, for example "json" or "snapshot.csv".
  std::string SideFile(const std::string& extension) const {
    std::ifstream file(stem_ + "." + extension, std::ios::binary);
    if (!file) throw std::runtime_error("cannot read " + stem_ + "." + extension);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }

 private:
  TemporaryFolder folder_;
  std::string stem_;
  std::string path_;
};

}  // namespace tapelake::golden
