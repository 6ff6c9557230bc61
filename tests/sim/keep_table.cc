#include "tests/sim/keep_table.h"

#include "io/local_file_system.h"
#include "testing/sim_file_system.h"

namespace tapelake::sim {

Status KeepTable(const testing::SimDisk& disk, const std::string& base_path,
                 const std::string& directory, const std::string& expected_csv) {
  io::LocalFileSystem files;
  for (const std::string& path : disk.Paths()) {
    if (!testing::IsBelow(path, base_path)) continue;
    const std::string copy = directory + "/table" + path.substr(base_path.size());
    TAPELAKE_RETURN_NOT_OK(files.CreateDirectories(io::ParentPath(copy)));
    TAPELAKE_ASSIGN_OR_RAISE(const auto out, files.OpenForWrite(copy));
    const std::string& bytes = disk.Find(path)->bytes;
    TAPELAKE_RETURN_NOT_OK(out->Write(bytes.data(), static_cast<int64_t>(bytes.size())));
    TAPELAKE_RETURN_NOT_OK(out->Close());
  }
  return files.ReplaceFile(directory + "/expected.csv", expected_csv);
}

}  // namespace tapelake::sim
