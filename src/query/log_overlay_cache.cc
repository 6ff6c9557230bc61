#include "query/log_overlay_cache.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "hudi/reader/slice_logs.h"

namespace tapelake::query {
namespace {

using OverlayPointer = std::shared_ptr<const hudi::LogOverlay>;

// All file groups of a table reach a length at the same commit, and whoever asks next waits until
// their runs of it are merged.
constexpr size_t kRunLogsMax = 4;

/// The slice with only its logs `first` .. `first` + `count`.
hudi::FileSlice RunOf(const hudi::FileSlice& slice, size_t first, size_t count) {
  hudi::FileSlice run = slice;
  const auto begin = slice.log_files.begin() + static_cast<std::ptrdiff_t>(first);
  run.log_files.assign(begin, begin + static_cast<std::ptrdiff_t>(count));
  return run;
}

std::string KeyOf(const LogSource& source, const hudi::FileSlice& run) {
  std::string key = source.base_path + '\n' + run.partition_path;
  // Under the other rules what lies in the base file decides which records count.
  if (source.scan.merge != hudi::MergeRule::kOverwriteWithLatest) key += '\n' + run.base_file_name;
  for (const hudi::SliceLogFile& log : run.log_files)
    key += '\n' + log.name + ' ' + std::to_string(log.size_bytes);
  return key;
}

/// Whether reading the logs again by `source` would judge every block as it was judged.
bool StillHolds(const hudi::LogOverlay& overlay, const LogSource& source) {
  const auto counts = [&source](const std::string& instant) {
    const std::string& as_of = source.scan.as_of;
    return (as_of.empty() || instant <= as_of) && source.timeline.IsCommitted(instant);
  };
  return std::ranges::all_of(overlay.counted_instants, counts) &&
         std::ranges::none_of(overlay.skipped_instants, counts);
}

/// Whether later runs may simply hide what earlier ones say.
bool Stackable(const std::vector<OverlayPointer>& levels) {
  int64_t greatest = std::numeric_limits<int64_t>::min();
  for (size_t i = 0; i < levels.size(); ++i) {
    const hudi::LogOverlay& level = *levels[i];
    if (!level.int64_orderings || level.least_ordering < greatest) return false;
    if (i > 0 && level.rollback_blocks > 0) return false;
    greatest = std::max(greatest, level.greatest_ordering);
  }
  return true;
}

}  // namespace

Result<std::vector<OverlayPointer>> LogOverlayCache::Levels(const LogSource& source,
                                                            const hudi::FileSlice& slice) {
  std::vector<OverlayPointer> levels;
  if (source.scan.merge != hudi::MergeRule::kOverwriteWithLatest) {
    TAPELAKE_ASSIGN_OR_RAISE(auto whole, Run(source, slice));
    levels.push_back(std::move(whole));
    return levels;
  }
  const size_t log_count = slice.log_files.size();
  for (size_t first = 0; first < log_count;) {
    const size_t count = std::min(kRunLogsMax, std::bit_floor(log_count - first));
    TAPELAKE_ASSIGN_OR_RAISE(auto level, Run(source, RunOf(slice, first, count)));
    levels.push_back(std::move(level));
    first += count;
  }
  if (Stackable(levels)) return levels;
  TAPELAKE_ASSIGN_OR_RAISE(auto whole, Run(source, slice));
  return std::vector<OverlayPointer>{std::move(whole)};
}

Result<OverlayPointer> LogOverlayCache::Run(const LogSource& source, const hudi::FileSlice& run) {
  std::string key = KeyOf(source, run);
  if (auto kept = Find(source, key)) return kept;
  TAPELAKE_ASSIGN_OR_RAISE(auto overlay,
                           hudi::ReadSliceLogs(source.files, source.base_path, run, source.timeline,
                                               source.schema, source.scan));
  Keep({.key = std::move(key),
        .schema = source.schema,
        .precombine_field = source.scan.precombine_field,
        .merge = source.scan.merge,
        .overlay = overlay});
  const std::lock_guard lock(mutex_);
  log_files_read_ += static_cast<int64_t>(run.log_files.size());
  return overlay;
}

OverlayPointer LogOverlayCache::Find(const LogSource& source, const std::string& key) {
  const std::lock_guard lock(mutex_);
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return nullptr;
  const Entry& entry = *found->second;
  if (entry.precombine_field != source.scan.precombine_field || entry.merge != source.scan.merge ||
      !entry.schema->Equals(*source.schema) || !StillHolds(*entry.overlay, source)) {
    return nullptr;
  }
  entries_.splice(entries_.begin(), entries_, found->second);
  return entry.overlay;
}

void LogOverlayCache::Keep(Entry entry) {
  const std::lock_guard lock(mutex_);
  const auto drop = [this](Entries::iterator old) {
    bytes_ -= old->overlay->memory_bytes;
    by_key_.erase(old->key);
    entries_.erase(old);
  };
  if (const auto old = by_key_.find(entry.key); old != by_key_.end()) drop(old->second);
  bytes_ += entry.overlay->memory_bytes;
  entries_.push_front(std::move(entry));
  by_key_[entries_.front().key] = entries_.begin();
  while (bytes_ > bytes_max_ && entries_.size() > 1)
    drop(std::prev(entries_.end()));
}

int64_t LogOverlayCache::log_files_read() const {
  const std::lock_guard lock(mutex_);
  return log_files_read_;
}

}  // namespace tapelake::query
