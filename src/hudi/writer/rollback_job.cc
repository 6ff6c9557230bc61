#include "hudi/writer/rollback_job.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "hudi/file_slice/file_slice.h"
#include "hudi/format/commit_metadata.h"
#include "hudi/format/file_name.h"
#include "hudi/format/log_block.h"
#include "hudi/writer/data_files.h"

namespace tapelake::hudi {
namespace {

constexpr std::string_view kRollbackCommand = "0";

/// What the inflight file of a dead instant says. Whoever wrote it may have been cut short.
struct InflightProfile {
  bool readable = false;
  std::set<std::string> paths;   // relative; data files of the instant alone
  std::set<FileGroupId> groups;  // to be looked through
  std::set<std::string> partitions;
};

/// Return whether `path` may be a data file of partition `partition`, so that nothing outside the
/// table is ever touched.
bool IsDataFilePath(const std::string& path, const std::string& partition) {
  const std::string name = io::FileName(path);
  return path == io::JoinPath(partition, name) && path.find("..") == std::string::npos &&
         (ParseLogFileName(name) || ParseBaseFileName(name));
}

Result<InflightProfile> ReadInflight(const RollbackTarget& target, Instant dead) {
  InflightProfile profile;
  dead.state = InstantState::kInflight;
  const std::string folder = io::JoinPath(target.base_path, kMetadataFolder);
  const std::string path = io::JoinPath(folder, InstantFileName(dead));
  const auto content = target.files.ReadFile(path);
  if (!content.ok() && KindOf(content.status()) == ErrorKind::kNotFound) {
    profile.readable = true;  // only requested: no file was written
    return profile;
  }
  TAPELAKE_RETURN_NOT_OK(content.status());
  // Ours is published whole: what is wrong with it is damage, and files are deleted by it.
  TAPELAKE_RETURN_NOT_OK(WithContext(CheckCommitSeal(*content), "'" + path + "'"));
  const auto metadata = ParseCommitMetadata(*content);
  if (!metadata.ok()) return profile;
  profile.readable = true;
  for (const auto& [partition, stats] : metadata->write_stats) {
    profile.partitions.insert(partition);
    for (const WriteStat& stat : stats) {
      if (!stat.path.empty() && IsDataFilePath(stat.path, partition)) {
        profile.paths.insert(stat.path);
      } else if (!stat.file_id.empty()) {
        profile.groups.emplace(partition, stat.file_id);
      }
    }
  }
  return profile;
}

/// Whose blocks a log file holds.
struct LogContent {
  bool readable = false;
  bool has_dead = false;         // blocks of the dead instant
  bool has_others = false;       // blocks of any other
  bool rolls_dead_back = false;  // a rollback block that names the dead instant
};

Result<LogContent> LookInto(const RollbackTarget& target, const std::string& path,
                            const std::string& dead) {
  TAPELAKE_ASSIGN_OR_RAISE(const std::string bytes,
                           target.files.ReadFile(io::JoinPath(target.base_path, path)));
  LogContent content;
  const auto blocks = SplitLogBlocks(bytes);
  if (!blocks.ok()) return content;
  content.readable = true;
  for (const LogBlock& block : *blocks) {
    if (block.type == LogBlockType::kCorrupt) continue;
    (block.instant() == dead ? content.has_dead : content.has_others) = true;
    if (block.type != LogBlockType::kCommand) continue;
    const auto undone = block.header.find(LogHeaderKey::kTargetInstantTime);
    if (undone != block.header.end() && undone->second == dead) content.rolls_dead_back = true;
  }
  return content;
}

/// Gathers a plan file by file.
class PlanBuilder {
 public:
  PlanBuilder(const RollbackTarget& target, const Instant& dead, InflightProfile profile)
      : target_(target), dead_(dead), profile_(std::move(profile)) {
    for (const std::string& partition : profile_.partitions)
      deleted_[partition];
  }

