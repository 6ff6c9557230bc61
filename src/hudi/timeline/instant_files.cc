#include "hudi/timeline/instant_files.h"

#include "hudi/format/file_name.h"
#include "hudi/timeline/timeline.h"

namespace tapelake::hudi {
namespace {

constexpr int kListingsMax = 20;

/// The name of the oldest write instant's file of the highest state; empty: there is none. One that
/// a savepoint pins may stay when later ones go.
std::string OldestWriteFile(const std::vector<std::string>& names) {
  std::string oldest;
  std::string oldest_time;
  InstantState state = InstantState::kRequested;
  std::string pinned;
  for (const std::string& name : names) {
    const auto instant = ParseInstantFileName(name);
    if (!instant || instant->timestamp == pinned) continue;
    if (!oldest.empty() && instant->timestamp != oldest_time) break;
    if (instant->action == InstantAction::kSavepoint) {
      pinned = instant->timestamp;
      oldest.clear();
    } else if (IsWriteAction(instant->action) && (oldest.empty() || instant->state > state)) {
      oldest = name;
      oldest_time = instant->timestamp;
      state = instant->state;
    }
  }
  return oldest;
}

}  // namespace

Result<std::vector<std::string>> ListInstantNames(io::FileSystem& files,
                                                  const std::string& base_path) {
  const std::string folder = io::JoinPath(base_path, kMetadataFolder);
  for (int listing = 0; listing < kListingsMax; ++listing) {
    TAPELAKE_ASSIGN_OR_RAISE(auto names, files.ListNames(folder));
    const std::string oldest = OldestWriteFile(names);
    if (oldest.empty()) return names;
    TAPELAKE_ASSIGN_OR_RAISE(const bool present, files.Exists(io::JoinPath(folder, oldest)));
    if (present) return names;
  }
  return MakeError(ErrorKind::kUnavailable,
                   "'" + folder + "' changes faster than it can be listed");
}

std::string InstantPath(const std::string& base_path, const Instant& instant) {
  return io::JoinPath(io::JoinPath(base_path, kMetadataFolder), InstantFileName(instant));
}

Result<std::string> ReadRequested(io::FileSystem& files, const std::string& base_path,
                                  const Instant& instant) {
  return files.ReadFile(
      InstantPath(base_path, {instant.timestamp, instant.action, InstantState::kRequested}));
}

std::string PlanPlace(const std::string& base_path, const Instant& instant) {
  return "'" +
         InstantPath(base_path, {instant.timestamp, instant.action, InstantState::kRequested}) +
         "'";
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
