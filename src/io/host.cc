#include "io/host.h"

#include <cerrno>
#include <cstdio>
#include <cstring>

#include <dirent.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace tapelake::io {
namespace {

Status SystemError(const std::string& what) {
  const ErrorKind kind = errno == ENOENT ? ErrorKind::kNotFound : ErrorKind::kUnavailable;
  return MakeError(kind, what + ": " + std::strerror(errno));
}

int64_t Micros(const timeval& time) {
  return int64_t{time.tv_sec} * 1'000'000 + time.tv_usec;
}

Result<int64_t> ResidentBytes() {
  FILE* file = std::fopen("/proc/self/statm", "re");
  if (file == nullptr) return SystemError("cannot read /proc/self/statm");
  long long total_pages = 0;
  long long resident_pages = 0;
  const int read = std::fscanf(file, "%lld %lld", &total_pages, &resident_pages);
  std::fclose(file);
  if (read != 2) {
    return MakeError(ErrorKind::kUnavailable, "/proc/self/statm does not hold two numbers");
  }
  return resident_pages * ::sysconf(_SC_PAGESIZE);
}

Result<int64_t> OpenFiles() {
  DIR* directory = ::opendir("/proc/self/fd");
  if (directory == nullptr) return SystemError("cannot list /proc/self/fd");
  int64_t count = -1;  // the one that lists
  while (const dirent* entry = ::readdir(directory))
    count += entry->d_name[0] != '.';
  ::closedir(directory);
  return count;
}

}  // namespace

Result<ProcessFigures> ReadProcessFigures() {
  ProcessFigures figures;
  TAPELAKE_ASSIGN_OR_RAISE(figures.resident_bytes, ResidentBytes());
  TAPELAKE_ASSIGN_OR_RAISE(figures.open_files, OpenFiles());
  rusage usage = {};
  if (::getrusage(RUSAGE_SELF, &usage) != 0) return SystemError("cannot read the CPU time");
  figures.cpu_micros = Micros(usage.ru_utime) + Micros(usage.ru_stime);
  return figures;
}

Result<DiskFigures> ReadDiskFigures(const std::string& path) {
  struct statvfs disk = {};
  if (::statvfs(path.c_str(), &disk) != 0) return SystemError("cannot look at the disk of " + path);
  const auto block = static_cast<int64_t>(disk.f_frsize);
  return DiskFigures{.total_bytes = static_cast<int64_t>(disk.f_blocks) * block,
                     .free_bytes = static_cast<int64_t>(disk.f_bavail) * block};
}

}  // namespace tapelake::io
