#include "hudi/timeline/instant_files.h"

#include <string_view>

#include "hudi/format/file_name.h"
#include "hudi/timeline/timeline.h"

namespace tapelake::hudi {
namespace {

constexpr int kListingsMax = 20;

/// The name of the oldest write instant's file of the highest state; empty: there is none. One that
/// a savepoint pins may stay when later ones go.
std::string OldestWriteFile(const std::vector<std::string>& names, TimelineLayout layout) {
  std::string oldest;
  std::string oldest_time;
  InstantState state = InstantState::kRequested;
  std::string pinned;
  for (const std::string& name : names) {
    const auto instant = ParseInstantFileName(name, layout);
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

Instant RequestedOf(const Instant& instant) {
  Instant requested = instant;
  requested.state = InstantState::kRequested;
  requested.completion_time.clear();
  return requested;
}

}  // namespace

std::string TimelineFolder(const std::string& base_path, TimelineLayout layout) {
  constexpr std::string_view kTimelineFolder = "timeline";
  const std::string folder = io::JoinPath(base_path, kMetadataFolder);
  return layout == TimelineLayout::kFlat ? folder : io::JoinPath(folder, kTimelineFolder);
}

Result<std::vector<std::string>> ListInstantNames(io::FileSystem& files,
                                                  const std::string& base_path) {
  return ListInstantNames(files, base_path, TimelineLayout::kFlat);
}

Result<std::vector<std::string>> ListInstantNames(io::FileSystem& files,
                                                  const std::string& base_path,
                                                  TimelineLayout layout) {
  const std::string folder = TimelineFolder(base_path, layout);
  for (int listing = 0; listing < kListingsMax; ++listing) {
    TAPELAKE_ASSIGN_OR_RAISE(auto names, files.ListNames(folder));
    const std::string oldest = OldestWriteFile(names, layout);
    if (oldest.empty()) return names;
    TAPELAKE_ASSIGN_OR_RAISE(const bool present, files.Exists(io::JoinPath(folder, oldest)));
    if (present) return names;
  }
  return MakeError(ErrorKind::kUnavailable,
                   "'" + folder + "' changes faster than it can be listed");
}

std::string InstantPath(const std::string& base_path, const Instant& instant) {
  return io::JoinPath(TimelineFolder(base_path, instant.layout), InstantFileName(instant));
}

Result<std::string> ReadRequested(io::FileSystem& files, const std::string& base_path,
                                  const Instant& instant) {
  return files.ReadFile(InstantPath(base_path, RequestedOf(instant)));
}

std::string PlanPlace(const std::string& base_path, const Instant& instant) {
  return "'" + InstantPath(base_path, RequestedOf(instant)) + "'";
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
