#include "query/snapshot_cache.h"

#include <algorithm>
#include <utility>

namespace tapelake::query {
namespace {

// A session that names very many paths starts over rather than grow for ever.
constexpr size_t kEntriesMax = 1024;

bool SameView(const hot::HotView& left, const hot::HotView& right) {
  return left.instant == right.instant && left.chunks == right.chunks;
}

/// `stored`, and after its columns those that only hot rows have yet.
std::shared_ptr<const TableSnapshot> WithHotColumns(
    const std::shared_ptr<const TableSnapshot>& stored, const hot::HotView& view) {
  arrow::FieldVector fields = stored->schema->fields();
  for (const auto& chunk : view.chunks) {
    if (chunk->rows == nullptr) continue;
    for (const auto& field : chunk->rows->schema()->fields()) {
      const auto known = [&](const auto& other) { return other->name() == field->name(); };
      if (std::ranges::none_of(fields, known)) fields.push_back(field);
    }
  }
  if (fields.size() == static_cast<size_t>(stored->schema->num_fields())) return stored;
  auto wider = std::make_shared<TableSnapshot>(*stored);
  wider->schema = arrow::schema(std::move(fields));
  return wider;
}

}  // namespace

void SnapshotCache::BeginStatement() {
  const std::lock_guard lock(mutex_);
  ++statement_;
  last_error_ = Status::OK();
  if (entries_.size() > kEntriesMax) entries_.clear();
  for (auto& [key, entry] : entries_) {
    if (entry.overlay_statement + 1 >= statement_) continue;
    // The provider keeps decoded logs within a bound; we must not hold on to what it drops.
    entry.overlay_known = false;
    entry.overlay.reset();
  }
}

template <typename T>
Result<T> SnapshotCache::Noted(Result<T> result) {
  if (!result.ok()) last_error_ = result.status();
  return result;
}

Result<std::shared_ptr<const TableSnapshot>> SnapshotCache::Get(const std::string& path) {
  const std::lock_guard lock(mutex_);
  TAPELAKE_ASSIGN_OR_RAISE(const Entry* entry, Noted(Check(path, nullptr)));
  return entry->snapshot;
}

Result<SnapshotSource> SnapshotCache::Source(const std::string& path) {
  return SourceOf(path, nullptr);
}

Result<SnapshotSource> SnapshotCache::PastSource(const std::string& path, const PastQuery& query) {
  return SourceOf(path, &query);
}

Result<std::unique_ptr<hudi::TableView>> SnapshotCache::View(const std::string& path) {
  const std::lock_guard lock(mutex_);
  return Noted(provider_.View(path));
}

void SnapshotCache::NoteError(const Status& error) {
  const std::lock_guard lock(mutex_);
  last_error_ = error;
}

Result<SnapshotSource> SnapshotCache::SourceOf(const std::string& path, const PastQuery* query) {
  const std::lock_guard lock(mutex_);
  TAPELAKE_ASSIGN_OR_RAISE(Entry* const entry, Noted(Check(path, query)));
  Status loaded = CheckFiles(path, entry);
  if (loaded.ok()) loaded = LoadOverlay(path, entry);
  if (!loaded.ok()) {
    last_error_ = loaded;
    return loaded;
  }
  return SnapshotSource{
      .snapshot = entry->snapshot, .overlay = entry->overlay, .overlay_id = entry->overlay_id};
}

std::shared_ptr<const Overlay> SnapshotCache::FindOverlay(int64_t overlay_id) {
  const std::lock_guard lock(mutex_);
  for (const auto& [key, entry] : entries_) {
    if (entry.overlay != nullptr && entry.overlay_id == overlay_id) return entry.overlay;
  }
  return nullptr;
}

Result<SnapshotCache::Entry*> SnapshotCache::Check(const std::string& path,
                                                   const PastQuery* query) {
  const EntryKey key(path, query == nullptr ? std::nullopt : std::optional(*query));
  const auto found = entries_.find(key);
  if (found != entries_.end()) {
    if (found->second.checked_statement != statement_) {
      TAPELAKE_RETURN_NOT_OK(Refresh(path, query, &found->second));
    }
    return &found->second;
  }
  Entry entry;
  TAPELAKE_RETURN_NOT_OK(Refresh(path, query, &entry));
  return &(entries_[key] = std::move(entry));
}

Status SnapshotCache::Refresh(const std::string& path, const PastQuery* query, Entry* entry) {
  hot::HotView view;
  if (hot_ != nullptr && query == nullptr) {
    TAPELAKE_ASSIGN_OR_RAISE(view, hot_->View(path));
  }
  // The version is taken before the snapshot: if a commit comes between, the next statement sees a
  // changed version and resolves again.
  TAPELAKE_ASSIGN_OR_RAISE(std::string version, provider_.TimelineVersion(path));
  const auto under = view.empty() ? std::nullopt : std::optional(view.instant);
  const bool stands =
      entry->stored != nullptr && entry->version == version && entry->under == under;
  if (!stands) {
    auto resolved = query != nullptr ? provider_.ResolvePast(path, *query)
                    : under          ? provider_.ResolveUnderHot(path, *under)
                                     : provider_.Resolve(path);
    TAPELAKE_ASSIGN_OR_RAISE(TableSnapshot snapshot, std::move(resolved));
    entry->version = std::move(version);
    entry->under = under;
    entry->stored = std::make_shared<TableSnapshot>(std::move(snapshot));
    entry->files_checked = false;
  }
  entry->checked_statement = statement_;
  if (stands && SameView(entry->hot, view)) return Status::OK();
  entry->hot = std::move(view);
  entry->snapshot = WithHotColumns(entry->stored, entry->hot);
  entry->overlay_known = false;
  entry->overlay.reset();
  return Status::OK();
}

Status SnapshotCache::CheckFiles(const std::string& path, Entry* entry) {
  if (entry->files_checked) return Status::OK();
  TAPELAKE_RETURN_NOT_OK(provider_.CheckFiles(path, *entry->stored));
  entry->files_checked = true;
  return Status::OK();
}

Status SnapshotCache::LoadOverlay(const std::string& path, Entry* entry) {
  entry->overlay_statement = statement_;
  if (entry->overlay_known) return Status::OK();
  if (!entry->snapshot->logged_slices.empty() || !entry->hot.empty()) {
    TAPELAKE_ASSIGN_OR_RAISE(auto logs, provider_.ReadLogs(path, *entry->stored));
    std::shared_ptr<const hot::HotOverlay> hot;
    if (!entry->hot.empty()) {
      TAPELAKE_ASSIGN_OR_RAISE(auto merged, hot::MergeHotView(entry->hot));
      hot = std::make_shared<hot::HotOverlay>(std::move(merged));
    }
    TAPELAKE_ASSIGN_OR_RAISE(entry->overlay,
                             Overlay::Make(*entry->snapshot, std::move(logs), std::move(hot)));
    entry->overlay_id = ++newest_overlay_id_;
  }
  entry->overlay_known = true;
  return Status::OK();
}

Status SnapshotCache::LastError() {
  const std::lock_guard lock(mutex_);
  return last_error_;
}

}  // namespace tapelake::query
