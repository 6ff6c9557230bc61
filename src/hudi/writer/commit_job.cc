#include "hudi/writer/commit_job.h"

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include "hudi/format/file_name.h"

namespace tapelake::hudi {
namespace {

constexpr int kThreadsMax = 64;

}  // namespace

std::span<const FileSlice> UpsertTarget::SlicesOf(const std::string& partition_path) const {
  const auto found =
      std::ranges::equal_range(slices, partition_path, {}, &FileSlice::partition_path);
  return {found.begin(), found.end()};
}

Status PreparePartitions(const UpsertTarget& target, const std::set<std::string>& partition_paths) {
  for (const std::string& path : partition_paths) {
    const bool in_use = target.buckets != nullptr ? target.buckets->HasPartition(path)
                                                  : !target.SlicesOf(path).empty();
    if (in_use) continue;
    const std::string directory = io::JoinPath(target.base_path, path);
    const std::string file = io::JoinPath(directory, kPartitionMetadataFileName);
    TAPELAKE_ASSIGN_OR_RAISE(const bool known, target.files.Exists(file));
    const int depth = path.empty() ? 0 : 1 + static_cast<int>(std::ranges::count(path, '/'));
    if (!known) {
      TAPELAKE_RETURN_NOT_OK(target.files.CreateDirectories(directory));
      TAPELAKE_RETURN_NOT_OK(
          target.files.ReplaceFile(file, FormatPartitionMetadata(target.instant, depth)));
    }
    // Also of what is there already: a dead process may not have come to it.
    std::string above = directory;
    for (int i = 0; i < depth; ++i) {
      above = io::ParentPath(above);
      TAPELAKE_RETURN_NOT_OK(target.files.SyncDirectory(above));
    }
  }
  return Status::OK();
}

Status RunOnThreads(size_t task_count, int thread_count,
                    const std::function<Status(size_t task, size_t thread)>& work) {
  std::vector<Status> statuses(task_count);
  std::atomic<size_t> next{0};
  std::atomic<bool> failed{false};
  const auto run = [&](size_t thread) {
    while (!failed.load()) {
      const size_t at = next.fetch_add(1);
      if (at >= task_count) return;
      statuses[at] = work(at, thread);
      if (!statuses[at].ok()) failed.store(true);
    }
  };
  const size_t used =
      std::min(static_cast<size_t>(std::clamp(thread_count, 1, kThreadsMax)), task_count);
  std::vector<std::jthread> threads;
  for (size_t thread = 1; thread < used; ++thread)
    threads.emplace_back(run, thread);
  run(0);
  threads.clear();
  for (const Status& status : statuses)
    TAPELAKE_RETURN_NOT_OK(status);
  return Status::OK();
}

}  // namespace tapelake::hudi
