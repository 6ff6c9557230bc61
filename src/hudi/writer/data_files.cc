#include "hudi/writer/data_files.h"

#include <set>

namespace tapelake::hudi {

Status DeleteDataFiles(io::FileSystem& files, const std::string& base_path,
                       const std::vector<std::string>& paths) {
  Status first;
  std::set<std::string> directories;
  for (const std::string& path : paths) {
    const std::string full_path = io::JoinPath(base_path, path);
    const Status deleted = files.DeleteFile(full_path);
    // One that is gone may have been deleted by a process that died before it synced.
    directories.insert(io::ParentPath(full_path));
    if (!deleted.ok() && KindOf(deleted) != ErrorKind::kNotFound && first.ok()) first = deleted;
  }
  for (const std::string& directory : directories) {
    const Status synced = files.SyncDirectory(directory);
    if (!synced.ok() && KindOf(synced) != ErrorKind::kNotFound && first.ok()) first = synced;
  }
  return first;
}

std::string TimeOfDay(const std::string& instant) {
  constexpr size_t kDateDigits = 8;
  constexpr size_t kTimeDigits = 9;
  const size_t first = instant.find_first_not_of('0', kDateDigits);
  if (first >= kDateDigits + kTimeDigits) return "0";
  return instant.substr(first, kDateDigits + kTimeDigits - first);
}

}  // namespace tapelake::hudi
