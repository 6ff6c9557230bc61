#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "hudi/format/avro_datum.h"
#include "hudi/format/file_name.h"
#include "hudi/format/log_block.h"
#include "hudi/inspect/verify_checks.h"
#include "hudi/log/log_records.h"
#include "hudi/writer/commit_job.h"

namespace tapelake::hudi {
namespace {

/// Read a change-data log. Errors: kCorrupt, kInvalid, saying what is wrong with it.
Status CheckChangeBlocks(std::string_view bytes) {
  TAPELAKE_ASSIGN_OR_RAISE(const auto blocks, SplitLogBlocks(bytes));
  for (const LogBlock& block : blocks) {
    const std::string place = "the block at offset " + std::to_string(block.offset);
    if (block.type == LogBlockType::kCorrupt) {
      return MakeError(ErrorKind::kCorrupt, place + " is cut or damaged");
    }
    const auto schema = block.header.find(LogHeaderKey::kSchema);
    if (block.type != LogBlockType::kCdcData || schema == block.header.end()) {
      return MakeError(ErrorKind::kCorrupt, place + " is none of changes");
    }
    auto decoder = AvroRowDecoder::Make(schema->second);
    if (!decoder.ok()) return WithContext(decoder.status(), place);
    const auto records = SplitAvroBlockContent(block.content);
    if (!records.ok()) return WithContext(records.status(), place);
    for (const std::string_view record : *records)
      TAPELAKE_RETURN_NOT_OK(WithContext(decoder->Append(record), place));
    TAPELAKE_RETURN_NOT_OK(WithContext(decoder->Finish().status(), place));
  }
  return Status::OK();
}

/// What the blocks of one instant in one log file hold.
struct BlockCounts {
  int64_t rows = 0;
  int64_t deletes = 0;
};

struct LogContent {
  std::map<std::string, BlockCounts> by_instant;
  bool has_command = false;
  std::set<std::string> undone;  // targets of rollback blocks
  std::string damage;            // empty: none
};

Status Count(const LogBlock& block, LogRecordReader* reader, BlockCounts* counts) {
  if (block.type == LogBlockType::kDelete) {
    TAPELAKE_ASSIGN_OR_RAISE(const auto deletes, ParseDeleteBlockContent(block.content));
    counts->deletes += std::ssize(deletes);
  } else if (block.type == LogBlockType::kAvroData) {
    TAPELAKE_ASSIGN_OR_RAISE(const auto records, SplitAvroBlockContent(block.content));
    counts->rows += std::ssize(records);
  } else if (block.type == LogBlockType::kParquetData) {
    TAPELAKE_ASSIGN_OR_RAISE(const auto rows, reader->Read(block));
    counts->rows += rows->num_rows();
  }
  return Status::OK();
}

LogContent ReadContent(std::string_view bytes) {
  static const std::vector<std::string> kColumns = {"_hoodie_record_key"};
  LogContent content;
  LogRecordReader reader(kColumns);
  const auto blocks = SplitLogBlocks(bytes);
  if (!blocks.ok()) {
    content.damage = blocks.status().message();
    return content;
  }
  for (const LogBlock& block : *blocks) {
    if (block.type == LogBlockType::kCorrupt) {
      content.damage = "a block at offset " + std::to_string(block.offset) + " is cut or damaged";
      continue;
    }
    if (block.type == LogBlockType::kCommand) {
      content.has_command = true;
      const auto target = block.header.find(LogHeaderKey::kTargetInstantTime);
      if (target != block.header.end()) content.undone.insert(target->second);
    }
    const Status counted = Count(block, &reader, &content.by_instant[std::string(block.instant())]);
    if (!counted.ok()) content.damage = counted.message();
  }
  return content;
}

class LogCheck {
 public:
  LogCheck(io::FileSystem& files, const TableEvidence& evidence, FindingList* findings)
      : files_(files), evidence_(evidence), findings_(*findings) {
    for (const CommitMetadata& commit : evidence.commits) {
      for (const auto& [partition, stats] : commit.write_stats) {
        for (const WriteStat& stat : stats) {
          if (stat.log) claims_[stat.path].emplace_back(commit.instant, &stat);
        }
      }
    }
  }

  /// `logs`: those of one slice.
  Status CheckSlice(const std::string& partition,
                    const std::vector<const PartitionLogFile*>& logs) const {
    std::vector<LogContent> contents;
    std::set<std::string> undone;
    for (const PartitionLogFile* log : logs) {
      const std::string path = io::JoinPath(partition, log->file.name);
      TAPELAKE_ASSIGN_OR_RAISE(const std::string bytes,
                               files_.ReadFile(io::JoinPath(evidence_.base_path, path)));
      contents.push_back(ReadContent(bytes));
      undone.insert(contents.back().undone.begin(), contents.back().undone.end());
    }
    for (size_t i = 0; i < logs.size(); ++i)
      Check(partition, *logs[i], contents[i], undone);
    return Status::OK();
  }

