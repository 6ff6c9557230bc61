#include "hudi/inspect/table_files.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "hudi/format/file_name.h"

namespace tapelake::hudi {
namespace {

/// The slices of one file group, as far as they are committed.
using SlicesOfGroup = std::map<FileGroupId, std::set<std::string>>;

std::vector<TableFile> ListFiles(const TableEvidence& evidence) {
  std::vector<TableFile> files;
  for (const PartitionFiles& partition : evidence.partitions) {
    const std::string& path = partition.partition_path;
    for (const FileSlice& file : partition.base_files) {
      files.push_back({.partition_path = path,
                       .name = file.base_file_name,
                       .kind = "base",
                       .file_id = file.file_id,
                       .base_instant = file.base_instant,
                       .bytes = file.size_bytes});
    }
    for (const PartitionLogFile& log : partition.log_files) {
      files.push_back({.partition_path = path,
                       .name = log.file.name,
                       .kind = "log",
                       .file_id = log.file_id,
                       .base_instant = log.base_instant,
                       .bytes = log.file.size_bytes});
    }
    for (const std::string& name : partition.cdc_files) {
      const auto log = ParseLogFileName(name);
      files.push_back({.partition_path = path,
                       .name = name,
                       .kind = "cdc",
                       .file_id = log ? log->file_id : "",
                       .base_instant = log ? log->base_instant : ""});
    }
  }
  return files;
}

class UseJudge {
 public:
  UseJudge(const TableEvidence& evidence, const std::vector<TableFile>& files)
      : evidence_(evidence) {
    for (const TableFile& file : files) {
      if (evidence.timeline.IsCommitted(file.base_instant)) {
        slices_[{file.partition_path, file.file_id}].insert(file.base_instant);
      }
    }
  }

  void Judge(TableFile* file) const {
    const FileGroupId group(file->partition_path, file->file_id);
    const auto replaced = evidence_.replaced_at.find(group);
    const bool is_replaced = replaced != evidence_.replaced_at.end();
    file->use = UseOf(*file, group, is_replaced);
    if (file->use == FileUse::kPending || file->use == FileUse::kUncommitted) return;
    for (const Instant& savepoint : evidence_.timeline.instants()) {
      if (savepoint.action != InstantAction::kSavepoint) continue;
      if (is_replaced && replaced->second <= savepoint.timestamp) continue;
      if (NewestSlice(group, savepoint.timestamp) == file->base_instant) {
        file->savepoints.push_back(savepoint.timestamp);
      }
    }
  }

 private:
  FileUse UseOf(const TableFile& file, const FileGroupId& group, bool is_replaced) const {
    const auto compaction = evidence_.compacting.find(group);
    const bool of_compaction =
        compaction != evidence_.compacting.end() && compaction->second == file.base_instant;
    // Logs named after a pending compaction are read with the slice before it.
    if (of_compaction) return file.kind == "log" ? FileUse::kLatest : FileUse::kPending;
    if (evidence_.IsPendingWrite(file.base_instant)) return FileUse::kPending;
    if (!evidence_.timeline.IsCommitted(file.base_instant)) return FileUse::kUncommitted;
    if (is_replaced) return FileUse::kReplaced;
    return NewestSlice(group, "") == file.base_instant ? FileUse::kLatest : FileUse::kSuperseded;
  }

  /// The newest committed slice not after `as_of` (empty: at all); empty: there is none.
  std::string NewestSlice(const FileGroupId& group, const std::string& as_of) const {
    const auto found = slices_.find(group);
    if (found == slices_.end()) return "";
    auto at = as_of.empty() ? found->second.end() : found->second.upper_bound(as_of);
    return at == found->second.begin() ? "" : *std::prev(at);
  }

  const TableEvidence& evidence_;
  SlicesOfGroup slices_;
};

}  // namespace

std::string_view FileUseName(FileUse use) {
  switch (use) {
    case FileUse::kLatest:
      return "latest";
    case FileUse::kSuperseded:
      return "superseded";
    case FileUse::kReplaced:
      return "replaced";
    case FileUse::kPending:
      return "pending";
    case FileUse::kUncommitted:
      return "uncommitted";
  }
  return "unknown";
}

std::vector<TableFile> DescribeFiles(const TableEvidence& evidence) {
  std::vector<TableFile> files = ListFiles(evidence);
  const UseJudge judge(evidence, files);
  for (TableFile& file : files)
    judge.Judge(&file);
  std::ranges::sort(files, [](const TableFile& left, const TableFile& right) {
    return std::tie(left.partition_path, left.file_id, left.base_instant, left.kind, left.name) <
           std::tie(right.partition_path, right.file_id, right.base_instant, right.kind,
                    right.name);
  });
  return files;
}

}  // namespace tapelake::hudi
