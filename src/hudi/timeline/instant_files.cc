#include "hudi/timeline/instant_files.h"

#include "hudi/format/file_name.h"
#include "hudi/timeline/timeline.h"

namespace tapelake::hudi {

std::string InstantPath(const std::string& base_path, const Instant& instant) {
  return io::JoinPath(io::JoinPath(base_path, kMetadataFolder), InstantFileName(instant));
}

Result<std::string> ReadRequested(io::FileSystem& files, const std::string& base_path,
                                  const Instant& instant) {
  return files.ReadFile(
      InstantPath(base_path, {instant.timestamp, instant.action, InstantState::kRequested}));
}

Status EnsureInflight(io::FileSystem& files, const std::string& base_path, const Instant& instant,
                      std::string_view content) {
  const std::string path =
      InstantPath(base_path, {instant.timestamp, instant.action, InstantState::kInflight});
  TAPELAKE_ASSIGN_OR_RAISE(const bool present, files.Exists(path));
  if (present) return Status::OK();
  return TimelineWriter(files, base_path)
      .CreateInflight(instant.timestamp, instant.action, content);
}

}  // namespace tapelake::hudi