  /// A change-data log, which is written whole before its commit.
  Status CheckChanges(const std::string& path) const {
    const std::string instant = ParseLogFileName(io::FileName(path))->base_instant;
    switch (StandingOf(evidence_, instant)) {
      case InstantStanding::kPending:
      case InstantStanding::kNewer:
      case InstantStanding::kNever:
        return Status::OK();
      default:
        break;
    }
    TAPELAKE_ASSIGN_OR_RAISE(const std::string bytes,
                             files_.ReadFile(io::JoinPath(evidence_.base_path, path)));
    const Status status = CheckChangeBlocks(bytes);
    if (!IsDamage(status)) return status;
    findings_.Add({.kind = FindingKind::kFileDamaged,
                   .path = path,
                   .instant = instant,
                   .what = status.message()});
    return Status::OK();
  }

 private:
  void Check(const std::string& partition, const PartitionLogFile& log, const LogContent& content,
             const std::set<std::string>& undone) const {
    const std::string path = io::JoinPath(partition, log.file.name);
    const auto claims = claims_.find(path);
    const bool claimed = claims != claims_.end();
    if (!content.damage.empty()) {
      if (!claimed && SomebodyWrites()) return;
      findings_.Add({.kind = FindingKind::kFileDamaged,
                     .path = path,
                     .instant = claimed ? claims->second.front().first : "",
                     .what = content.damage});
    } else if (claimed) {
      for (const auto& [instant, stat] : claims->second)
        CheckCounts(path, instant, *stat, content);
    } else {
      CheckOwner(partition, log, content, undone);
    }
  }

  /// What a dead or living writer left half written is none of our findings.
  bool SomebodyWrites() const {
    return std::ranges::any_of(evidence_.timeline.PendingInstants(), [](const Instant& instant) {
      return IsWriteAction(instant.action);
    });
  }

  void CheckCounts(const std::string& path, const std::string& instant, const WriteStat& stat,
                   const LogContent& content) const {
    const auto found = content.by_instant.find(instant);
    const BlockCounts counts = found == content.by_instant.end() ? BlockCounts() : found->second;
    if (counts.rows == stat.writes && counts.deletes == stat.deletes) return;
    findings_.Add({.kind = FindingKind::kRowCount,
                   .path = path,
                   .instant = instant,
                   .what = "it holds " + std::to_string(counts.rows) + " rows and " +
                           std::to_string(counts.deletes) + " deletes, its commit says " +
                           std::to_string(stat.writes) + " and " + std::to_string(stat.deletes)});
  }

  void CheckOwner(const std::string& partition, const PartitionLogFile& log,
                  const LogContent& content, const std::set<std::string>& undone) const {
    if (content.has_command) return;
    const std::string path = io::JoinPath(partition, log.file.name);
    bool counts = false;
    bool active = false;
    for (const auto& [instant, rows] : content.by_instant) {
      // Spark lets logs of what it rolled back lie, under a rollback block.
      if (undone.contains(instant)) {
        counts = true;
        continue;
      }
      switch (StandingOf(evidence_, instant, {partition, log.file_id})) {
        case InstantStanding::kPending:
        case InstantStanding::kNewer:
          return;
        case InstantStanding::kActive:
          (evidence_.HasCommit(instant) ? active : counts) = true;
          break;
        case InstantStanding::kUnknownOld:
          findings_.Add({.kind = FindingKind::kFileOrphan,
                         .path = path,
                         .instant = instant,
                         .what = "the instant of its blocks is older than the timeline and not in "
                                 "the archive: readers take its rows for committed"});
          return;
        case InstantStanding::kArchived:
        case InstantStanding::kUnproven:
          counts = true;
          break;
        case InstantStanding::kNever:
          break;
      }
    }
    if (counts && !active) return;
    findings_.Add({.kind = FindingKind::kFileOrphan,
                   .path = path,
                   .instant = content.by_instant.empty() ? log.base_instant
                                                         : content.by_instant.begin()->first,
                   .what = active ? "its commit does not name it"
                                  : "no block of it is committed; no reader sees it"});
  }

  io::FileSystem& files_;
  const TableEvidence& evidence_;
  FindingList& findings_;
  std::map<std::string, std::vector<std::pair<std::string, const WriteStat*>>> claims_;
};

}  // namespace

Status CheckLogFiles(io::FileSystem& files, const TableEvidence& evidence, int threads,
                     FindingList* findings) {
  const LogCheck check(files, evidence, findings);
  using Slice = std::tuple<std::string, std::string, std::string>;  // partition, group, instant
  std::map<Slice, std::vector<const PartitionLogFile*>> by_slice;
  for (const PartitionFiles& partition : evidence.partitions) {
    for (const PartitionLogFile& log : partition.log_files)
      by_slice[{partition.partition_path, log.file_id, log.base_instant}].push_back(&log);
  }
  const std::vector<std::pair<Slice, std::vector<const PartitionLogFile*>>> slices(by_slice.begin(),
                                                                                   by_slice.end());
  TAPELAKE_RETURN_NOT_OK(RunOnThreads(slices.size(), threads, [&](size_t number, size_t) {
    return check.CheckSlice(std::get<0>(slices[number].first), slices[number].second);
  }));
  std::vector<std::string> changes;
  for (const auto& [path, size] : evidence.cdc_sizes)
    changes.push_back(path);
  return RunOnThreads(changes.size(), threads,
                      [&](size_t number, size_t) { return check.CheckChanges(changes[number]); });
}

}  // namespace tapelake::hudi