  Status Add(const PartitionFiles& partition) {
    const std::string& path = partition.partition_path;
    for (const FileSlice& file : partition.base_files) {
      if (file.base_instant == dead_.timestamp) Delete(path, file.base_file_name);
    }
    for (const std::string& name : partition.cdc_files) {
      if (ParseLogFileName(name)->base_instant == dead_.timestamp) Delete(path, name);
    }
    for (const PartitionLogFile& log : partition.log_files)
      TAPELAKE_RETURN_NOT_OK(AddLog(path, log));
    return Status::OK();
  }

  /// Paths of the inflight file that lie in no partition directory we saw.
  Status AddUnseen() {
    const std::set<std::string> unseen = std::exchange(profile_.paths, {});
    for (const std::string& path : unseen) {
      TAPELAKE_ASSIGN_OR_RAISE(const bool present,
                               target_.files.Exists(io::JoinPath(target_.base_path, path)));
      if (!present) continue;
      const std::string name = io::FileName(path);
      const std::string partition =
          path.size() == name.size() ? "" : path.substr(0, path.size() - name.size() - 1);
      const auto base = ParseBaseFileName(name);
      if (!base || base->instant == dead_.timestamp) Delete(partition, name);
    }
    return Status::OK();
  }

  RollbackPlan Finish() {
    RollbackPlan plan;
    plan.instant = dead_.timestamp;
    plan.action = InstantActionName(dead_.action);
    for (const auto& [partition, names] : deleted_) {
      RollbackRequest request;
      request.partition_path = partition;
      for (const std::string& name : names)
        request.files_to_delete.push_back(AbsolutePath(partition, name));
      plan.requests.push_back(std::move(request));
    }
    for (auto& [key, logs] : with_blocks_) {
      if (rolled_back_.contains(key)) continue;
      const auto& [partition, file_id, base_instant] = key;
      plan.requests.push_back({.partition_path = partition,
                               .file_id = file_id,
                               .latest_base_instant = base_instant,
                               .files_to_delete = {},
                               .log_blocks_to_delete = std::move(logs)});
    }
    return plan;
  }

 private:
  using SliceKey = std::tuple<std::string, std::string, std::string>;

  Status AddLog(const std::string& partition, const PartitionLogFile& log) {
    const std::string path = io::JoinPath(partition, log.file.name);
    const bool named = profile_.paths.erase(path) > 0 || log.base_instant == dead_.timestamp;
    const bool suspect = !profile_.readable || profile_.groups.contains({partition, log.file_id});
    if (!named && !suspect) return Status::OK();
    TAPELAKE_ASSIGN_OR_RAISE(const LogContent content, LookInto(target_, path, dead_.timestamp));
    const SliceKey slice(partition, log.file_id, log.base_instant);
    if (content.rolls_dead_back) rolled_back_.insert(slice);
    // One that was named may hold anything: power went before its bytes were on disk.
    if (!content.has_others && (named || content.has_dead)) Delete(partition, log.file.name);
    if (content.has_others && content.has_dead) {
      with_blocks_[slice][AbsolutePath(partition, log.file.name)] = log.file.size_bytes;
    }
    return Status::OK();
  }

  void Delete(const std::string& partition, const std::string& name) {
    profile_.paths.erase(io::JoinPath(partition, name));
    deleted_[partition].insert(name);
  }
  std::string AbsolutePath(const std::string& partition, const std::string& name) const {
    return io::JoinPath(target_.base_path, io::JoinPath(partition, name));
  }

