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

}  // namespace tapelake::hudi
