#include "hudi/file_slice/file_slice.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <optional>
#include <tuple>

#include "hudi/format/file_name.h"
#include "hudi/format/service_plans.h"
#include "hudi/timeline/instant_files.h"

namespace tapelake::hudi {
namespace {

constexpr int kPartitionDepthMax = 32;

/// The marker file, or its form in the base file format (`.hoodie_partition_metadata.parquet`).
bool IsPartitionMetadata(std::string_view name) {
  if (!name.starts_with(kPartitionMetadataFileName)) return false;
  const std::string_view rest = name.substr(kPartitionMetadataFileName.size());
  return rest.empty() || rest == ".parquet" || rest == ".orc";
}

using Entries = std::vector<io::FileInfo>;
using PartitionVisitor = std::function<void(const std::string& path, const Entries& entries)>;

Status WalkPartitions(io::FileSystem& files, const std::string& base_path,
                      const std::string& relative, int depth, const PartitionVisitor& visit) {
  if (depth > kPartitionDepthMax) {
    return MakeError(ErrorKind::kInvalid, "directory '" + io::JoinPath(base_path, relative) +
                                              "' is deeper than any partition can be");
  }
  TAPELAKE_ASSIGN_OR_RAISE(const Entries entries, files.List(io::JoinPath(base_path, relative)));
  for (const io::FileInfo& entry : entries) {
    if (!entry.is_directory && IsPartitionMetadata(entry.name)) {
      visit(relative, entries);
      return Status::OK();
    }
  }
  for (const io::FileInfo& entry : entries) {
    if (!entry.is_directory || entry.name.starts_with('.')) continue;
    TAPELAKE_RETURN_NOT_OK(
        WalkPartitions(files, base_path, io::JoinPath(relative, entry.name), depth + 1, visit));
  }
  return Status::OK();
}

bool InScanOrder(const PartitionLogFile& left, const PartitionLogFile& right) {
  const auto rank = [](const PartitionLogFile& log) {
    return std::tie(log.file_id, log.base_instant, log.file.version, log.write_token,
                    log.file.name);
  };
  return rank(left) < rank(right);
}

PartitionFiles SortFiles(const std::string& partition_path, const Entries& entries) {
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
    } else if (auto log = ParseLogFileName(entry.name); log && log->is_cdc) {
      partition.cdc_files.push_back(entry.name);
    } else if (log) {
      partition.log_files.push_back({.file_id = std::move(log->file_id),
                                     .base_instant = std::move(log->base_instant),
                                     .write_token = std::move(log->write_token),
                                     .file = {.name = entry.name,
                                              .version = log->version,
                                              .size_bytes = entry.size_bytes,
                                              .modified_micros = entry.modified_micros}});
    }
  }
  std::ranges::sort(partition.log_files, InScanOrder);
  return partition;
}

/// The versions of one file group, while its latest slice is looked for.
struct FileGroup {
  std::map<std::string_view, FileSlice> slices;  ///< Committed ones, by base instant.
  std::vector<SliceLogFile> pending_logs;        ///< Named after the pending compaction.
};

using FileGroups = std::map<std::string_view, FileGroup>;

Status AddBaseFiles(const PartitionFiles& partition, const SliceRules& rules, FileGroups* groups) {
  for (const FileSlice& file : partition.base_files) {
    if (rules.replaced.contains({file.partition_path, file.file_id})) continue;
    if (!rules.timeline.IsCommitted(file.base_instant)) continue;
    const auto [other, fresh] = (*groups)[file.file_id].slices.emplace(file.base_instant, file);
    if (fresh) continue;
    return MakeError(ErrorKind::kCorrupt, "two base files of one file group and instant: '" +
                                              other->second.RelativePath() + "' and '" +
                                              file.RelativePath() + "'");
  }
  return Status::OK();
}

