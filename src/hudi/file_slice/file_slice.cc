#include "hudi/file_slice/file_slice.h"

#include <algorithm>
#include <map>

#include "hudi/format/file_name.h"

namespace tapelake::hudi {
namespace {

constexpr int kPartitionDepthMax = 32;

/// The marker file, or its form in the base file format (`.hoodie_partition_metadata.parquet`).
bool IsPartitionMetadata(std::string_view name) {
  if (!name.starts_with(kPartitionMetadataFileName)) return false;
  const std::string_view rest = name.substr(kPartitionMetadataFileName.size());
  return rest.empty() || rest == ".parquet" || rest == ".orc";
}

Status WalkPartitions(io::FileSystem& files, const std::string& base_path,
                      const std::string& relative, int depth, std::vector<std::string>* out) {
  if (depth > kPartitionDepthMax) {
    return MakeError(ErrorKind::kInvalid, "directory '" + io::JoinPath(base_path, relative) +
                                              "' is deeper than any partition can be");
  }
  TAPELAKE_ASSIGN_OR_RAISE(const auto entries, files.List(io::JoinPath(base_path, relative)));
  for (const io::FileInfo& entry : entries) {
    if (!entry.is_directory && IsPartitionMetadata(entry.name)) {
      out->push_back(relative);
      return Status::OK();
    }
  }
  for (const io::FileInfo& entry : entries) {
    if (!entry.is_directory || entry.name.starts_with('.')) continue;
    TAPELAKE_RETURN_NOT_OK(
        WalkPartitions(files, base_path, io::JoinPath(relative, entry.name), depth + 1, out));
  }
  return Status::OK();
}

}  // namespace

std::string FileSlice::RelativePath() const {
  return io::JoinPath(partition_path, base_file_name);
}

Result<std::vector<std::string>> ListPartitions(io::FileSystem& files,
                                                const std::string& base_path) {
  std::vector<std::string> partitions;
  TAPELAKE_RETURN_NOT_OK(WalkPartitions(files, base_path, "", 0, &partitions));
  std::sort(partitions.begin(), partitions.end());
  return partitions;
}

Result<PartitionFiles> ListPartitionFiles(io::FileSystem& files, const std::string& base_path,
                                          const std::string& partition_path) {
  TAPELAKE_ASSIGN_OR_RAISE(const auto entries, files.List(io::JoinPath(base_path, partition_path)));
  PartitionFiles partition;
  partition.partition_path = partition_path;
  for (const io::FileInfo& entry : entries) {
    if (entry.is_directory) continue;
    if (auto base = ParseBaseFileName(entry.name)) {
      FileSlice slice;
      slice.partition_path = partition_path;
      slice.file_id = std::move(base->file_id);
      slice.base_instant = std::move(base->instant);
      slice.base_file_name = entry.name;
      slice.size_bytes = entry.size_bytes;
      partition.base_files.push_back(std::move(slice));
    } else if (const auto log = ParseLogFileName(entry.name)) {
      (log->is_cdc ? partition.cdc_files : partition.log_files).push_back(entry.name);
    }
  }
  return partition;
}

Result<std::set<FileGroupId>> ReplacedFileGroups(io::FileSystem& files,
                                                 const std::string& base_path,
                                                 const Timeline& timeline, std::string_view as_of) {
  std::set<FileGroupId> replaced;
  for (const Instant& instant : timeline.CompletedCommits()) {
    if (instant.action != InstantAction::kReplaceCommit || instant.timestamp > as_of) continue;
    TAPELAKE_ASSIGN_OR_RAISE(const auto metadata, ReadCommitMetadata(files, base_path, instant));
    for (const auto& [partition, file_ids] : metadata.replaced_file_ids) {
      for (const std::string& file_id : file_ids)
        replaced.emplace(partition, file_id);
    }
  }
  return replaced;
}

Result<std::vector<FileSlice>> LatestSlicesOf(const PartitionFiles& partition,
                                              const Timeline& timeline,
                                              const std::set<FileGroupId>& replaced,
                                              std::string_view as_of) {
  std::map<std::string, std::map<std::string, const FileSlice*>> groups;  // file id -> instant ->
  for (const FileSlice& file : partition.base_files) {
    if (file.base_instant > as_of || !timeline.IsCommitted(file.base_instant)) continue;
    if (replaced.contains({file.partition_path, file.file_id})) continue;
    const auto [other, fresh] = groups[file.file_id].emplace(file.base_instant, &file);
    if (!fresh) {
      return MakeError(ErrorKind::kCorrupt, "two base files of one file group and instant: '" +
                                                other->second->RelativePath() + "' and '" +
                                                file.RelativePath() + "'");
    }
  }
  std::vector<FileSlice> latest;
  for (const auto& [file_id, slices] : groups)
    latest.push_back(*slices.rbegin()->second);
  return latest;
}

Result<SliceListing> LatestSlices(io::FileSystem& files, const std::string& base_path,
                                  const Timeline& timeline, std::string_view as_of) {
  SliceListing listing;
  const auto newest = timeline.NewestCompletedCommit();
  if (!newest) return listing;
  const std::string limit(as_of.empty() ? newest->timestamp : as_of);
  TAPELAKE_ASSIGN_OR_RAISE(const auto replaced,
                           ReplacedFileGroups(files, base_path, timeline, limit));
  TAPELAKE_ASSIGN_OR_RAISE(const auto partitions, ListPartitions(files, base_path));
  for (const std::string& path : partitions) {
    TAPELAKE_ASSIGN_OR_RAISE(const auto partition, ListPartitionFiles(files, base_path, path));
    TAPELAKE_ASSIGN_OR_RAISE(auto slices, LatestSlicesOf(partition, timeline, replaced, limit));
    std::move(slices.begin(), slices.end(), std::back_inserter(listing.slices));
    for (const std::string& name : partition.log_files) {
      const auto log = ParseLogFileName(name);
      if (!replaced.contains({path, log->file_id})) {
        listing.log_files.push_back(io::JoinPath(path, name));
      }
    }
  }
  return listing;
}

Result<std::vector<std::string>> ListFilesOfInstant(io::FileSystem& files,
                                                    const std::string& base_path,
                                                    std::string_view timestamp) {
  std::vector<std::string> paths;
  TAPELAKE_ASSIGN_OR_RAISE(const auto partitions, ListPartitions(files, base_path));
  for (const std::string& path : partitions) {
    TAPELAKE_ASSIGN_OR_RAISE(const auto partition, ListPartitionFiles(files, base_path, path));
    for (const FileSlice& file : partition.base_files) {
      if (file.base_instant == timestamp) paths.push_back(file.RelativePath());
    }
    for (const std::string& name : partition.cdc_files) {
      if (ParseLogFileName(name)->base_instant == timestamp) {
        paths.push_back(io::JoinPath(path, name));
      }
    }
  }
  return paths;
}

}  // namespace tapelake::hudi
