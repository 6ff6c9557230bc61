#include "hudi/timeline/timeline.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "hudi/format/file_name.h"
#include "hudi/timeline/instant_files.h"

namespace tapelake::hudi {
namespace {

constexpr int64_t kMicrosPerMilli = 1000;

using InstantKey = std::pair<std::string, InstantAction>;
using StateMap = std::map<InstantKey, Instant>;

std::string MetadataFolder(const std::string& base_path) {
  return io::JoinPath(base_path, kMetadataFolder);
}

/// A pending compaction whose commit file exists is that commit: drop its own entry.
void DropCompletedCompactions(StateMap* states) {
  const auto completed = [states](const std::string& timestamp, InstantAction action) {
    const auto found = states->find({timestamp, action});
    return found != states->end() && found->second.state == InstantState::kCompleted;
  };
  std::erase_if(*states, [&completed](const auto& entry) {
    const auto& [timestamp, action] = entry.first;
    if (action == InstantAction::kCompaction) return completed(timestamp, InstantAction::kCommit);
    if (action == InstantAction::kLogCompaction) {
      return completed(timestamp, InstantAction::kDeltaCommit);
    }
    if (action == InstantAction::kClustering) {
      return completed(timestamp, InstantAction::kReplaceCommit);
    }
    return false;
  });
}

bool IsCompletedCommit(const Instant& instant) {
  return instant.state == InstantState::kCompleted && IsWriteAction(instant.action);
}

std::string FirstUnpinnedWriteInstant(const std::vector<Instant>& instants) {
  std::set<std::string_view> savepoints;
  for (const Instant& instant : instants) {
    if (instant.action == InstantAction::kSavepoint) savepoints.insert(instant.timestamp);
  }
  for (const Instant& instant : instants) {
    if (IsWriteAction(instant.action) && !savepoints.contains(instant.timestamp)) {
      return instant.timestamp;
    }
  }
  return "";
}

Status ConflictAt(const std::string& path, const std::string& what) {
  return MakeError(ErrorKind::kConflict, "instant file '" + path + "' " + what);
}

}  // namespace

Result<Timeline> Timeline::Load(io::FileSystem& files, const std::string& base_path) {
  return Load(files, base_path, TimelineLayout::kFlat);
}

Result<Timeline> Timeline::Load(io::FileSystem& files, const std::string& base_path,
                                TimelineLayout layout) {
  TAPELAKE_ASSIGN_OR_RAISE(const auto names, ListInstantNames(files, base_path, layout));
  return FromFileNames(names, layout);
}

Timeline Timeline::FromFileNames(const std::vector<std::string>& names) {
  return FromFileNames(names, TimelineLayout::kFlat);
}

Timeline Timeline::FromFileNames(const std::vector<std::string>& names, TimelineLayout layout) {
  StateMap states;
  for (const std::string& name : names) {
    auto instant = ParseInstantFileName(name, layout);
    if (!instant) continue;
    const auto [known, is_new] =
        states.try_emplace({instant->timestamp, instant->action}, *instant);
    if (!is_new && known->second.state < instant->state) known->second = std::move(*instant);
  }
  DropCompletedCompactions(&states);
  Timeline timeline;
  timeline.layout_ = layout;
  for (auto& [key, instant] : states)
    timeline.instants_.push_back(std::move(instant));
  timeline.first_write_instant_ = FirstUnpinnedWriteInstant(timeline.instants_);
  return timeline;
}

Timeline Timeline::With(const Instant& instant) const {
  Timeline next = *this;
  auto at = std::lower_bound(next.instants_.begin(), next.instants_.end(), instant,
                             [](const Instant& left, const Instant& right) {
                               return std::tie(left.timestamp, left.action) <
                                      std::tie(right.timestamp, right.action);
                             });
  const bool known = at != next.instants_.end() && at->timestamp == instant.timestamp &&
                     at->action == instant.action;
  if (!known) at = next.instants_.insert(at, instant);
  at->state = std::max(at->state, instant.state);
  next.first_write_instant_ = FirstUnpinnedWriteInstant(next.instants_);
  return next;
}

Timeline Timeline::Until(std::string_view time) const {
  Timeline earlier = *this;  // keeps the first write instant: what is older is archived
  std::erase_if(earlier.instants_,
                [time](const Instant& instant) { return OrderTime(instant) > time; });
  return earlier;
}

std::vector<Instant> Timeline::CompletedCommits() const {
  std::vector<Instant> commits;
  std::copy_if(instants_.begin(), instants_.end(), std::back_inserter(commits), IsCompletedCommit);
  return commits;
}

std::vector<Instant> Timeline::PendingInstants() const {
  std::vector<Instant> pending;
  for (const Instant& instant : instants_) {
    if (instant.state != InstantState::kCompleted) pending.push_back(instant);
  }
  return pending;
}

std::optional<Instant> Timeline::NewestCompletedCommit() const {
  const auto found = std::find_if(instants_.rbegin(), instants_.rend(), IsCompletedCommit);
  return found == instants_.rend() ? std::nullopt : std::optional(*found);
}

bool Timeline::IsCommitted(std::string_view timestamp) const {
  bool pending = false;
  auto at = std::lower_bound(
      instants_.begin(), instants_.end(), timestamp,
      [](const Instant& instant, std::string_view wanted) { return instant.timestamp < wanted; });
  for (; at != instants_.end() && at->timestamp == timestamp; ++at) {
    if (IsCompletedCommit(*at)) return true;
    pending = pending || IsWriteAction(at->action);
  }
  return !pending && !first_write_instant_.empty() && timestamp < first_write_instant_;
}

std::string_view Timeline::CompletionTimeOf(std::string_view timestamp) const {
  auto at = std::lower_bound(
      instants_.begin(), instants_.end(), timestamp,
      [](const Instant& instant, std::string_view wanted) { return instant.timestamp < wanted; });
  for (; at != instants_.end() && at->timestamp == timestamp; ++at) {
    if (IsCompletedCommit(*at) && !at->completion_time.empty()) return at->completion_time;
  }
  return IsCommitted(timestamp) ? timestamp : std::string_view();
}

Result<NextInstant> Timeline::NextInstantTime(int64_t now_micros) const {
  NextInstant next;
  next.timestamp = FormatInstantTime(now_micros);
  if (instants_.empty() || instants_.back().timestamp < next.timestamp) return next;
  const std::string& newest = instants_.back().timestamp;
  const auto newest_micros = ParseInstantTime(newest);
  if (newest_micros) {
    const int64_t earliest_micros = *newest_micros + kMicrosPerMilli;
    next.timestamp = FormatInstantTime(std::min(earliest_micros, kInstantMicrosMax));
    next.wait_micros = std::max<int64_t>(earliest_micros - now_micros, 0);
  }
  if (!newest_micros || next.timestamp <= newest) {
    return MakeError(ErrorKind::kCorrupt,
                     "instant '" + newest + "' is no time that another could follow");
  }
  return next;
}

Result<CommitMetadata> ReadCommitMetadata(io::FileSystem& files, const std::string& base_path,
                                          const Instant& instant) {
  const std::string path = InstantPath(base_path, instant);
  TAPELAKE_ASSIGN_OR_RAISE(const std::string content, files.ReadFile(path));
  Result<CommitMetadata> metadata = instant.layout == TimelineLayout::kFlat
                                        ? ParseCommitMetadata(content)
                                        : ParseCommitContainer(content);
  if (!metadata.ok()) return WithContext(metadata.status(), "'" + path + "'");
  metadata->instant = instant.timestamp;
  return metadata;
}

std::string TimelineWriter::PathOf(const Instant& instant) const {
  return io::JoinPath(MetadataFolder(base_path_), InstantFileName(instant));
}

Status TimelineWriter::Create(const Instant& instant, std::string_view content) {
  const std::string path = PathOf(instant);
  const Status status = files_.CreateIfAbsent(path, content);
  if (status.ok() || KindOf(status) != ErrorKind::kAlreadyExists) return status;
  return ConflictAt(path, "exists already: another writer took this time");
}

Status TimelineWriter::RequirePresent(const Instant& instant) {
  const std::string path = PathOf(instant);
  TAPELAKE_ASSIGN_OR_RAISE(const bool present, files_.Exists(path));
  if (present) return Status::OK();
  return ConflictAt(path, "is gone: another writer rolled the instant back");
}

Status TimelineWriter::DeleteIfPresent(const Instant& instant) {
  const Status status = files_.DeleteFile(PathOf(instant));
  if (status.ok() || KindOf(status) == ErrorKind::kNotFound) return Status::OK();
  return status;
}

Status TimelineWriter::CreateRequested(const std::string& timestamp, InstantAction action,
                                       std::string_view content) {
  return Create({timestamp, action, InstantState::kRequested}, content);
}

Status TimelineWriter::CreateInflight(const std::string& timestamp, InstantAction action,
                                      std::string_view content) {
  if (action != InstantAction::kSavepoint) {
    TAPELAKE_RETURN_NOT_OK(RequirePresent({timestamp, action, InstantState::kRequested}));
  }
  return Create({timestamp, action, InstantState::kInflight}, content);
}

Status TimelineWriter::Complete(const std::string& timestamp, InstantAction action,
                                std::string_view content) {
  const Instant completed{timestamp, action, InstantState::kCompleted};
  if (content.empty()) {
    return MakeError(ErrorKind::kInvalid, "cannot publish '" + PathOf(completed) + "' empty");
  }
  // Not a lock, but it catches a Spark writer that rolled us back while we wrote.
  TAPELAKE_RETURN_NOT_OK(RequirePresent({timestamp, action, InstantState::kInflight}));
  return Create(completed, content);
}

Status TimelineWriter::DeletePending(const std::string& timestamp, InstantAction action) {
  const Instant completed{timestamp, action, InstantState::kCompleted};
  TAPELAKE_ASSIGN_OR_RAISE(const bool is_completed, files_.Exists(PathOf(completed)));
  if (is_completed) {
    return MakeError(ErrorKind::kInvalid,
                     "cannot delete instant '" + timestamp + "': it is completed");
  }
  // The requested file goes last: until then the instant stays known, and a repeat finds it.
  TAPELAKE_RETURN_NOT_OK(DeleteIfPresent({timestamp, action, InstantState::kInflight}));
  TAPELAKE_RETURN_NOT_OK(DeleteIfPresent({timestamp, action, InstantState::kRequested}));
  return files_.SyncDirectory(MetadataFolder(base_path_));
}

}  // namespace tapelake::hudi