  const RollbackTarget& target_;
  const Instant& dead_;
  InflightProfile profile_;
  std::map<std::string, std::set<std::string>> deleted_;  // names by partition; perhaps none left
  std::map<SliceKey, std::map<std::string, int64_t>> with_blocks_;
  std::set<SliceKey> rolled_back_;
};

/// Append the block that undoes `plan.instant` to the slice of `request`; returns name and size.
Result<std::pair<std::string, int64_t>> AppendRollbackBlock(const RollbackTarget& target,
                                                            const RollbackPlan& plan,
                                                            const RollbackRequest& request,
                                                            const std::string& rollback) {
  TAPELAKE_ASSIGN_OR_RAISE(
      const PartitionFiles partition,
      ListPartitionFiles(target.files, target.base_path, request.partition_path));
  int64_t newest = 0;
  for (const PartitionLogFile& log : partition.log_files) {
    if (log.file_id == request.file_id && log.base_instant == request.latest_base_instant) {
      newest = std::max(newest, log.file.version);
    }
  }
  // Not the token of a commit's file: one that power loss cut is written again under another name.
  const std::string name = FormatLogFileName({.file_id = request.file_id,
                                              .base_instant = request.latest_base_instant,
                                              .version = newest + 1,
                                              .write_token = "0-1-" + TimeOfDay(rollback)});
  std::string block;
  AppendLogBlock(LogBlockType::kCommand,
                 {{LogHeaderKey::kInstantTime, rollback},
                  {LogHeaderKey::kTargetInstantTime, plan.instant},
                  {LogHeaderKey::kCommandBlockType, std::string(kRollbackCommand)}},
                 "", &block);
  const std::string directory = io::JoinPath(target.base_path, request.partition_path);
  TAPELAKE_ASSIGN_OR_RAISE(const auto file,
                           target.files.OpenForWrite(io::JoinPath(directory, name)));
  TAPELAKE_RETURN_NOT_OK(file->Write(block));
  TAPELAKE_RETURN_NOT_OK(file->Close());
  TAPELAKE_RETURN_NOT_OK(target.files.SyncDirectory(directory));
  return std::pair(io::JoinPath(directory, name), static_cast<int64_t>(block.size()));
}

}  // namespace

Result<RollbackPlan> PlanRollback(const RollbackTarget& target, const Instant& dead) {
  TAPELAKE_ASSIGN_OR_RAISE(InflightProfile profile, ReadInflight(target, dead));
  // Copy-on-write commits and compactions have no logs to look through.
  if (dead.action == InstantAction::kCommit || dead.action == InstantAction::kCompaction) {
    profile.readable = true;
    profile.groups.clear();
  }
  PlanBuilder builder(target, dead, std::move(profile));
  TAPELAKE_ASSIGN_OR_RAISE(const auto partitions, ListTableFiles(target.files, target.base_path));
  for (const PartitionFiles& partition : partitions)
    TAPELAKE_RETURN_NOT_OK(builder.Add(partition));
  TAPELAKE_RETURN_NOT_OK(builder.AddUnseen());
  return builder.Finish();
}

Result<RollbackMetadata> ExecuteRollback(const RollbackTarget& target, const RollbackPlan& plan,
                                         const std::string& rollback) {
  RollbackMetadata metadata;
  metadata.start_time = rollback;
  metadata.instant = plan.instant;
  metadata.action = plan.action;
  for (const RollbackRequest& request : plan.requests) {
    RollbackPartition& done = metadata.partitions[request.partition_path];
    TAPELAKE_RETURN_NOT_OK(DeleteDataFiles(target.files, "", request.files_to_delete));
    // What is gone already was deleted by a process that may have died before it synced.
    if (request.files_to_delete.empty()) {
      const Status synced =
          target.files.SyncDirectory(io::JoinPath(target.base_path, request.partition_path));
      if (KindOf(synced) != ErrorKind::kNotFound) TAPELAKE_RETURN_NOT_OK(synced);
    }
    for (const std::string& path : request.files_to_delete)
      done.deleted_files.push_back(path);
    if (request.log_blocks_to_delete.empty()) continue;
    TAPELAKE_ASSIGN_OR_RAISE(const auto block,
                             AppendRollbackBlock(target, plan, request, rollback));
    done.rollback_log_files.insert(block);
  }
  return metadata;
}

}  // namespace tapelake::hudi