void AddLogFiles(const PartitionFiles& partition, const SliceRules& rules, FileGroups* groups) {
  for (const PartitionLogFile& log : partition.log_files) {
    const FileGroupId id(partition.partition_path, log.file_id);
    if (rules.replaced.contains(id)) continue;
    const auto compaction = rules.compacting.find(id);
    if (compaction != rules.compacting.end() && compaction->second == log.base_instant) {
      (*groups)[log.file_id].pending_logs.push_back(log.file);
      continue;
    }
    if (!rules.timeline.IsCommitted(log.base_instant)) continue;
    FileSlice& slice = (*groups)[log.file_id].slices[log.base_instant];
    slice.partition_path = partition.partition_path;
    slice.file_id = log.file_id;
    slice.base_instant = log.base_instant;
    slice.log_files.push_back(log.file);
  }
}

/// From table version 8 on a log is named after its own commit and lies over the newest base file
/// that was begun by the time that commit completed. A base file after `as_of` takes no log away
/// from the one before.
void AddLogFilesByCompletion(const PartitionFiles& partition, const SliceRules& rules,
                             FileGroups* groups) {
  for (const PartitionLogFile& log : partition.log_files) {
    if (rules.replaced.contains({partition.partition_path, log.file_id})) continue;
    if (log.base_instant > rules.as_of || !rules.timeline.IsCommitted(log.base_instant)) continue;
    auto& slices = (*groups)[log.file_id].slices;
    const std::string_view completion = rules.timeline.CompletionTimeOf(log.base_instant);
    auto next = slices.upper_bound(std::min(completion, std::string_view(rules.as_of)));
    if (next == slices.begin()) {
      FileSlice started;
      started.partition_path = partition.partition_path;
      started.file_id = log.file_id;
      started.base_instant = log.base_instant;
      next = std::next(slices.emplace(log.base_instant, std::move(started)).first);
    }
    std::prev(next)->second.log_files.push_back(log.file);
  }
}

/// The slice of a group that readers at `as_of` see.
std::optional<FileSlice> LatestOf(FileGroup group, const std::string* compaction,
                                  std::string_view as_of) {
  auto next = group.slices.upper_bound(as_of);
  if (next == group.slices.begin()) return std::nullopt;
  FileSlice latest = std::move(std::prev(next)->second);
  // A compaction is planned over the newest slice. Earlier ones are complete without its logs.
  if (compaction == nullptr || next != group.slices.end() || *compaction < latest.base_instant) {
    return latest;
  }
  latest.pending_compaction = *compaction;
  std::ranges::move(group.pending_logs, std::back_inserter(latest.log_files));
  return latest;
}

}  // namespace

int64_t FileSlice::next_log_version() const {
  int64_t newest = 0;
  for (const SliceLogFile& log : log_files) {
    const auto name = ParseLogFileName(log.name);
    if (name && name->base_instant == log_base_instant()) newest = std::max(newest, log.version);
  }
  return newest + 1;
}

std::string FileSlice::RelativePath() const {
  return io::JoinPath(partition_path, base_file_name);
}

std::string FileSlice::LogPath(const SliceLogFile& log) const {
  return io::JoinPath(partition_path, log.name);
}

Result<std::vector<std::string>> ListPartitions(io::FileSystem& files,
                                                const std::string& base_path) {
  std::vector<std::string> partitions;
  const auto note = [&](const std::string& path, const Entries&) { partitions.push_back(path); };
  TAPELAKE_RETURN_NOT_OK(WalkPartitions(files, base_path, "", 0, note));
  std::ranges::sort(partitions);
  return partitions;
}

Result<PartitionFiles> ListPartitionFiles(io::FileSystem& files, const std::string& base_path,
                                          const std::string& partition_path) {
  TAPELAKE_ASSIGN_OR_RAISE(const auto entries, files.List(io::JoinPath(base_path, partition_path)));
  return SortFiles(partition_path, entries);
}

