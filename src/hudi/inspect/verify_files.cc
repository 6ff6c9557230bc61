#include <algorithm>
#include <map>
#include <set>

#include "hudi/format/file_name.h"
#include "hudi/inspect/verify_checks.h"

namespace tapelake::hudi {
namespace {

/// What a commit says of one file.
struct FileClaim {
  std::string instant;
  FileGroupId group;
  std::string slice;   // base instant
  int64_t bytes = -1;  // -1: not said
};

/// File group and slice that a data file's name says; empty slice: it is no data file.
FileClaim ClaimOfName(const std::string& partition, const std::string& name) {
  if (const auto base = ParseBaseFileName(name)) {
    return {.group = {partition, base->file_id}, .slice = base->instant};
  }
  const auto log = ParseLogFileName(name);
  return log ? FileClaim{.group = {partition, log->file_id}, .slice = log->base_instant}
             : FileClaim();
}

class FileCheck {
 public:
  FileCheck(const TableEvidence& evidence, FindingList* findings)
      : evidence_(evidence), findings_(*findings) {}

  void Run() {
    GatherClaims();
    for (const PartitionFiles& partition : evidence_.partitions)
      CheckPartition(partition);
    for (const auto& [path, claim] : claims_)
      CheckClaim(path, claim);
    for (const auto& [partition, names] : evidence_.foreign_files) {
      for (const std::string& name : names) {
        findings_.Add({.kind = FindingKind::kFileForeign,
                       .path = io::JoinPath(partition, name),
                       .what = "no file of a Hudi table; readers look past it"});
      }
    }
  }

 private:
  void Claim(const std::string& instant, const std::string& partition, const std::string& name,
             int64_t bytes) {
    FileClaim claim = ClaimOfName(partition, name);
    if (claim.slice.empty()) return;  // CheckTimeline() says so
    claim.instant = instant;
    claim.bytes = bytes;
    slices_[claim.group].insert(claim.slice);
    const auto [known, fresh] = claims_.try_emplace(io::JoinPath(partition, name), claim);
    // One file in several commits: it was appended to. The base file of a log is only mentioned.
    if (!fresh && bytes >= 0) known->second = claim;
  }

  void GatherClaims() {
    for (const CommitMetadata& commit : evidence_.commits) {
      for (const auto& [partition, stats] : commit.write_stats) {
        for (const WriteStat& stat : stats) {
          if (stat.path.empty()) continue;
          Claim(commit.instant, partition, io::FileName(stat.path), stat.file_size_bytes);
          if (stat.log && !stat.log->base_file.empty()) {
            Claim(commit.instant, partition, stat.log->base_file, -1);
          }
          for (const auto& [path, bytes] : stat.cdc_stats)
            Claim(commit.instant, partition, io::FileName(path), bytes);
        }
      }
    }
  }

  void CheckPartition(const PartitionFiles& partition) {
    const std::string& path = partition.partition_path;
    if (evidence_.unmarked_partitions.contains(path)) {
      findings_.Add({.kind = FindingKind::kPartitionUnmarked,
                     .path = io::JoinPath(path, kPartitionMetadataFileName),
                     .what = "the partition lacks this file, so that Spark sees none of its rows"});
    }
    std::map<std::pair<std::string, std::string>, std::string> seen;
    for (const FileSlice& file : partition.base_files) {
      sizes_[file.RelativePath()] = file.size_bytes;
      CheckOwner(file.RelativePath(), file.base_instant, {path, file.file_id});
      const auto [other, fresh] =
          seen.try_emplace({file.file_id, file.base_instant}, file.RelativePath());
      if (fresh) continue;
      findings_.Add({.kind = FindingKind::kFileTwice,
                     .path = file.RelativePath(),
                     .instant = file.base_instant,
                     .what = "a second base file of one file group and instant, the other is '" +
                             other->second + "'"});
    }
    for (const PartitionLogFile& log : partition.log_files)
      sizes_[io::JoinPath(path, log.file.name)] = log.file.size_bytes;
    for (const std::string& name : partition.cdc_files) {
      const std::string file = io::JoinPath(path, name);
      const auto size = evidence_.cdc_sizes.find(file);
      sizes_[file] = size == evidence_.cdc_sizes.end() ? -1 : size->second;  // -1: gone meanwhile
      const FileClaim claim = ClaimOfName(path, name);
      CheckOwner(file, claim.slice, claim.group);
    }
  }

