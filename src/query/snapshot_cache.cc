#include "query/snapshot_cache.h"

#include <utility>

namespace tapelake::query {
namespace {

// A session that names very many paths starts over rather than grow for ever.
constexpr size_t kEntriesMax = 1024;

}  // namespace

void SnapshotCache::BeginStatement() {
  const std::lock_guard lock(mutex_);
  ++statement_;
  last_error_ = Status::OK();
  if (entries_.size() > kEntriesMax) entries_.clear();
}

Result<TableSnapshot> SnapshotCache::Get(const std::string& path) {
  const std::lock_guard lock(mutex_);
  Result<TableSnapshot> snapshot = GetLocked(path);
  if (!snapshot.ok()) last_error_ = snapshot.status();
  return snapshot;
}

Result<TableSnapshot> SnapshotCache::GetLocked(const std::string& path) {
  const auto found = entries_.find(path);
  if (found != entries_.end() && found->second.checked_statement == statement_) {
    return found->second.snapshot;
  }
  // The version is taken before the snapshot: if a commit comes between, the next statement sees a
  // changed version and resolves again.
  TAPELAKE_ASSIGN_OR_RAISE(std::string version, provider_.TimelineVersion(path));
  if (found != entries_.end() && found->second.version == version) {
    found->second.checked_statement = statement_;
    return found->second.snapshot;
  }
  TAPELAKE_ASSIGN_OR_RAISE(TableSnapshot snapshot, provider_.Resolve(path));
  entries_[path] = {
      .version = std::move(version), .snapshot = snapshot, .checked_statement = statement_};
  return snapshot;
}

Status SnapshotCache::LastError() {
  const std::lock_guard lock(mutex_);
  return last_error_;
}

}  // namespace tapelake::query