Result<std::vector<PartitionFiles>> ListTableFiles(io::FileSystem& files,
                                                   const std::string& base_path) {
  std::vector<PartitionFiles> partitions;
  const auto add = [&](const std::string& path, const Entries& entries) {
    partitions.push_back(SortFiles(path, entries));
  };
  TAPELAKE_RETURN_NOT_OK(WalkPartitions(files, base_path, "", 0, add));
  std::ranges::sort(partitions, {}, &PartitionFiles::partition_path);
  return partitions;
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

Result<std::map<FileGroupId, std::string>> CompactingFileGroups(io::FileSystem& files,
                                                                const std::string& base_path,
                                                                const Timeline& timeline) {
  std::map<FileGroupId, std::string> groups;
  for (const Instant& instant : timeline.PendingInstants()) {
    if (instant.action != InstantAction::kCompaction) continue;
    TAPELAKE_ASSIGN_OR_RAISE(const std::string bytes, ReadRequested(files, base_path, instant));
    const auto plan = ParseCompactionPlan(bytes);
    if (!plan.ok()) return WithContext(plan.status(), PlanPlace(base_path, instant));
    for (const CompactionOperation& operation : plan->operations) {
      const auto [other, fresh] = groups.emplace(
          FileGroupId(operation.partition_path, operation.file_id), instant.timestamp);
      if (fresh) continue;
      return MakeError(ErrorKind::kCorrupt, "two pending compactions, " + other->second + " and " +
                                                instant.timestamp + ", hold file group '" +
                                                operation.file_id + "' of partition '" +
                                                operation.partition_path + "'");
    }
  }
  return groups;
}

Result<SliceRules> ReadSliceRules(io::FileSystem& files, const std::string& base_path,
                                  const Timeline& timeline, std::string_view as_of) {
  SliceRules rules{
      .timeline = timeline, .as_of = std::string(as_of), .replaced = {}, .compacting = {}};
  if (as_of.empty()) {
    const auto newest = timeline.NewestCompletedCommit();
    if (newest) rules.as_of = newest->timestamp;
  }
  TAPELAKE_ASSIGN_OR_RAISE(rules.replaced,
                           ReplacedFileGroups(files, base_path, timeline, rules.as_of));
  TAPELAKE_ASSIGN_OR_RAISE(rules.compacting, CompactingFileGroups(files, base_path, timeline));
  return rules;
}

Result<std::vector<FileSlice>> LatestSlicesOf(const PartitionFiles& partition,
                                              const SliceRules& rules) {
  FileGroups groups;
  TAPELAKE_RETURN_NOT_OK(AddBaseFiles(partition, rules, &groups));
  if (rules.timeline.layout() == TimelineLayout::kFlat) {
    AddLogFiles(partition, rules, &groups);
  } else {
    AddLogFilesByCompletion(partition, rules, &groups);
  }
  std::vector<FileSlice> latest;
  for (auto& [file_id, group] : groups) {
    const auto compaction = rules.compacting.find({partition.partition_path, std::string(file_id)});
    auto slice =
        LatestOf(std::move(group),
                 compaction == rules.compacting.end() ? nullptr : &compaction->second, rules.as_of);
    if (slice) latest.push_back(std::move(*slice));
  }
  return latest;
}

Result<std::vector<FileSlice>> LatestSlices(io::FileSystem& files, const std::string& base_path,
                                            const Timeline& timeline, std::string_view as_of) {
  std::vector<FileSlice> slices;
  if (!timeline.NewestCompletedCommit()) return slices;
  TAPELAKE_ASSIGN_OR_RAISE(const SliceRules rules,
                           ReadSliceRules(files, base_path, timeline, as_of));
  TAPELAKE_ASSIGN_OR_RAISE(const auto partitions, ListTableFiles(files, base_path));
  for (const PartitionFiles& partition : partitions) {
    TAPELAKE_ASSIGN_OR_RAISE(auto latest, LatestSlicesOf(partition, rules));
    std::ranges::move(latest, std::back_inserter(slices));
  }
  return slices;
}

Result<std::vector<std::string>> ListFilesOfInstant(io::FileSystem& files,
                                                    const std::string& base_path,
                                                    std::string_view timestamp) {
  std::vector<std::string> paths;
  TAPELAKE_ASSIGN_OR_RAISE(const auto partitions, ListTableFiles(files, base_path));
  for (const PartitionFiles& partition : partitions) {
    for (const FileSlice& file : partition.base_files) {
      if (file.base_instant == timestamp) paths.push_back(file.RelativePath());
    }
    for (const std::string& name : partition.cdc_files) {
      if (ParseLogFileName(name)->base_instant == timestamp) {
        paths.push_back(io::JoinPath(partition.partition_path, name));
      }
    }
  }
  return paths;
}

}  // namespace tapelake::hudi