  /// Does a base file or change-data log belong to the instant in its name?
  void CheckOwner(const std::string& path, const std::string& instant, const FileGroupId& group) {
    std::string why;
    switch (StandingOf(evidence_, instant, group)) {
      case InstantStanding::kActive:
        if (!claims_.contains(path) && evidence_.HasCommit(instant)) {
          why = "its commit does not name it";
        }
        break;
      case InstantStanding::kNever:
        why = "its instant is not committed; no reader sees it";
        break;
      case InstantStanding::kUnknownOld:
        why =
            "its instant is older than the timeline and not in the archive: readers take its "
            "rows for committed";
        break;
      default:
        break;
    }
    if (why.empty()) return;
    findings_.Add(
        {.kind = FindingKind::kFileOrphan, .path = path, .instant = instant, .what = why});
  }

  void CheckClaim(const std::string& path, const FileClaim& claim) {
    const auto size = sizes_.find(path);
    if (size == sizes_.end()) {
      const std::string why = NeededBy(claim);
      if (why.empty()) return;
      findings_.Add({.kind = FindingKind::kFileMissing,
                     .path = path,
                     .instant = claim.instant,
                     .what = "the file is gone; " + why});
      return;
    }
    if (claim.bytes < 0 || size->second < 0 || claim.bytes == size->second) return;
    findings_.Add({.kind = FindingKind::kFileSize,
                   .path = path,
                   .instant = claim.instant,
                   .what = "it has " + std::to_string(size->second) + " bytes, its commit says " +
                           std::to_string(claim.bytes)});
  }

  /// Who needs the slice of a file that is gone; empty: nobody does any more.
  std::string NeededBy(const FileClaim& claim) const {
    const bool may_be_cleaned =
        evidence_.cleaning.cleaned || evidence_.archive.has_clean || !evidence_.archive.readable;
    const std::string& before = evidence_.cleaning.before;
    const std::set<std::string>& slices = slices_.at(claim.group);
    const auto replaced = evidence_.replaced_at.find(claim.group);
    const bool is_replaced = replaced != evidence_.replaced_at.end();
    for (const Instant& savepoint : evidence_.timeline.instants()) {
      if (savepoint.action != InstantAction::kSavepoint) continue;
      if (is_replaced && replaced->second <= savepoint.timestamp) continue;
      if (NewestSlice(slices, savepoint.timestamp, true) == claim.slice) {
        return "savepoint " + savepoint.timestamp + " needs it";
      }
    }
    if (!may_be_cleaned) return "nothing was ever cleaned";
    if (is_replaced && (before.empty() || replaced->second < before)) return "";
    // Slices of a pending compaction are newer than the newest that counts: needed, too.
    const std::string oldest = NewestSlice(slices, before, true);
    if (claim.slice < oldest) return "";
    return before.empty() ? "the newest snapshot needs it"
                          : "readers of commits from " + before + " on need it";
  }

  /// The newest committed slice before `limit`, or at it too; with `any` whatever the limit.
  std::string NewestSlice(const std::set<std::string>& slices, const std::string& limit,
                          bool inclusive) const {
    std::string newest;
    for (const std::string& slice : slices) {
      const bool within = limit.empty() || slice < limit || (inclusive && slice == limit);
      if (within && evidence_.timeline.IsCommitted(slice)) newest = slice;
    }
    return newest;
  }

  const TableEvidence& evidence_;
  FindingList& findings_;
  std::map<std::string, FileClaim> claims_;  // by relative path
  std::map<FileGroupId, std::set<std::string>> slices_;
  std::map<std::string, int64_t> sizes_;  // of files that are there
};

}  // namespace

void CheckFiles(const TableEvidence& evidence, FindingList* findings) {
  FileCheck(evidence, findings).Run();
}

}  // namespace tapelake::hudi
